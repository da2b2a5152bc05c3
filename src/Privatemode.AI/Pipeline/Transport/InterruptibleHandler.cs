using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Transport;

/// <summary>
/// Returns answers that may be disposed at any moment, even while they are read; see <see cref="InterruptibleStream"/>. Exceptions do not quote
/// an answer that cannot be read.
/// </summary>
internal sealed class InterruptibleHandler : DelegatingHandler
{
    public InterruptibleHandler(HttpMessageHandler inner)
        : base(inner)
    {
        if (HandlerChainCheck.From(inner).Last() is SocketsHttpHandler sockets)
        {
            _ = ClosableConnection.Prepare(sockets);
        }
    }

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using ClosableConnection.Call call = ClosableConnection.Begin(cancellationToken);
        try
        {
            HttpResponseMessage response = base.Send(request, cancellationToken);
            return OpenAsync(response, call.IsClosable, async: false, cancellationToken).Completed();
        }
        catch (HttpRequestException exception) when (UnreadableAnswer.Is(exception))
        {
            throw UnreadableAnswer.WithoutQuote(exception);
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            return await OpenAsync(response, isClosable: false, async: true, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException exception) when (UnreadableAnswer.Is(exception))
        {
            throw UnreadableAnswer.WithoutQuote(exception);
        }
    }

    private static async ValueTask<HttpResponseMessage> OpenAsync(
        HttpResponseMessage response, bool isClosable, bool async, CancellationToken cancellationToken)
    {
        Stream body;
        try
        {
            body = async && !IsAvailable(response.Content)
                ? await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false)
                : response.Content.ReadAsStream(cancellationToken);
        }
        catch
        {
            // The content of an application's handler failed. The caller does not have the answer yet, so its connection would stay in use.
            response.Dispose();
            throw;
        }

        InterruptibleContent content = new(new InterruptibleStream(body, response.Content, isClosable));
        foreach ((string name, HeaderStringValues values) in response.Content.Headers.NonValidated)
        {
            // A single value is passed as a text, because enumerating the values takes memory.
            _ = values.Count == 1
                ? content.Headers.TryAddWithoutValidation(name, values.ToString())
                : content.Headers.TryAddWithoutValidation(name, values);
        }

        response.Content = content;
        return response;
    }

    /// <summary>Whether a content is the platform's, whose stream does not have to be waited for.</summary>
    private static bool IsAvailable(HttpContent content) => content.GetType().Assembly == typeof(HttpContent).Assembly && content is not MultipartContent;
}

/// <summary>The content of an answer from the network. Its stream is not wrapped, and does not have to be waited for.</summary>
internal sealed class InterruptibleContent(InterruptibleStream body) : HttpContent
{
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => body;

    protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult<Stream>(body);

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) => body.CopyTo(stream);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        body.CopyToAsync(stream, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            body.Dispose();
        }

        base.Dispose(disposing);
    }
}

/// <summary>The body of an answer from the network; it may be disposed at any moment, even while a read waits.</summary>
/// <remarks>
/// <para>The inner stream is never disposed during a read: the read is canceled, and disposes the stream when it ends. See
/// <see cref="ClosableConnection"/> for the reason. A canceled read closes its connection.</para>
/// <para>A failure of the network is an <see cref="IOException"/>, regardless of the transport's exception. One reader at a time.</para>
/// </remarks>
/// <param name="inner">The body.</param>
/// <param name="content">The content that owns the body; disposed with it.</param>
/// <param name="isClosable">Whether synchronous reads use a <see cref="ClosableConnection"/>; otherwise, they wait for asynchronous ones, which
/// can be canceled.</param>
internal sealed class InterruptibleStream(Stream inner, HttpContent content, bool isClosable) : ReadOnlyStream
{
    private const int Idle = 0;
    private const int Reading = 1;
    private const int DisposedWhileReading = 2;
    private const int Disposed = 3;

    // Never disposed: it may be canceled while a read still uses it. Without a timer it holds no resources.
    private readonly CancellationTokenSource _cut = new();

    private static readonly TaskCompletionSource Released = NewReleased();

    // Created by the first caller that waits for a read to end, which is rare. The value is Released once the inner stream is disposed.
    private TaskCompletionSource? _released;
    private int _state;

    public override bool CanRead => Volatile.Read(ref _state) < DisposedWhileReading;

    public override int Read(Span<byte> buffer)
    {
        Begin();
        try
        {
            return isClosable ? ReadClosable(buffer) : ReadCancellable(buffer);
        }
        catch (Exception exception) when (Translate(exception, CancellationToken.None) is { } translated)
        {
            throw translated;
        }
        finally
        {
            End();
        }
    }

