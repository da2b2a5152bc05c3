using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Transport;

/// <summary>A connection whose synchronous reads another thread can end by closing it. Its exceptions, unlike those of the platform's handler, show
/// whether the connection ended before the first byte of an answer.</summary>
/// <remarks>
/// <para>A synchronous read has no cancellation token. Disposing the response stream meanwhile is not possible: .NET then reads the rest of the answer
/// in parallel to that read (<c>HttpContentReadStream.DrainOnDisposeAsync</c>) and returns the connection to its pool with the read still pending,
/// where it reads the answer of the next call. A closed connection is never returned.</para>
/// <para>It is for HTTP/1.1: one request at a time, and .NET writes the head of a request in one piece, before any content.</para>
/// <para>.NET reads 4 KiB at a time, which is five encrypted events. After a read that filled its buffer, the next read gets more than was asked for,
/// because a kernel call or a TLS record takes as long as the decryption of an event.</para>
/// </remarks>
internal sealed class ClosableConnection(Stream inner) : Stream
{
    // The synchronous call of this thread; null outside of one. All reads of a synchronous call happen on its own thread.
    [ThreadStatic]
    private static Call? t_call;

    // .NET starts a read on a pooled connection before it sends: that read may end while the request is written.
    private readonly Lock _gate = new();
    private bool _isUnanswered;
    private bool _hasContent;
    private bool _hasEnded;

    private readonly SurplusBytes _surplus = new();

    private TaskCompletionSource<int>? _readAhead;
    private volatile bool _isClosed;

    public override bool CanRead => inner.CanRead;

    public override bool CanSeek => false;

    public override bool CanWrite => inner.CanWrite;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Makes all connections of a handler closable, unless it has been used already.</summary>
    public static SocketsHttpHandler Prepare(SocketsHttpHandler handler)
    {
        if (handler.PlaintextStreamFilter?.Target is Filter)
        {
            return handler;
        }

        try
        {
            handler.PlaintextStreamFilter = new Filter(handler.PlaintextStreamFilter).ApplyAsync;
        }
        catch (InvalidOperationException)
        {
            // It is in use already. Its answers are read in another way, see InterruptibleStream.
        }

        return handler;
    }

    /// <summary>Starts a synchronous call on this thread. Dispose it on the same thread.</summary>
    /// <param name="cancellationToken">Closes the connection while a read of this call waits.</param>
    public static Call Begin(CancellationToken cancellationToken) => new(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (t_call is not { } call)
        {
            return ReadOnce(buffer);
        }

        call.IsClosable = true;
        int read = 0;
        try
        {
            using (call.CancellationToken.UnsafeRegister(static state => ((ClosableConnection)state!).Dispose(), this))
            {
                read = ReadOnce(buffer);
            }
        }
        catch (Exception exception) when (_isClosed && exception is not IOException)
        {
            throw new IOException("The connection was closed.", exception);
        }

        // Closed just after the last byte: the connection must not be treated as usable.
        return _isClosed ? throw new IOException("The connection was closed.") : read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_surplus.IsEmpty && !_isClosed)
        {
            return new ValueTask<int>(_surplus.Take(buffer.Span));
        }

        ValueTask<int> reading = ReadOnceAsync(buffer, cancellationToken);
        return t_call is null || reading.IsCompleted ? reading : new ValueTask<int>(ReadAheadAsync(reading.AsTask()));
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (t_call is { } call)
        {
            call.IsClosable = true;
        }

        BeginWrite(buffer);
        try
        {
            inner.Write(buffer);
        }
        catch (Exception exception) when (EndedUnanswered(exception))
        {
            throw new UnansweredIOException(exception);
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        BeginWrite(buffer.Span);
        try
        {
            await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (EndedUnanswered(exception))
        {
            throw new UnansweredIOException(exception);
        }
    }

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _isClosed = true;
            inner.Dispose();
            FailReadAhead();
            _surplus.Close();
        }

