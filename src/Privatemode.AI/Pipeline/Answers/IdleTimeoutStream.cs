using System.Runtime.CompilerServices;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>The network stream of a streamed answer. It ends permanently when the next authentic event takes too long, and when the secret expires at the
/// service.</summary>
/// <remarks>
/// Bytes alone do not extend a timeout: anything on the path can write comments, and events without a decrypted value, for any time. Only the
/// time spent waiting for the network counts, so that a reader may pause.
/// </remarks>
/// <param name="inner">The stream from the network.</param>
/// <param name="first">The maximum wait for the first authentic event.</param>
/// <param name="idle">The maximum wait between two later ones.</param>
/// <param name="countEvents">Returns the number of authentic events so far.</param>
/// <param name="clock">Measures the waits.</param>
/// <param name="requestId">The request ID, for exceptions.</param>
internal sealed class IdleTimeoutStream(
    Stream inner, TimeSpan first, TimeSpan idle, Func<long> countEvents, TimeProvider clock, string requestId) : ReadOnlyStream
{
    // Never disposed: a read may still wait on it while the stream is being closed. Without a running timer it holds no resources.
    private readonly CancellationTokenSource _expiry = new(Timeout.InfiniteTimeSpan, clock);

    private CancellationTokenRegistration _closing;
    private WeakReference<DecryptingEventStream>? _reader;
    private ITimer? _end;
    private TimeSpan _left = first;
    private long _events;
    private long _begun;
    private volatile bool _ended;
    private bool _expired;
    private bool _cancelled;

    /// <summary>Whether a wait was too long, or the secret has expired at the service.</summary>
    public bool HasExpired => _expired;

    /// <summary>Whether the caller canceled a read.</summary>
    public bool WasCancelled => _cancelled;

    /// <summary>Ends the stream when the service deletes the secret, even if it is not being read: a paused reader must not hold session and permit
    /// forever.</summary>
    public void EndAfter(TimeSpan left, DecryptingEventStream reader)
    {
        _reader = new WeakReference<DecryptingEventStream>(reader);

        // The timer does not keep alive a stream that was dropped without being disposed, nor any object of the caller.
        _end = BackgroundWork.StartTimer(clock, this, static stream => stream.EndNow(), left > TimeSpan.Zero ? left : TimeSpan.Zero);
    }

    public override int Read(Span<byte> buffer)
    {
        Begin();

        // A synchronous read can only be canceled by closing the connection.
        _closing = _closing == default ? _expiry.Token.UnsafeRegister(static state => ((Stream)state!).Dispose(), inner) : _closing;
        using CallDeadline timeout = new(_left, clock, async: false, CancellationToken.None);
        try
        {
            using (timeout.Token.UnsafeRegister(static expiry => ((CancellationTokenSource)expiry!).Cancel(), _expiry))
            {
                return inner.Read(buffer);
            }
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

    // Pooled, because it runs for each read of a stream.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Begin();
        _expiry.CancelAfter(_left);

        // The caller's cancellation must not cancel the timeout's source: a later read would then report a timeout.
        using CancellationTokenSource? either = cancellationToken.CanBeCanceled
            ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _expiry.Token)
            : null;
        try
        {
            return await inner.ReadAsync(buffer, either?.Token ?? _expiry.Token).ConfigureAwait(false);
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

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _end?.Dispose();
            _closing.Dispose();
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    public override async ValueTask DisposeAsync()
    {
        _end?.Dispose();
        await _closing.DisposeAsync().ConfigureAwait(false);
        await inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private void Begin()
    {
        long events = countEvents();
        if (events != _events)
        {
            (_events, _left) = (events, idle);
        }

        if (_expired || _ended || _left <= TimeSpan.Zero)
        {
            throw Expire();
        }

        if (_cancelled)
        {
            // The bytes that the canceled read may have consumed are lost.
            throw new OperationCanceledException("A read of this answer was canceled, so the rest cannot be read. Send the call again.");
        }

        _begun = clock.GetTimestamp();
    }

    private void End()
    {
        _left -= clock.GetElapsedTime(_begun);
        if (!_expiry.IsCancellationRequested)
        {
            _expiry.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    private void EndNow()
    {
        _ended = true;

        // A read that waits for the network ends here and throws the reason.
        _expiry.Cancel();
        if (_reader is null || !_reader.TryGetTarget(out DecryptingEventStream? reader))
        {
            return;
        }

        try
        {
            reader.BreakOff(Expire());
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The application's rate limiter or logger threw. No caller waits for the exception, and on this thread it would end the process.
        }
    }

    private PrivatemodeServiceException Expire()
    {
        _expired = true;
        string text = _ended
            ? "The answer took longer than the hour for which the service keeps a secret. The returned part is authentic but incomplete. Send the call again."
            : _events == 0
                ? "The answer did not begin in time. The call was not retried, because it may have run. Raise Transport.ResponseTimeout, or send it again."
                : "The answer paused too long. The returned part is authentic but incomplete. Raise Transport.IdleTimeout, or send the call again.";
        return new PrivatemodeServiceException(ServiceFailureReason.Timeout, text) { RequestId = requestId };
    }
}

/// <summary>The attempt of a stream. It ends when the stream is complete, fails or is disposed.</summary>
internal sealed class InstrumentedAttempt(
    CallAttempt attempt, EventDecryptor decryptor, IdleTimeoutStream network, TelemetryOperation? operation, ClientEvents events) : IDisposable
{
    public void Dispose()
    {
        // The secret is released first, even if a telemetry listener throws.
        attempt.Dispose();
        if (network.HasExpired)
        {
            operation?.EndStream(decryptor.Events, "failed", "timeout");
        }
        else if (decryptor.Failure is { } failure)
        {
            events.AnswerFailed(failure);
            operation?.EndStream(decryptor.Events, "failed", ErrorNames.Of(failure));
        }
        else if (decryptor.IsEnded)
        {
            operation?.EndStream(decryptor.Events, "ok", null);
        }
        else
        {
            // The caller stopped reading, which is the usual way to stop a model.
            operation?.EndStream(decryptor.Events, network.WasCancelled ? "cancelled" : "abandoned", null);
        }
    }
}
