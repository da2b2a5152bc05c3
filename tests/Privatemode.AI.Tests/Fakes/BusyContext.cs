namespace Privatemode.AI.Tests.Fakes;

/// <summary>The context of a thread that never gets to what is posted to it.</summary>
internal sealed class BusyContext : SynchronizationContext
{
    private int _posts;

    public int Posts => Volatile.Read(ref _posts);

    public override void Post(SendOrPostCallback d, object? state) => Interlocked.Increment(ref _posts);
}
