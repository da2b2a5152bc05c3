namespace Privatemode.AI.AspNetCore.Tests.Faults;

/// <summary>A clock that stands still. Timers of short pauses fire at once, so that retries take no time; all others when the clock is moved.</summary>
/// <param name="longestPause">The longest pause that takes no time.</param>
internal sealed class MatrixClock(TimeSpan longestPause) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly HashSet<MatrixTimer> _armed = [];
    private readonly DateTimeOffset _start = TimeProvider.System.GetUtcNow();
    private TimeSpan _passed;
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Completes when another timer waits for the clock.</summary>
    public Task NextTimer
    {
        get
        {
            lock (_gate)
            {
                return _next.Task;
            }
        }
    }

    private TimeSpan Passed
    {
        get
        {
            lock (_gate)
            {
                return _passed;
            }
        }
    }

    public override DateTimeOffset GetUtcNow() => _start + Passed;

    public override long GetTimestamp() => TimeSpan.TicksPerDay + Passed.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        MatrixTimer timer = new(this, callback, state);
        _ = timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Waits for a timer that has all of its time before it.</summary>
    public async Task WaitForAsync(TimeSpan dueTime)
    {
        while (true)
        {
            Task next = NextTimer;
            lock (_gate)
            {
                if (_armed.Any(timer => timer.DueAt - _passed == dueTime))
                {
                    return;
                }
            }

            await next;
        }
    }

    /// <summary>Moves the clock, and fires what is due.</summary>
    public void Pass(TimeSpan time)
    {
        MatrixTimer[] due;
        lock (_gate)
        {
            _passed += time;
            due = [.. _armed.Where(timer => timer.DueAt <= _passed)];
            _armed.ExceptWith(due);
        }

        foreach (MatrixTimer timer in due)
        {
            timer.Fire();
        }
    }

    private void Arm(MatrixTimer timer, TimeSpan dueTime)
    {
        lock (_gate)
        {
            _ = _armed.Remove(timer);
            if (dueTime == Timeout.InfiniteTimeSpan)
            {
                return;
            }

            if (dueTime > longestPause)
            {
                timer.DueAt = _passed + dueTime;
                _ = _armed.Add(timer);
                _next.SetResult();
                _next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return;
            }
        }

        _ = ThreadPool.UnsafeQueueUserWorkItem(static timer => timer.Fire(), timer, preferLocal: false);
    }

    private sealed class MatrixTimer(MatrixClock clock, TimerCallback callback, object? state) : ITimer
    {
        private volatile bool _isDisposed;

        public TimeSpan DueAt { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (!_isDisposed)
            {
                clock.Arm(this, dueTime);
            }

            return !_isDisposed;
        }

        public void Fire()
        {
            if (!_isDisposed)
            {
                callback(state);
            }
        }

        public void Dispose()
        {
            _isDisposed = true;
            clock.Arm(this, Timeout.InfiniteTimeSpan);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
