namespace Privatemode.AI.Encryption;

/// <summary>A sealed request body with what the codec wants beside it.</summary>
/// <param name="Content">The bytes on the wire; whoever gets this owns them.</param>
/// <param name="ContentType">Value of the <c>Content-Type</c> header.</param>
internal sealed record SealedBody(PooledBytes Content, string ContentType);
