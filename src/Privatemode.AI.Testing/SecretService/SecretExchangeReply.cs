namespace Privatemode.AI.Testing.SecretService;

/// <summary>What the secret service answers, and what it keeps.</summary>
/// <param name="Body">The JSON of the answer.</param>
/// <param name="SecretId">Base64 of SHA-256 of the client's public key.</param>
/// <param name="Secret">The shared secret, 32 bytes.</param>
internal sealed record SecretExchangeReply(byte[] Body, string SecretId, byte[] Secret);
