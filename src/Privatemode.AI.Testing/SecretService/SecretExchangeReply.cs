namespace Privatemode.AI.Testing.SecretService;

/// <summary>The answer of the secret service, and the secret that it keeps.</summary>
/// <param name="Body">The JSON of the answer.</param>
/// <param name="SecretId">Base64 of SHA-256 of the client's public key.</param>
/// <param name="Secret">The shared secret, 32 bytes.</param>
internal sealed record SecretExchangeReply(byte[] Body, string SecretId, byte[] Secret);
