namespace Privatemode.AI.Soak.Scenarios;

/// <summary>The clock of a machine that is moved by hand: its wall clock can be wrong, and its monotonic clock and its timers stand while it sleeps.</summary>
internal sealed class TravelClock : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<TravelTimer> _timers = [];
    private readonly DateTimeOffset _begun = System.GetUtcNow();
    private TimeSpan _passed;
    private TimeSpan _awake;
    private TimeSpan _skew;

    public TravelClock() => True = new TrueClock(this);

    /// <summary>A clock that is never wrong, of a machine that never sleeps. Its timers are those of the system.</summary>
    public TimeProvider True { get; }

    /// <summary>The time that has really passed.</summary>
    public TimeSpan Passed => Read(() => _passed);

    /// <summary>By how much the wall clock is wrong.</summary>
    public TimeSpan Skew => Read(() => _skew);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Read(() => _begun + _passed + _skew);

    public override long GetTimestamp() => Read(() => _awake).Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        TravelTimer timer = new(this, callback, state);
        _ = timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Sets the wall clock wrong, or right again.</summary>
    public void Set(TimeSpan skew)
    {
        lock (_gate)
        {
            _skew = skew;
        }
    }

    /// <summary>Time passes, of which the timers and the monotonic clock learn nothing.</summary>
    public void Sleep(TimeSpan time)
    {
        lock (_gate)
        {
            _passed += time;
        }
    }

    /// <summary>Time passes, and timers that have become due fire.</summary>
    public void Advance(TimeSpan time)
    {
        List<TravelTimer> due;
        lock (_gate)
        {
            _passed += time;
            _awake += time;
            due = [.. _timers.Where(timer => timer.DueAt <= _awake)];
            foreach (TravelTimer timer in due)
            {
                timer.DueAt = _awake + timer.Period;
            }

            _ = _timers.RemoveAll(timer => due.Contains(timer) && timer.Period <= TimeSpan.Zero);
        }

        foreach (TravelTimer timer in due)
        {
            timer.Fire();
        }
    }

    private T Read<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }

    private sealed class TrueClock(TravelClock owner) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => owner.Read(() => owner._begun + owner._passed);
    }

    private sealed class TravelTimer(TravelClock owner, TimerCallback callback, object? state) : ITimer
    {
        public TimeSpan DueAt { get; set; }

        public TimeSpan Period { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._gate)
            {
                _ = owner._timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    (DueAt, Period) = (owner._awake + dueTime, period);
                    owner._timers.Add(this);
                }
            }

            return true;
        }

        public void Fire() => callback(state);

        public void Dispose() => _ = Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}

/// <summary>A wall clock and a monotonic clock that stand still and then leap, so that secrets seem to be younger than they are, with the timers of another
/// clock.</summary>
internal sealed class LeapingClock(TravelClock clock) : TimeProvider
{
    private static readonly TimeSpan Leap = TimeSpan.FromMinutes(70);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => clock.True.GetUtcNow() - clock.Passed + Last;

    public override long GetTimestamp() => Last.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        clock.CreateTimer(callback, state, dueTime, period);

    private TimeSpan Last => Leap * Math.Floor(clock.Passed / Leap);
}
