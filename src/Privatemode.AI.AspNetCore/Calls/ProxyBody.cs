using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Gate;
using Privatemode.AI.AspNetCore.Internal;
using Privatemode.AI.AspNetCore.Limits;

namespace Privatemode.AI.AspNetCore.Calls;

/// <summary>The whole body of a request in memory, and its edited copy, which replaces it. Both are wiped on disposal.</summary>
/// <remarks>Memory for the copy is reserved together with the memory for the body: if it were reserved later, large requests could deadlock.
/// </remarks>
internal sealed class ProxyBody : IDisposable
{
    /// <summary>The step, in bytes, in which memory is reserved as the body arrives, because a caller can announce a large body and send it slowly.</summary>
    private const int ReserveStep = 64 * 1024;

    /// <summary>The lowest accepted rate in bytes per second, after <see cref="GracePeriod"/>. Slower bodies are refused, because their memory is not
    /// available to other callers; Kestrel's own limit is 240.</summary>
    private const int MinBytesPerSecond = 64 * 1024;
    private static readonly TimeSpan GracePeriod = TimeSpan.FromSeconds(30);
    private const int MaxBoundaryLength = 70;
    private const string Json = "application/json";
    private static readonly SearchValues<char> BoundaryCharacters = SearchValues.Create(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'()+_,-./:=?");

    private readonly BufferBudget _budget;
    private readonly string _caller;
    private readonly long _limit;
    private readonly int _copies;
    private readonly PooledBuffer _bytes = new(0);
    private PooledBuffer? _edited;
    private bool _isEdited;
    private long _reserved;
    private long _taken;

    private ProxyBody(BufferBudget budget, string caller, long limit, int copies) => (_budget, _caller, _limit, _copies) = (budget, caller, limit, copies);

    /// <summary>The body to send: the original one or, if <see cref="SettleAsync"/> selected it, the edited one.</summary>
    public ReadOnlyMemory<byte> Memory => (_isEdited ? _edited! : _bytes).Memory;

    public int Length => (_isEdited ? _edited! : _bytes).Length;

    /// <summary>The buffer for the edited body.</summary>
    public PooledBuffer Edited => _edited ??= new PooledBuffer(0);

    /// <summary>The boundary of a form; null for JSON.</summary>
    public string? Boundary { get; private init; }

    /// <summary>Reads a body.</summary>
    /// <param name="request">The request.</param>
    /// <param name="route">The route of the request, which determines the type of the body and whether it is edited.</param>
    /// <param name="limit">The maximum size of the body, in bytes.</param>
    /// <param name="budget">The budget from which memory is reserved.</param>
    /// <param name="caller">The digest of the caller's key, whose share of the budget is used.</param>
    /// <param name="time">The clock that measures how long the body takes to arrive.</param>
    /// <param name="cancellationToken">A token that cancels reading.</param>
    /// <exception cref="ProxyRefusalException">The body has another type or is too large, or no memory is free for it.</exception>
    /// <exception cref="BadHttpRequestException">The body is malformed, is too large or arrives too slowly.</exception>
    public static async ValueTask<ProxyBody> ReadAsync(
        HttpRequest request, ProxyRoute route, long limit, BufferBudget budget, ProxyCaller caller, TimeProvider time, CancellationToken cancellationToken)
    {
        string? boundary = CheckType(request, route.IsForm);
        if (request.ContentLength > limit)
        {
            throw TooLarge(limit);
        }

        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = limit;
        }

        long longest = request.ContentLength ?? limit;
        ProxyBody body = new(budget, caller.KeyDigest, limit, route.IsEdited ? 2 : 1) { Boundary = boundary };
        try
        {
            await body.GrowAsync(Math.Min(longest, ReserveStep), cancellationToken).ConfigureAwait(false);
            await body.FillAsync(request.BodyReader, longest, time, cancellationToken).ConfigureAwait(false);
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>Keeps the original or the edited body, and releases the memory of the other one.</summary>
    /// <param name="isEdited"><see langword="true"/> to keep <see cref="Edited"/>.</param>
    /// <param name="cancellationToken">A token that cancels the wait for more memory, which is needed if the edited body is much longer than the original
    /// one.</param>
    /// <exception cref="ProxyRefusalException">The edited body is too large, or no memory is free for it.</exception>
    public async ValueTask SettleAsync(bool isEdited, CancellationToken cancellationToken)
    {
        _isEdited = isEdited;
        (isEdited ? _bytes : _edited)?.Dispose();
        if (Length > _limit)
        {
            throw TooLarge(_limit);
        }

        long needed = isEdited ? _edited!.Capacity : _reserved;
        if (needed > _taken)
        {
            await TakeAsync(needed - _taken, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            _budget.Return(_taken - needed, _caller);
            _taken = needed;
        }
    }

    /// <summary>Returns the content of the request to send. It reads the body but does not own it.</summary>
    public HttpContent ToContent() => new PooledContent(Memory, Boundary is { } boundary
        ? new MediaTypeHeaderValue("multipart/form-data") { Parameters = { new NameValueHeaderValue("boundary", $"\"{boundary}\"") } }
        : new MediaTypeHeaderValue(Json));

    public void Dispose()
    {
        _bytes.Dispose();
        _edited?.Dispose();
        _budget.Return(Interlocked.Exchange(ref _taken, 0), _caller);
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
        return boundary is { Length: > 0 and <= MaxBoundaryLength } && !boundary.AsSpan().ContainsAnyExcept(BoundaryCharacters) ? boundary : null;
    }

    private static ProxyRefusalException TooLarge(long limit) =>
        new(ProxyError.TooLarge($"The request body is larger than {limit} bytes."));

    private async ValueTask FillAsync(PipeReader reader, long longest, TimeProvider time, CancellationToken cancellationToken)
    {
        // Only the caller's time counts, and not that in which the proxy waits for memory.
        TimeSpan left = GracePeriod + TimeSpan.FromSeconds((double)longest / MinBytesPerSecond);
        using CancellationTokenSource late = new(Timeout.InfiniteTimeSpan, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        for (bool isComplete = false; !isComplete;)
        {
            long began = time.GetTimestamp();
            late.CancelAfter(left);
            ReadResult read = await ReadAsync(reader, late, either.Token, cancellationToken).ConfigureAwait(false);
            try
            {
                left -= time.GetElapsedTime(began);
                if (left <= TimeSpan.Zero)
                {
                    throw new ProxyRefusalException(ProxyError.TooSlow());
                }

                late.CancelAfter(Timeout.InfiniteTimeSpan);
                await AddAsync(read.Buffer, longest, cancellationToken).ConfigureAwait(false);
                isComplete = read.IsCompleted;
            }
            finally
            {
                // Also after an exception: the server reads the rest of a refused body, and logs an error if it cannot.
                reader.AdvanceTo(read.Buffer.End);
            }
        }
    }

    /// <summary>Reads the bytes that have arrived. A body that stops arriving is refused: the server's own limit is an average, and allows hours of
    /// silence.</summary>
    private static async ValueTask<ReadResult> ReadAsync(
        PipeReader reader, CancellationTokenSource late, CancellationToken either, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadAsync(either).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ProxyRefusalException(ProxyError.TooSlow());
        }
    }

    private async ValueTask AddAsync(ReadOnlySequence<byte> bytes, long longest, CancellationToken cancellationToken)
    {
        if (_bytes.Length + bytes.Length > _limit)
        {
            throw TooLarge(_limit);
        }

        if (_bytes.Length + bytes.Length > _reserved)
        {
            // The buffer doubles as it grows.
            long missing = _bytes.Length + bytes.Length - _reserved;
            await GrowAsync(Math.Max(missing, Math.Min(_reserved, longest - _reserved)), cancellationToken).ConfigureAwait(false);
        }

        foreach (ReadOnlyMemory<byte> part in bytes)
        {
            _bytes.Append(part.Span);
        }
    }

    private async ValueTask GrowAsync(long bytes, CancellationToken cancellationToken)
    {
        await TakeAsync(bytes * _copies, cancellationToken).ConfigureAwait(false);
        _reserved += bytes;
        _bytes.EnsureCapacity((int)_reserved);
    }

    private async ValueTask TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        if (!await _budget.TakeAsync(bytes, _caller, cancellationToken).ConfigureAwait(false))
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