    // Pooled, because it runs for each read of a stream.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Begin();
        try
        {
            using (cancellationToken.UnsafeRegister(static cut => ((CancellationTokenSource)cut!).Cancel(), _cut))
            {
                return await inner.ReadAsync(buffer, _cut.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (Translate(exception, cancellationToken) is { } translated)
        {
            throw translated;
        }
        finally
        {
            End();
        }
    }

    /// <summary>Ends a waiting read, which then disposes the inner stream itself; does not wait for it.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && LeaveForGood())
        {
            Release();
        }

        base.Dispose(disposing);
    }

    /// <summary>Ends a waiting read and waits until it has ended.</summary>
    public override async ValueTask DisposeAsync()
    {
        if (LeaveForGood())
        {
            await inner.DisposeAsync().ConfigureAwait(false);
            Release();
        }

        await ReleasedTask().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private Task ReleasedTask()
    {
        if (_released is { } existing)
        {
            return existing.Task;
        }

        TaskCompletionSource waited = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return (Interlocked.CompareExchange(ref _released, waited, null) ?? waited).Task;
    }

    private static TaskCompletionSource NewReleased()
    {
        TaskCompletionSource released = new();
        released.SetResult();
        return released;
    }

    private int ReadClosable(Span<byte> buffer)
    {
        using (ClosableConnection.Begin(_cut.Token))
        {
            return inner.Read(buffer);
        }
    }

    private int ReadCancellable(Span<byte> buffer)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent(buffer.Length);
        int read = inner.ReadAsync(bytes.AsMemory(0, buffer.Length), _cut.Token).AsTask().GetAwaiter().GetResult();
        bytes.AsSpan(0, read).CopyTo(buffer);
        bytes.AsSpan(0, read).Clear();

        // Not returned after a failure, because the transport might still write to it.
        ArrayPool<byte>.Shared.Return(bytes);
        return read;
    }

    /// <summary>Returns the exception to throw in place of the transport's; null to rethrow the transport's.</summary>
    private Exception? Translate(Exception exception, CancellationToken caller) =>
        Volatile.Read(ref _state) != Reading ? new ObjectDisposedException(nameof(InterruptibleStream), exception)
        : caller.IsCancellationRequested ? new OperationCanceledException(null, exception, caller)
        : exception is HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse }
            or HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse } ? new IOException("The answer is not HTTP.") // theirs may quote it
        : exception is HttpRequestException ? new IOException("The connection was lost.", exception)
        : null;

    private void Begin()
    {
        int state = Interlocked.CompareExchange(ref _state, Reading, Idle);
        ObjectDisposedException.ThrowIf(state is Disposed or DisposedWhileReading, this);
        if (state == Reading)
        {
            throw new InvalidOperationException("Another read of this answer has not ended yet. Use one reader at a time.");
        }
    }

    private void End()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Reading) == DisposedWhileReading)
        {
            Volatile.Write(ref _state, Disposed);
            Release();
        }
    }

    /// <summary>Marks the stream as disposed; true if no read waits, so that the caller must dispose the inner stream.</summary>
    private bool LeaveForGood()
    {
        while (true)
        {
            int seen = Interlocked.CompareExchange(ref _state, Disposed, Idle);
            if (seen != Reading)
            {
                return seen == Idle;
            }

            if (Interlocked.CompareExchange(ref _state, DisposedWhileReading, Reading) == Reading)
            {
                _cut.Cancel();
                return false;
            }

            // The read ended between the two checks.
        }
    }

    private void Release()
    {
        try
        {
            inner.Dispose();
            content.Dispose();
        }
        finally
        {
            _ = Interlocked.Exchange(ref _released, Released)?.TrySetResult();
        }
    }
}

/// <summary>Bytes that were read beyond those that were asked for. One reader at a time.</summary>
/// <remarks>A buffer is rented for a read if the read before it filled its buffer, and is kept while it contains bytes: an idle connection has no buffer.
/// A buffer that a read may still write to is never returned to the pool. Another thread can close this at any time.</remarks>
internal sealed class SurplusBytes
{
    /// <summary>The maximum number of bytes that are read at a time.</summary>
    public const int Size = 32 * 1024;

    private readonly Lock _gate = new();
    private byte[] _bytes = [];
    private int _start;
    private volatile int _end;
    private bool _mayHaveMore;
    private bool _isClosed;

    /// <summary>Whether all bytes were taken.</summary>
    public bool IsEmpty => _end == 0;

    /// <summary>Returns a larger buffer for a read into a buffer of this length; null if the read must use its own buffer.</summary>
    public byte[]? BufferFor(int length) => _mayHaveMore && length is > 0 and < Size ? ArrayPool<byte>.Shared.Rent(Size) : null;

    /// <summary>Moves bytes to the buffer of a reader.</summary>
    /// <exception cref="ObjectDisposedException">It was closed.</exception>
    public int Take(Span<byte> buffer)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            int count = Math.Min(_end - _start, buffer.Length);
            _bytes.AsSpan(_start, count).CopyTo(buffer);
            _start += count;
            if (_start == _end)
            {
                Clear();
            }

            return count;
        }
    }

    /// <summary>Ends a read that was started when no surplus bytes were left.</summary>
    /// <param name="read">The number of bytes that were read.</param>
    /// <param name="buffer">The buffer of the reader.</param>
    /// <param name="larger">The buffer that was read to if it is not the reader's: the result of <see cref="BufferFor"/>.</param>
    public int End(int read, Span<byte> buffer, byte[]? larger)
    {
        _mayHaveMore = read >= buffer.Length;
        if (larger is null)
        {
            return read;
        }

        lock (_gate)
        {
            (_bytes, _start, _end) = (larger, 0, read);
            if (_isClosed)
            {
                Clear();
            }

            return Take(buffer);
        }
    }

    /// <summary>Wipes the bytes that were not taken. A read that ends later leaves none.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            Clear();
        }
    }

    // Zeroed, because the answers of a local proxy are plaintext.
    private void Clear()
    {
        _bytes.AsSpan(0, _end).Clear();
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        (_bytes, _start, _end) = ([], 0, 0);
    }
}
