using Privatemode.AI.Internal;

namespace Privatemode.AI.Verification;

/// <summary>A cache with a limit to how long it may take: one that hangs is a cache without the file.</summary>
/// <remarks>
/// Neither a file system nor an application's cache can be relied on to give a thread back, so they are called on another one. A synchronous
/// caller's calls are synchronous there too, and their thread is their own: they do not wait for the thread pool.
/// </remarks>
internal sealed class TimedCollateralCache(ICollateralCache inner, TimeProvider time) : ICollateralCache
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    // A call that was given up. While it hangs the cache is not asked again: that would cost another wait, and another thread.
    private volatile Task? _givenUp;

    public ValueTask<byte[]?> GetAsync(string key, int limit, bool async, CancellationToken cancellationToken) =>
        CallAsync(token => inner.GetAsync(key, limit, async, token), async, cancellationToken);

    public async ValueTask SetAsync(string key, byte[] file, DateTimeOffset validUntil, bool async, CancellationToken cancellationToken) =>
        _ = await CallAsync(token => SetAndReturnAsync(key, file, validUntil, async, token), async, cancellationToken).ConfigureAwait(false);

    private async ValueTask<byte[]?> SetAndReturnAsync(
        string key, byte[] file, DateTimeOffset validUntil, bool async, CancellationToken cancellationToken)
    {
        await inner.SetAsync(key, file, validUntil, async, cancellationToken).ConfigureAwait(false);
        return null;
    }

    private async ValueTask<byte[]?> CallAsync(Func<CancellationToken, ValueTask<byte[]?>> call, bool async, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_givenUp is { IsCompleted: false })
        {
            return null;
        }

        using CallTimeout patience = new(Patience, time, async);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        CancellationToken token = either.Token;
        Task<byte[]?> work = Task.Factory.StartNew(
            () => call(token).AsTask(),
            CancellationToken.None,
            async ? TaskCreationOptions.DenyChildAttach : TaskCreationOptions.LongRunning,
            TaskScheduler.Default).Unwrap();
        try
        {
            return await SyncOrAsync.WaitAsync(work, async, token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _givenUp = work;
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
    }
}
