namespace Privatemode.AI.Pipeline.Transport;

/// <summary>A connection whose synchronous reads can be ended from another thread, by closing the connection itself, and that tells
/// <see cref="AnswerWatch"/> what it carries.</summary>
/// <remarks>
/// A synchronous read has no cancellation token. To dispose the response stream under it is no way out: .NET then reads the rest of the answer
/// beside that read (<c>HttpContentReadStream.DrainOnDisposeAsync</c>) and puts the connection back into its pool with the read still pending,
/// where it takes the answer of the next call. A closed connection never goes back.
/// </remarks>
internal sealed class ClosableConnection(Stream inner) : Stream
{
    // The synchronous call this thread makes; null outside of one. All reads of a synchronous call happen on its own thread.
    [ThreadStatic]
    private static Call? t_call;

    private TaskCompletionSource<int>? _readAhead;
    private volatile bool _isClosed;
    private volatile AnswerWatch? _watch;

    public override bool CanRead => inner.CanRead;

    public override bool CanSeek => false;

    public override bool CanWrite => inner.CanWrite;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Has all connections of a handler made closable, unless it has been used already.</summary>
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
            // In use already. Its answers are read in another way, see InterruptibleStream.
        }

        return handler;
    }

    /// <summary>Begins a synchronous call on this thread. Dispose it on the same thread.</summary>
    /// <param name="cancellationToken">Closes the connection while a read of this call waits.</param>
    public static Call Begin(CancellationToken cancellationToken) => new(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (t_call is not { } call)
        {
            return Noted(inner.Read(buffer));
        }

        call.IsClosable = true;
        int read = 0;
        try
        {
            using (call.CancellationToken.UnsafeRegister(static state => ((ClosableConnection)state!).Dispose(), this))
            {
                read = Noted(inner.Read(buffer));
            }
        }
        catch (Exception exception) when (_isClosed && exception is not IOException)
        {
            throw new IOException("The connection was closed.", exception);
        }

        // Closed just after the last byte: the connection must not count as usable.
        return _isClosed ? throw new IOException("The connection was closed.") : read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask<int> reading = NotedAsync(inner.ReadAsync(buffer, cancellationToken));
        return t_call is null || reading.IsCompleted ? reading : new ValueTask<int>(ReadAheadAsync(reading.AsTask()));
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (t_call is { } call)
        {
            call.IsClosable = true;
        }

        _watch = AnswerWatch.NoteWrite(this);
        inner.Write(buffer);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _watch = AnswerWatch.NoteWrite(this);
        return inner.WriteAsync(buffer, cancellationToken);
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
        }

        base.Dispose(disposing);
    }

    public override async ValueTask DisposeAsync()
    {
        _isClosed = true;
        await inner.DisposeAsync().ConfigureAwait(false);
        FailReadAhead();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// The read that .NET begins on a pooled connection before it sends. A synchronous call waits for it as well, and the end of a socket read is
    /// told on the thread pool only: closing the connection ends the wait even when the pool is busy.
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
            // Observed, or else it would be reported as an exception that nobody handled.
            _ = reading.ContinueWith(
                static task => task.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        return await first.ConfigureAwait(false);
    }

    private int Noted(int read)
    {
        _watch?.NoteRead(this, read);
        return read;
    }

    private async ValueTask<int> NotedAsync(ValueTask<int> reading) => Noted(await reading.ConfigureAwait(false));

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

        /// <summary>The call has used a connection of this kind.</summary>
        public bool IsClosable { get; set; }

        public void Dispose() => t_call = _outer;
    }

    private sealed class Filter(Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>>? theirs)
    {
        public async ValueTask<Stream> ApplyAsync(SocketsHttpPlaintextStreamFilterContext context, CancellationToken cancellationToken) =>
            new ClosableConnection(theirs is null ? context.PlaintextStream : await theirs(context, cancellationToken).ConfigureAwait(false));
    }
}
