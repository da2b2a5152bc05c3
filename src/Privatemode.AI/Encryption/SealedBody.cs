namespace Privatemode.AI.Encryption;

/// <summary>A sealed request body with what the codec wants beside it; whoever gets it owns it.</summary>
internal abstract class SealedBody(string contentType) : IDisposable
{
    /// <summary>Value of the <c>Content-Type</c> header.</summary>
    public string ContentType { get; } = contentType;

    /// <summary>Bytes on the wire.</summary>
    public abstract long Length { get; }

    public abstract void WriteTo(Stream stream);

    public abstract Task WriteToAsync(Stream stream, CancellationToken cancellationToken);

    public abstract void Dispose();
}
