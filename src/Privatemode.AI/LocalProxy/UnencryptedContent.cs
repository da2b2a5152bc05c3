using System.Net;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.LocalProxy;

/// <summary>The body of a request in plaintext. The call owns the bytes.</summary>
internal sealed class UnencryptedContent(PooledBytes bytes) : HttpContent
{
    protected override bool TryComputeLength(out long length)
    {
        length = bytes.Length;
        return true;
    }

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) => stream.Write(bytes.Span);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        stream.WriteAsync(bytes.Memory, cancellationToken).AsTask();
}
