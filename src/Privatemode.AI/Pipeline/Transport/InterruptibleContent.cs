using System.Net;
using System.Net.Http.Headers;

namespace Privatemode.AI.Pipeline.Transport;

/// <summary>The content of an answer, read through an <see cref="InterruptibleStream"/>.</summary>
internal sealed class InterruptibleContent : HttpContent
{
    private readonly HttpContent _inner;
    private readonly bool _isClosable;
    private InterruptibleStream? _stream;

    /// <param name="inner">The content as the transport gave it.</param>
    /// <param name="isClosable">Synchronous reads end up in a <see cref="ClosableConnection"/>.</param>
    public InterruptibleContent(HttpContent inner, bool isClosable)
    {
        _inner = inner;
        _isClosable = isClosable;
        foreach (KeyValuePair<string, HeaderStringValues> header in inner.Headers.NonValidated)
        {
            _ = Headers.TryAddWithoutValidation(header.Key, header.Value);
        }
    }

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => Open(_inner.ReadAsStream(cancellationToken));

    protected override Task<Stream> CreateContentReadStreamAsync() => CreateContentReadStreamAsync(CancellationToken.None);

    protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken) =>
        Open(await _inner.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false));

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using Stream body = CreateContentReadStream(cancellationToken);
        body.CopyTo(stream);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        Stream body = await CreateContentReadStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            await body.CopyToAsync(stream, cancellationToken).ConfigureAwait(false);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            // The stream disposes the content it comes from: once nobody reads any more.
            ((IDisposable?)_stream ?? _inner).Dispose();
        }

        base.Dispose(disposing);
    }

    private InterruptibleStream Open(Stream body) => _stream = new InterruptibleStream(body, _inner, _isClosable);
}
