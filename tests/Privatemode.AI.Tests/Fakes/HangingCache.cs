using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>A cache that takes a thread and gives it back when it is let go, whatever is cancelled meanwhile.</summary>
internal sealed class HangingCache : ICollateralCache, IDisposable
{
    private readonly ManualResetEventSlim _free = new();
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _calls;

    public Task Asked => _asked.Task;

    public int Calls => _calls;

    public bool? WasAsync { get; private set; }

    public bool WasOnThreadPool { get; private set; }

    public void LetGo() => _free.Set();

    public ValueTask<byte[]?> GetAsync(string key, int limit, bool async, CancellationToken cancellationToken)
    {
        _ = Interlocked.Increment(ref _calls);
        (WasAsync, WasOnThreadPool) = (async, Thread.CurrentThread.IsThreadPoolThread);
        _ = _asked.TrySetResult();
        Assert.True(_free.Wait(TestTimeouts.Default, CancellationToken.None));
        return new ValueTask<byte[]?>([1]);
    }

    public async ValueTask SetAsync(string key, byte[] file, DateTimeOffset validUntil, bool async, CancellationToken cancellationToken) =>
        _ = await GetAsync(key, 0, async, cancellationToken);

    public void Dispose() => LetGo();
}
