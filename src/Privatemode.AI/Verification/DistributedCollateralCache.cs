using Microsoft.Extensions.Caching.Distributed;

namespace Privatemode.AI.Verification;

/// <summary>Downloaded files in the application's distributed cache, each until it may not be used any more.</summary>
internal sealed class DistributedCollateralCache(IDistributedCache cache, TimeProvider time) : ICollateralCache
{
    // Certificates of chips are valid for seven years, which is longer than caches are asked to keep anything.
    private static readonly TimeSpan LongestKept = TimeSpan.FromDays(400);

    public async ValueTask<byte[]?> GetAsync(string key, int limit, bool async, CancellationToken cancellationToken)
    {
        try
        {
            // The interface hands out whole values only; whether it reads more than this before is up to the cache.
            byte[]? file = async ? await cache.GetAsync(NameOf(key), cancellationToken).ConfigureAwait(false) : cache.Get(NameOf(key));
            return file?.Length <= limit ? file : null;
        }
        catch (Exception exception) when (!IsCallers(exception, cancellationToken))
        {
            // Whatever the cache throws when it is away.
            return null;
        }
    }

    public async ValueTask SetAsync(string key, byte[] file, DateTimeOffset validUntil, bool async, CancellationToken cancellationToken)
    {
        TimeSpan left = validUntil - time.GetUtcNow();
        if (left <= TimeSpan.Zero)
        {
            return;
        }

        DistributedCacheEntryOptions kept = new() { AbsoluteExpirationRelativeToNow = left < LongestKept ? left : LongestKept };
        try
        {
            if (async)
            {
                await cache.SetAsync(NameOf(key), file, kept, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                cache.Set(NameOf(key), file, kept);
            }
        }
        catch (Exception exception) when (!IsCallers(exception, cancellationToken))
        {
            // See GetAsync.
        }
    }

    /// <summary>A cache that takes too long may cancel its own work; that is not the caller's cancellation.</summary>
    private static bool IsCallers(Exception exception, CancellationToken caller) => exception is OperationCanceledException && caller.IsCancellationRequested;

    private static string NameOf(string key) => $"Privatemode.AI:collateral:{key}";
}
