namespace Privatemode.AI.Pipeline;

/// <summary>The time one attempt has, joined with the caller's own cancellation.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _timeout;
    private readonly CancellationTokenSource _either;
    private readonly CancellationToken _caller;

    public Deadline(TimeSpan time, TimeProvider clock, CancellationToken caller)
    {
        _timeout = new CancellationTokenSource(time, clock);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_timeout.Token, caller);
        _caller = caller;
    }

    public CancellationToken Token => _either.Token;

    /// <summary>The exception for an operation that was cut off: the caller's cancellation, or a timeout that is never retried.</summary>
    public Exception CutOff(string requestId) => _caller.IsCancellationRequested ? new OperationCanceledException(_caller)
        : !_timeout.IsCancellationRequested ? new ObjectDisposedException(nameof(PrivatemodeClient))
        : new PrivatemodeServiceException(
            PrivatemodeServiceFailure.Timeout,
                "The answer did not come in time and the call was not sent again, because it may have run. Raise ResponseTimeout, or ask again.")
        {
            RequestId = requestId,
        };

    public void Dispose()
    {
        _either.Dispose();
        _timeout.Dispose();
    }
}
