namespace Privatemode.AI.Internal;

/// <summary>How long one caller waits for a session, counted from when he begins to wait: most do not wait at all.</summary>
/// <param name="longest">After this he is told.</param>
/// <param name="time">By which clock.</param>
/// <param name="caller">His own cancellation.</param>
/// <param name="async">False when he is synchronous.</param>
internal sealed class Patience(TimeSpan longest, TimeProvider time, CancellationToken caller, bool async = true) : IDisposable
{
    private CallTimeout? _deadline;
    private CancellationTokenSource? _either;

    /// <summary>The caller's cancellation.</summary>
    public CancellationToken Caller => caller;

    /// <summary>Cancelled when he does not want to wait any more, or has waited for too long. Whoever reads it begins to wait.</summary>
    public CancellationToken Token
    {
        get
        {
            if (_either is null)
            {
                _deadline = new CallTimeout(longest, time, async);
                _either = CancellationTokenSource.CreateLinkedTokenSource(_deadline.Token, caller);
            }

            return _either.Token;
        }
    }

    public bool IsOver => _either?.IsCancellationRequested == true;

    /// <summary>What to throw once it is over: the caller's own cancellation, or a timeout that says this.</summary>
    public Exception End(string timeout) => caller.IsCancellationRequested
        ? new OperationCanceledException(caller)
        : new PrivatemodeServiceException(ServiceFailureReason.Timeout, timeout);

    public void Dispose()
    {
        _either?.Dispose();
        _deadline?.Dispose();
    }
}
