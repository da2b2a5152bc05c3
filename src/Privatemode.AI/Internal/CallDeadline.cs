namespace Privatemode.AI.Internal;

/// <summary>The timeout of an operation, combined with its caller's cancellation and the disposal of the client.</summary>
/// <remarks>
/// <para>The timer starts when <see cref="Token"/> is first read. Most callers do not have to wait, so nothing is allocated for them. Not thread-safe.</para>
/// <para>The timers of the platform run on the thread pool, which also opens connections. If all its threads are blocked in synchronous calls that wait for a
/// connection, a timeout on the pool would be late. Timers of synchronous calls therefore use their own thread.</para>
/// </remarks>
/// <param name="time">The timeout; <see cref="Timeout.InfiniteTimeSpan"/> for no timeout, only the two cancellations.</param>
/// <param name="clock">The clock; clocks other than the system's use their own timers.</param>
/// <param name="closing">Canceled when the client is disposed.</param>
internal sealed class CallDeadline(
    TimeSpan time, TimeProvider clock, bool async, CancellationToken caller, CancellationToken closing = default) : IDisposable
{
    private const string NoAnswer =
        "The answer did not arrive in time. The call was not retried, because it may have run. Raise Transport.ResponseTimeout, or send the call again.";

    private readonly long _begun = clock.GetTimestamp();

    // The only source: linked sources, one for each pair of cancellations, would cost more memory than all else here.
    private CancellationTokenSource? _source;
    private CancellationToken _token;
    private CancellationTokenRegistration _byCaller;
    private CancellationTokenRegistration _byClosing;
    private volatile bool _isCanceledEarly; // ended by a cancellation before the time had passed

    public CancellationToken Caller => caller;

    /// <summary>Canceled when the time has passed, by the caller, or when the client is disposed.</summary>
    public CancellationToken Token => _source is not null ? _token
        : time == Timeout.InfiniteTimeSpan && !closing.CanBeCanceled ? caller
        : Start();

    public TimeSpan Left => time - clock.GetElapsedTime(_begun);

    /// <summary>Whether the time has passed, regardless of other cancellations.</summary>
    public bool HasPassed => _token.IsCancellationRequested && (!_isCanceledEarly || (time != Timeout.InfiniteTimeSpan && Left <= TimeSpan.Zero));

    public bool IsOver => HasPassed || caller.IsCancellationRequested || closing.IsCancellationRequested;

    /// <summary>Returns the exception for a call that ended before it was sent, because of the caller's cancellation, the disposal of the client, or a
    /// timeout.</summary>
    /// <remarks>Any other cancellation, for example by a handler of the application, is treated as a timeout too.</remarks>
    public Exception ToException(string timeout) =>
        ToCancellation() ?? new PrivatemodeServiceException(ServiceFailureReason.Timeout, timeout) { WasNotSent = true };

    /// <summary>Returns the exception for a call that ended for one of these reasons after it was sent. After a timeout, it is never retried.</summary>
    /// <param name="isClosed">Whether the client was disposed, for an operation whose <see cref="Token"/> is not canceled by this.</param>
    public Exception ToUnansweredException(string requestId, bool isClosed = false) =>
        ToCancellation(isClosed) ?? new PrivatemodeServiceException(ServiceFailureReason.Timeout, NoAnswer) { RequestId = requestId };

    /// <summary>Also cancels the operation when <paramref name="other"/> is canceled. Dispose the result to remove this link.</summary>
    /// <param name="either">A token that is canceled for the same reasons as <see cref="Token"/>, and when <paramref name="other"/> is canceled.</param>
    public CancellationTokenRegistration LinkTo(CancellationToken other, out CancellationToken either)
    {
        either = _source is not null ? _token : Start();
        return other == caller ? default : Register(other);
    }

    public void Dispose()
    {
        // The registrations first: disposing one waits for a cancellation in progress.
        _byCaller.Dispose();
        _byClosing.Dispose();
        _source?.Dispose();
    }

    /// <summary>Returns the exception if the caller canceled or the client was disposed; otherwise null.</summary>
    public Exception? ToCancellation(bool isClosed = false) =>
        caller.IsCancellationRequested ? new OperationCanceledException(caller)
        : (isClosed || closing.IsCancellationRequested) && !HasPassed ? new ObjectDisposedException(nameof(PrivatemodeClient))
        : null;

    private CancellationToken Start()
    {
        _source = time == Timeout.InfiniteTimeSpan ? new CancellationTokenSource()
            : async || clock != TimeProvider.System ? new CancellationTokenSource(time, clock)
            : new ThreadTimer(time);
        _token = _source.Token;
        _byCaller = Register(caller);
        _byClosing = Register(closing);
        return _token;
    }

    private CancellationTokenRegistration Register(CancellationToken other) =>
        other.UnsafeRegister(static deadline => ((CallDeadline)deadline!).CancelEarly(), this);

    private void CancelEarly()
    {
        _isCanceledEarly |= !_token.IsCancellationRequested;
        _source!.Cancel();
    }

    /// <summary>A token that is canceled after a time by a thread that serves all timers of this kind.</summary>
    private sealed class ThreadTimer : CancellationTokenSource
    {
        private static readonly TimeSpan UnusedAfter = TimeSpan.FromSeconds(30);

        private static readonly object Gate = new();
        private static readonly SortedDictionary<(TimeSpan Due, long Number), ThreadTimer> Pending = [];
        private static readonly long ThreadStart = TimeProvider.System.GetTimestamp();
        private static long s_number;
        private static bool s_isRunning;
        private static TimeSpan s_wakesAt; // when the thread wakes by itself

        private readonly (TimeSpan Due, long Number) _key;

        public ThreadTimer(TimeSpan time)
        {
            lock (Gate)
            {
                _key = (Now + time, ++s_number);
                Pending.Add(_key, this);
                if (!s_isRunning)
                {
                    s_isRunning = true;
                    new Thread(Run) { IsBackground = true, Name = "Privatemode timeouts" }.UnsafeStart();
                }

                // Nearly every timeout is disposed long before it passes: without this, the thread would wake for each call.
                if (_key.Due < s_wakesAt)
                {
                    Monitor.Pulse(Gate);
                }
            }
        }

        private static TimeSpan Now => TimeProvider.System.GetElapsedTime(ThreadStart);

        protected override void Dispose(bool disposing)
        {
            lock (Gate)
            {
                _ = Pending.Remove(_key);
            }

            base.Dispose(disposing);
        }

        private static void Run()
        {
            while (WaitForNext() is { } timer)
            {
                try
                {
                    timer.Cancel();
                }
                catch (Exception exception) when (exception is ObjectDisposedException or AggregateException)
                {
                    // The call ended at the same moment, or a handler of the application threw in its own registration.
                }
            }
        }

        /// <summary>Waits for the next timer and returns it, or null after some time without timers.</summary>
        private static ThreadTimer? WaitForNext()
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

                    ((TimeSpan Due, long Number) key, ThreadTimer first) = Pending.First();
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
}

/// <summary>A period that is measured by two clocks. At any time, the clock that shows more elapsed time counts.</summary>
/// <remarks>
/// The wall clock can be set back, which would make an old period look new. The monotonic clock cannot, but it can stop while the machine sleeps. Both can
/// happen during one period. Sleep time that was detected is therefore counted permanently, even if the wall clock is set back later.
/// </remarks>
/// <param name="from">The start, by the wall clock.</param>
/// <param name="until">The end, by the wall clock.</param>
/// <param name="timestamp">The start, by the monotonic clock.</param>
internal sealed class ValidityPeriod(DateTimeOffset from, DateTimeOffset until, long timestamp)
{
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    // More than two clocks of one machine drift apart between two calls.
    private static readonly TimeSpan MaxDrift = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private TimeSpan _counted; // what had passed when the clocks were compared last
    private DateTimeOffset _comparedAt = from;
    private long _comparedStamp = timestamp;

    /// <summary>The start, by the wall clock.</summary>
    public DateTimeOffset From { get; } = from;

    /// <summary>The end, by the wall clock.</summary>
    public DateTimeOffset Until { get; } = until;

    /// <summary>The start, by the monotonic clock.</summary>
    public long Timestamp { get; } = timestamp;

    /// <summary>A period that begins now.</summary>
    public static ValidityPeriod Of(TimeSpan length, TimeProvider time)
    {
        long stamp = time.GetTimestamp();
        DateTimeOffset now = time.GetUtcNow();
        return new ValidityPeriod(now, now + length, stamp);
    }

    /// <summary>The remaining time; zero if the wall clock shows a time before the start.</summary>
    public TimeSpan Left(TimeProvider time) => Left(Until - From, time);

    /// <summary>The remaining time of a period of another length that began at the same time.</summary>
    public TimeSpan Left(TimeSpan length, TimeProvider time)
    {
        lock (_gate)
        {
            DateTimeOffset now = time.GetUtcNow();
            long stamp = time.GetTimestamp();
            TimeSpan byWall = now - _comparedAt;
            TimeSpan byMonotonic = time.GetElapsedTime(_comparedStamp, stamp);
            TimeSpan passed = _counted + (byWall > byMonotonic ? byWall : byMonotonic);
            if ((byWall - byMonotonic).Duration() > MaxDrift)
            {
                (_counted, _comparedAt, _comparedStamp) = (passed, now, stamp);
            }

            return now < From - ClockTolerance ? TimeSpan.Zero : length - passed;
        }
    }

    public bool IsOver(TimeProvider time) => Left(time) <= TimeSpan.Zero;
}
