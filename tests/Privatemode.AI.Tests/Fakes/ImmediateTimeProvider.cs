namespace Privatemode.AI.Tests.Fakes;

/// <summary>A clock whose short waits are over at once: pauses between tries, not timeouts.</summary>
internal sealed class ImmediateTimeProvider : TimeProvider
{
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(5);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, dueTime > TimeSpan.Zero && dueTime <= MaxPause ? TimeSpan.Zero : dueTime, period);
}
