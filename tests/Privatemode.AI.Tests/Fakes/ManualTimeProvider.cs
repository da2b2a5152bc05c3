namespace Privatemode.AI.Tests.Fakes;

/// <summary>A clock that stands still until it is moved. Its timestamp frequency is odd, to catch code that assumes one.</summary>
internal sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly List<(Func<TimeSpan, bool> Wanted, TaskCompletionSource<TimeSpan> Found)> _watchers = [];
    private DateTimeOffset _now;
    private long _elapsed; // ticks by the monotonic clock, which jumps do not move

    public ManualTimeProvider()
        : this(TimeProvider.System.GetUtcNow())
    {
    }

    public ManualTimeProvider(DateTimeOffset now) => _now = now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond * 7;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _now;
        }
    }

    public override long GetTimestamp()
    {
        lock (_gate)
        {
            return (TimeSpan.TicksPerDay + _elapsed) * 7;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ManualTimer timer = new(this, callback, state);
        _ = timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock and fires what has become due.</summary>
    public void Advance(TimeSpan time)
    {
        ManualTimer[] due;
        lock (_gate)
        {
            _now += time;
            _elapsed += time.Ticks;
            due = [.. _timers.Where(timer => timer.DueAt <= _now)];
            _timers.RemoveAll(timer => timer.DueAt <= _now);
        }

        foreach (ManualTimer timer in due)
        {
            timer.Fire();
        }
    }

    /// <summary>Sets the wall clock without firing timers, as a sleeping machine or an administrator does.</summary>
    public void JumpTo(DateTimeOffset now)
    {
        lock (_gate)
        {
            _now = now;
        }
    }

    /// <summary>Completes when somebody waits for a time that fits; with the time.</summary>
    public Task<TimeSpan> TimerAsync(Func<TimeSpan, bool> wanted)
    {
        lock (_gate)
        {
            if (_timers.Find(timer => wanted(timer.DueTime)) is { } waiting)
            {
                return Task.FromResult(waiting.DueTime);
            }

            TaskCompletionSource<TimeSpan> found = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _watchers.Add((wanted, found));
            return found.Task;
        }
    }

    private void Schedule(ManualTimer timer, TimeSpan dueTime)
    {
        lock (_gate)
        {
            _ = _timers.Remove(timer);
            if (dueTime == Timeout.InfiniteTimeSpan)
            {
                return;
            }

            (timer.DueTime, timer.DueAt) = (dueTime, _now + dueTime);
            _timers.Add(timer);
            foreach ((Func<TimeSpan, bool> _, TaskCompletionSource<TimeSpan> found) in _watchers.Where(watcher => watcher.Wanted(dueTime)))
            {
                _ = found.TrySetResult(dueTime);
            }

            _watchers.RemoveAll(watcher => watcher.Found.Task.IsCompleted);
        }
    }

    private sealed class ManualTimer(ManualTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        private volatile bool _isDisposed;

        public TimeSpan DueTime { get; set; }

        public DateTimeOffset DueAt { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (!_isDisposed)
            {
                owner.Schedule(this, dueTime);
            }

            return !_isDisposed;
        }

        public void Fire() => callback(state);

        public void Dispose()
        {
            _isDisposed = true;
            owner.Schedule(this, Timeout.InfiniteTimeSpan);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
