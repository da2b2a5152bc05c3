using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Internal;
using Privatemode.AI.AspNetCore.Limits;

namespace Privatemode.AI.AspNetCore.Calls;

/// <summary>The whole body of a request in memory. It is wiped when it is disposed.</summary>
internal sealed class ProxyBody : IDisposable
{
    private const int Step = 64 * 1024;

    /// <summary>Room for more is taken when it is needed: a length is a promise, which callers can keep as slowly as they like.</summary>
    private const int MostAtFirst = 1024 * 1024;
    private const int LongestBoundary = 70;
    private const string Json = "application/json";
    private static readonly SearchValues<char> BoundaryCharacters = SearchValues.Create(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'()+_,-./:=?");

    private readonly BufferBudget _budget;
    private readonly PooledBuffer _bytes;
    private long _taken;

    private ProxyBody(BufferBudget budget, int capacity)
    {
        _budget = budget;
        _bytes = new PooledBuffer(capacity);
    }

    public ReadOnlyMemory<byte> Memory => _bytes.Memory;

    public int Length => _bytes.Length;

    /// <summary>The boundary of a form; null for JSON.</summary>
    public string? Boundary { get; private init; }

    /// <summary>Reads a body.</summary>
    /// <exception cref="ProxyRefusalException">The body has another type, is too large, or there is no room for it.</exception>
    /// <exception cref="BadHttpRequestException">The body is malformed, too large or comes too slowly.</exception>
    public static async ValueTask<ProxyBody> ReadAsync(
        HttpRequest request, bool isForm, long limit, BufferBudget budget, CancellationToken cancellationToken)
    {
        string? boundary = CheckType(request, isForm);
        if (request.ContentLength > limit)
        {
            throw TooLarge(limit);
        }

        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = limit;
        }

        long expected = Math.Min(request.ContentLength ?? Step, MostAtFirst);
        ProxyBody body = new(budget, 0) { Boundary = boundary };
        try
        {
            await body.TakeAsync(expected, cancellationToken).ConfigureAwait(false);
            body._bytes.Reserve((int)Math.Max(expected, 1));
            await body.FillAsync(request.BodyReader, limit, cancellationToken).ConfigureAwait(false);
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>The content of the request that is sent. It reads the body, or the edited one, and owns neither.</summary>
    public HttpContent ToContent(ReadOnlyMemory<byte> edited) => new PooledContent(edited, Boundary is { } boundary
        ? new MediaTypeHeaderValue("multipart/form-data") { Parameters = { new NameValueHeaderValue("boundary", $"\"{boundary}\"") } }
        : new MediaTypeHeaderValue(Json));

    public void Dispose()
    {
        _bytes.Dispose();
        _budget.Return(Interlocked.Exchange(ref _taken, 0));
    }

    private static string? CheckType(HttpRequest request, bool isForm)
    {
        string encoding = request.Headers.ContentEncoding.ToString();
        if (encoding.Length > 0 && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            throw new ProxyRefusalException(ProxyError.UnsupportedMediaType("Compressed requests are not accepted."));
        }

        if (MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type))
        {
            if (!isForm && Json.Equals(type.MediaType, StringComparison.OrdinalIgnoreCase) &&
                (type.CharSet is not { } charset || charset.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
            {
                return null;
            }

            if (isForm && "multipart/form-data".Equals(type.MediaType, StringComparison.OrdinalIgnoreCase) && BoundaryOf(type) is { } boundary)
            {
                return boundary;
            }
        }

        throw new ProxyRefusalException(ProxyError.UnsupportedMediaType(isForm
            ? "The request must be multipart/form-data with a boundary."
            : "The request must be application/json in UTF-8."));
    }

    private static string? BoundaryOf(MediaTypeHeaderValue type)
    {
        string? boundary = type.Parameters.FirstOrDefault(parameter => parameter.Name.Equals("boundary", StringComparison.OrdinalIgnoreCase))?.Value?.Trim('"');
        return boundary is { Length: > 0 and <= LongestBoundary } && !boundary.AsSpan().ContainsAnyExcept(BoundaryCharacters) ? boundary : null;
    }

    private static ProxyRefusalException TooLarge(long limit) =>
        new(ProxyError.TooLarge($"The request body is larger than {limit} bytes."));

    private async ValueTask FillAsync(PipeReader reader, long limit, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult read = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            long length = read.Buffer.Length;
            if (_bytes.Length + length > limit)
            {
                throw TooLarge(limit);
            }

            if (_bytes.Length + length > _taken)
            {
                // The buffer doubles as it grows.
                await TakeAsync(Math.Max(length, Math.Min(_taken, limit - _taken)), cancellationToken).ConfigureAwait(false);
            }

            foreach (ReadOnlyMemory<byte> part in read.Buffer)
            {
                _bytes.Append(part.Span);
            }

            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    private async ValueTask TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        if (!await _budget.TakeAsync(bytes, cancellationToken).ConfigureAwait(false))
        {
            throw new ProxyRefusalException(ProxyError.Overloaded(
                "The proxy has no memory for another request now. Try again in a second.", TimeSpan.FromSeconds(1)));
        }

        _taken += bytes;
    }

    /// <summary>Bytes of known length that belong to another object.</summary>
    private sealed class PooledContent : HttpContent
    {
        private readonly ReadOnlyMemory<byte> _bytes;

        public PooledContent(ReadOnlyMemory<byte> bytes, MediaTypeHeaderValue type)
        {
            _bytes = bytes;
            Headers.ContentType = type;
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => stream.WriteAsync(_bytes).AsTask();

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            stream.WriteAsync(_bytes, cancellationToken).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = _bytes.Length;
            return true;
        }
    }
}
