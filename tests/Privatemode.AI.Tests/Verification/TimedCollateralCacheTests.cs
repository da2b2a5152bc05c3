using Privatemode.AI.Internal;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Verification;

/// <summary>A cache that hangs is a cache without the file, and is left alone for as long as it hangs.</summary>
public sealed class TimedCollateralCacheTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly HangingCache _hanging = new();
    private readonly TimedCollateralCache _cache;

    public TimedCollateralCacheTests() => _cache = new TimedCollateralCache(_hanging, _time);

    public void Dispose() => _hanging.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Get_CacheHangs_IsAMissAfterTwoSecondsAndNotAskedAgainUntilItIsBack(bool async)
    {
        Task<byte[]?> getting = OnOwnThread(async, () => _cache.GetAsync("key", 10, async, default));
        await _hanging.Asked.OrTimeout();
        _ = await _time.TimerAsync(due => due == TimedCollateralCache.MaxWait).OrTimeout();
        Assert.False(getting.IsCompleted);
        _time.Advance(TimedCollateralCache.MaxWait);
        Assert.Null(await getting);
        Assert.Null(await _cache.GetAsync("key", 10, async, default));
        await _cache.SetAsync("key", [2], DateTimeOffset.MaxValue, async, default);
        Assert.Equal(1, _hanging.Calls);

        _hanging.LetGo();
        byte[]? found;
        do
        {
            found = await _cache.GetAsync("key", 10, async, default);
        }
        while (found is null);
        Assert.Equal([1], found);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Set_CacheHangs_IsDroppedAfterTwoSeconds(bool async)
    {
        Task<byte[]?> setting = OnOwnThread(async, async () =>
        {
            await _cache.SetAsync("key", [2], DateTimeOffset.MaxValue, async, default);
            return null;
        });
        await _hanging.Asked.OrTimeout();
        _ = await _time.TimerAsync(due => due == TimedCollateralCache.MaxWait).OrTimeout();
        _time.Advance(TimedCollateralCache.MaxWait);
        _ = await setting;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Get_CallerIsCancelledWhileItHangs_IsTheCallersCancellation(bool async)
    {
        using CancellationTokenSource caller = new();
        Task<byte[]?> getting = OnOwnThread(async, () => _cache.GetAsync("key", 10, async, caller.Token));
        await _hanging.Asked.OrTimeout();
        await caller.CancelAsync();
        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => getting);
        Assert.Equal(caller.Token, exception.CancellationToken);
    }

    [Fact]
    public async Task SynchronousGet_CallsTheCacheSynchronouslyAndWithoutTheThreadPool()
    {
        _hanging.LetGo();
        byte[]? found = await TestTimeouts.OnOwnThread(() => _cache.GetAsync("key", 10, async: false, default).Completed());
        Assert.Equal([1], found);
        Assert.Equal((false, false), (_hanging.WasAsync, _hanging.WasOnThreadPool));
    }

    private static Task<byte[]?> OnOwnThread(bool async, Func<ValueTask<byte[]?>> call) =>
        async ? call().AsTask().OrTimeout() : TestTimeouts.OnOwnThread(() => call().Completed());
}