        base.Dispose(disposing);
    }

    public override async ValueTask DisposeAsync()
    {
        _isClosed = true;
        await inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// The read that .NET starts on a pooled connection before it sends. A synchronous call waits for it as well, and the end of a socket read is
    /// reported only on the thread pool: closing the connection ends the wait even if the pool is busy.
    /// </summary>
    private async Task<int> ReadAheadAsync(Task<int> reading)
    {
        TaskCompletionSource<int> closed = new();
        _readAhead = closed;
        if (_isClosed)
        {
            FailReadAhead();
        }

        Task<int> first = await Task.WhenAny(reading, closed.Task).ConfigureAwait(false);
        _readAhead = null;
        if (first != reading)
        {
            _ = BackgroundWork.Observe(reading);
        }

        return await first.ConfigureAwait(false);
    }

    private int ReadOnce(Span<byte> buffer)
    {
        if (!_surplus.IsEmpty && !_isClosed)
        {
            return _surplus.Take(buffer);
        }

        byte[]? larger = _surplus.BufferFor(buffer.Length);
        try
        {
            return EndRead(inner.Read(larger is null ? buffer : larger), buffer, larger);
        }
        catch (Exception exception) when (EndedUnanswered(exception))
        {
            throw new UnansweredIOException(exception);
        }
    }

    // Pooled, because it runs for each read of a connection.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadOnceAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        byte[]? larger = _surplus.BufferFor(buffer.Length);
        try
        {
            return EndRead(await inner.ReadAsync(larger ?? buffer, cancellationToken).ConfigureAwait(false), buffer.Span, larger);
        }
        catch (Exception exception) when (EndedUnanswered(exception))
        {
            throw new UnansweredIOException(exception);
        }
    }

    /// <summary>Records that a request begins, unless this is more of its content.</summary>
    /// <exception cref="UnansweredIOException">The connection has ended already, or has bytes that belong to no answer: nothing was sent.</exception>
    private void BeginWrite(ReadOnlySpan<byte> bytes)
    {
        // This library uses no other methods.
        bool isPost = bytes.StartsWith("POST "u8);
        lock (_gate)
        {
            if (isPost || bytes.StartsWith("GET "u8))
            {
                if (!_surplus.IsEmpty)
                {
                    throw new UnansweredIOException(null);
                }

                (_isUnanswered, _hasContent) = (true, isPost);
            }

            ThrowIfEndedUnanswered();
        }
    }

    /// <param name="read">The number of bytes that were read.</param>
    /// <param name="buffer">The buffer of the caller.</param>
    /// <param name="larger">The larger buffer that was read to instead, or null.</param>
    private int EndRead(int read, Span<byte> buffer, byte[]? larger)
    {
        // A read of zero bytes only waits for data.
        if (buffer.Length == 0)
        {
            return read;
        }

        lock (_gate)
        {
            (_isUnanswered, _hasEnded) = (_isUnanswered && read == 0, read == 0);
            ThrowIfEndedUnanswered();
            return _surplus.End(read, buffer, larger);
        }
    }

    /// <summary>Throws if the connection ended before the answer to a request with content. A request without content gets a read of 0 bytes instead, after
    /// which .NET repeats it on another connection.</summary>
    private void ThrowIfEndedUnanswered()
    {
        if (_hasEnded && _isUnanswered && _hasContent)
        {
            throw new UnansweredIOException(null);
        }
    }

    private bool EndedUnanswered(Exception exception)
    {
        bool hasEnded = exception.GetBaseException() is SocketException
        {
            SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown,
        };
        lock (_gate)
        {
            _hasEnded |= hasEnded;
            return hasEnded && _isUnanswered;
        }
    }

    private void FailReadAhead() => _readAhead?.TrySetException(new IOException("The connection was closed."));

    /// <summary>A synchronous call, on the thread that makes it.</summary>
    internal sealed class Call : IDisposable
    {
        private readonly Call? _outer = t_call;

        public Call(CancellationToken cancellationToken)
        {
            CancellationToken = cancellationToken;
            t_call = this;
        }

        public CancellationToken CancellationToken { get; }

        /// <summary>Whether the call has used a connection of this kind.</summary>
        public bool IsClosable { get; set; }

        public void Dispose() => t_call = _outer;
    }

    private sealed class Filter(Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>>? theirs)
    {
        public async ValueTask<Stream> ApplyAsync(SocketsHttpPlaintextStreamFilterContext context, CancellationToken cancellationToken) =>
            new ClosableConnection(theirs is null ? context.PlaintextStream : await theirs(context, cancellationToken).ConfigureAwait(false));
    }
}
