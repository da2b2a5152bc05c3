namespace Privatemode.AI.Soak;

/// <summary>A wall clock that jumps ahead, so that secrets and verdicts end after seconds. Timeouts, which other clocks measure, stay as they are.</summary>
internal sealed class JumpingClock : TimeProvider
{
    private long _ahead;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + new TimeSpan(Interlocked.Read(ref _ahead));

    public void Jump(TimeSpan distance) => Interlocked.Add(ref _ahead, distance.Ticks);
}
