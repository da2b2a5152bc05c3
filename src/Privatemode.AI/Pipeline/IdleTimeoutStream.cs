namespace Privatemode.AI.Pipeline;

/// <summary>A network stream whose pauses are bounded: too long without a byte ends it for good.</summary>
internal sealed class IdleTimeoutStream : Stream
{
    private readonly Stream _inner;
    private readonly TimeSpan _idle;
    private readonly string _requestId;

    // Never disposed: a read may still wait on it while the stream is being closed. Without a running timer it holds nothing.
    private readonly CancellationTokenSource _expiry;

    private CancellationTokenRegistration _closing;
    private bool _expired;
    private bool _cancelled;

    public IdleTimeoutStream(Stream inner, TimeSpan idle, TimeProvider clock, string requestId)
    {
        _inner = inner;
        _idle = idle;
        _requestId = requestId;
        _expiry = new CancellationTokenSource(Timeout.InfiniteTimeSpan, clock);
    }

    /// <summary>A pause was too long.</summary>
    public bool HasExpired => _expired;

    /// <summary>A read was cancelled by its caller.</summary>
    public bool WasCancelled => _cancelled;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        Begin();

        // A synchronous read cannot be cancelled but by closing what it reads from.
        _closing = _closing == default ? _expiry.Token.UnsafeRegister(static state => ((Stream)state!).Dispose(), _inner) : _closing;
        try
        {
            return _inner.Read(buffer);
        }
        catch (Exception exception) when (
            _expiry.IsCancellationRequested && exception is IOException or ObjectDisposedException or OperationCanceledException)
        {
            throw Expire();
        }
        finally
        {
            End();
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Begin();

        // Not the shared source: what a caller cancels is no pause.
        using CancellationTokenSource? either = cancellationToken.CanBeCanceled
            ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _expiry.Token)
            : null;
        try
        {
            return await _inner.ReadAsync(buffer, either?.Token ?? _expiry.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _cancelled = true;
            throw new OperationCanceledException(cancellationToken);
        }
        catch (OperationCanceledException) when (_expiry.IsCancellationRequested)
        {
            throw Expire();
        }
        finally
        {
            End();
        }
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _closing.Dispose();
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    public override async ValueTask DisposeAsync()
    {
        await _closing.DisposeAsync().ConfigureAwait(false);
        await _inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private void Begin()
    {
        if (_expired)
        {
            throw Expire();
        }

        if (_cancelled)
        {
            // The bytes the cancelled read may have taken are lost.
            throw new OperationCanceledException("A read of this answer was cancelled, so it cannot go on. Ask again.");
        }

        _expiry.CancelAfter(_idle);
    }

    private void End()
    {
        if (!_expiry.IsCancellationRequested)
        {
            _expiry.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    private PrivatemodeServiceException Expire()
    {
        _expired = true;
        return new PrivatemodeServiceException(
            PrivatemodeServiceFailure.Timeout,
                "The answer paused too long. What was handed out is authentic but not whole; raise IdleTimeout, or ask again.")
        {
            RequestId = _requestId,
        };
    }
}
