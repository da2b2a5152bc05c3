namespace Privatemode.AI.Internal;

/// <summary>The time one attempt has, joined with the caller's own cancellation.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CallTimeout _timeout;
    private readonly CancellationTokenSource _either;
    private readonly CancellationToken _caller;
    private readonly CancellationToken _closing;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _time;
    private readonly long _begun;

    /// <param name="time">How long.</param>
    /// <param name="clock">By which clock.</param>
    /// <param name="async">False when the caller is synchronous.</param>
    /// <param name="caller">The caller's cancellation.</param>
    /// <param name="closing">Cancelled when the client is disposed.</param>
    public Deadline(TimeSpan time, TimeProvider clock, bool async, CancellationToken caller, CancellationToken closing)
    {
        (_time, _clock, _begun) = (time, clock, clock.GetTimestamp());
        _timeout = new CallTimeout(time, clock, async);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_timeout.Token, caller);
        _caller = caller;
        _closing = closing;
    }

    public CancellationToken Token => _either.Token;

    /// <summary>The time that is left of it.</summary>
    public TimeSpan Left => _time - _clock.GetElapsedTime(_begun);

    /// <summary>The exception for an operation that was cut off: the caller's cancellation, the end of the client, or a timeout, which is never
    /// retried.</summary>
    /// <remarks>Who cancelled otherwise, a handler of the user's for example, lost patience for its own reasons: a timeout too.</remarks>
    public Exception CutOff(string requestId) => _caller.IsCancellationRequested ? new OperationCanceledException(_caller)
        : _closing.IsCancellationRequested && !_timeout.HasPassed ? new ObjectDisposedException(nameof(PrivatemodeClient))
        : new PrivatemodeServiceException(
            ServiceFailureReason.Timeout,
                "The answer did not come in time and the call was not sent again, because it may have run. Raise Transport.ResponseTimeout, or ask again.")
        {
            RequestId = requestId,
        };

    public void Dispose()
    {
        _either.Dispose();
        _timeout.Dispose();
    }
}
