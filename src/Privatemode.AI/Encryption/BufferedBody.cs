namespace Privatemode.AI.Encryption;

/// <summary>A sealed body that lies in memory as it will leave.</summary>
/// <param name="content">The bytes on the wire.</param>
/// <param name="contentType">Value of the <c>Content-Type</c> header.</param>
internal sealed class BufferedBody(PooledBytes content, string contentType) : SealedBody(contentType)
{
    public PooledBytes Content => content;

    public override long Length => content.Length;

    public override void WriteTo(Stream stream) => stream.Write(content.Span);

    public override Task WriteToAsync(Stream stream, CancellationToken cancellationToken) =>
        stream.WriteAsync(content.Memory, cancellationToken).AsTask();

    public override void Dispose() => content.Dispose();
}
