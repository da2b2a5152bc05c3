namespace Privatemode.AI.Internal;

/// <summary>A timeout that also holds for a synchronous caller while the thread pool is busy.</summary>
/// <remarks>
/// The timers of the platform run on the thread pool. When each of its threads is blocked in a synchronous call, and these wait for connections
/// that the pool would have to make, a timeout on the pool comes as late as the connection. Those of synchronous calls have a thread of their own.
/// </remarks>
internal sealed class CallTimeout : IDisposable
{
    private static readonly TimeSpan UnusedAfter = TimeSpan.FromSeconds(30);

    private static readonly object Gate = new();
    private static readonly SortedDictionary<(TimeSpan Due, long Number), CallTimeout> Pending = [];
    private static readonly long Start = TimeProvider.System.GetTimestamp();
    private static long s_number;
    private static bool s_isRunning;
    private static TimeSpan s_wakesAt; // when the thread looks again by itself

    private readonly CancellationTokenSource _source;
    private readonly (TimeSpan Due, long Number) _key;

    /// <param name="time">How long.</param>
    /// <param name="clock">By which clock; any but the system's keeps its own timers.</param>
    /// <param name="async">False when the caller is synchronous.</param>
    public CallTimeout(TimeSpan time, TimeProvider clock, bool async)
    {
        if (async || clock != TimeProvider.System)
        {
            _source = new CancellationTokenSource(time, clock);
            return;
        }

        _source = new CancellationTokenSource();
        lock (Gate)
        {
            _key = (Now + time, ++s_number);
            Pending.Add(_key, this);
            if (!s_isRunning)
            {
                s_isRunning = true;
                new Thread(Run) { IsBackground = true, Name = "Privatemode timeouts" }.UnsafeStart();
            }

            // Nearly every timeout is disposed of long before it passes: without this the thread would wake for each call.
            if (_key.Due < s_wakesAt)
            {
                Monitor.Pulse(Gate);
            }
        }
    }

    private static TimeSpan Now => TimeProvider.System.GetElapsedTime(Start);

    public CancellationToken Token => _source.Token;

    public bool HasPassed => _source.IsCancellationRequested;

    public void Dispose()
    {
        if (_key != default)
        {
            lock (Gate)
            {
                _ = Pending.Remove(_key);
            }
        }

        _source.Dispose();
    }

    private static void Run()
    {
        while (Next() is { } timeout)
        {
            try
            {
                timeout._source.Cancel();
            }
            catch (Exception exception) when (exception is ObjectDisposedException or AggregateException)
            {
                // The call was over in the same moment, or a handler of the application's threw in its own registration.
            }
        }
    }

    /// <summary>Waits for the next one to pass; null when there was none for a while.</summary>
    private static CallTimeout? Next()
    {
        lock (Gate)
        {
            while (true)
            {
                if (Pending.Count == 0)
                {
                    s_wakesAt = TimeSpan.MaxValue;
                    if (!Monitor.Wait(Gate, UnusedAfter) && Pending.Count == 0)
                    {
                        s_isRunning = false;
                        return null;
                    }

                    continue;
                }

                ((TimeSpan Due, long Number) key, CallTimeout first) = Pending.First();
                TimeSpan left = key.Due - Now;
                if (left <= TimeSpan.Zero)
                {
                    _ = Pending.Remove(key);
                    return first;
                }

                s_wakesAt = key.Due;

                // Rounded up: Wait counts whole milliseconds.
                _ = Monitor.Wait(Gate, left + TimeSpan.FromMilliseconds(1));
            }
        }
    }
}

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
