using System.Collections.Concurrent;

namespace Privatemode.AI.Endpoints;

/// <summary>Downloads what evidence is judged by, once for everybody who needs it at the same time, and keeps it.</summary>
/// <param name="downloads">Gets what is not kept.</param>
/// <param name="caches">The nearest first; at least one.</param>
/// <param name="time">The clock.</param>
/// <param name="scope">Keeps the downloads of one world of trust apart from those of another; empty for the vendors' own.</param>
internal sealed class CollateralStore(PublicDownloads downloads, IReadOnlyList<ICollateralCache> caches, TimeProvider time, string scope = "")
{
    /// <summary>For how long a copy of a file that is replaced from time to time is used without asking.</summary>
    public static readonly TimeSpan RecentFor = TimeSpan.FromHours(24);

    // A file that was downloaded by another caller, while this one found its copy too old, is not downloaded again.
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(10);

    // Shared by all clients of the process, like the nearest cache.
    private static readonly ConcurrentDictionary<string, SharedDownload> UnderWay = new(StringComparer.Ordinal);

    /// <summary>A file as current as demanded; an older copy when its host is away, because what it says is checked anyway.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="limit">Largest file accepted, in bytes.</param>
    /// <param name="what">What it is, for messages: <c>AMD's revocation list</c>.</param>
    /// <param name="chainHeader">The header with the signer's certificates; null when there is none.</param>
    /// <param name="demand">How current.</param>
    /// <param name="async">False when the caller is synchronous.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PrivatemodeServiceException">It could not be had, and there is no copy.</exception>
    public async ValueTask<CollateralFile> GetAsync(
        Uri address, int limit, string what, string? chainHeader, CollateralDemand demand, bool async, CancellationToken cancellationToken)
    {
        Wanted wanted = new(address, limit, what, chainHeader, demand);
        string key = scope + address.AbsoluteUri;
        while (true)
        {
            if (await FindAsync(wanted, onlyNearest: true, async, cancellationToken).ConfigureAwait(false) is { } near && IsCurrent(near, demand))
            {
                return near;
            }

            SharedDownload own = new();
            SharedDownload shared = UnderWay.GetOrAdd(key, own);
            DownloadEnd? end = shared == own ? null : await shared.WaitAsync(time, async, cancellationToken).ConfigureAwait(false);
            if (end is null)
            {
                return await WorkAsync(shared, key, wanted, async, cancellationToken).ConfigureAwait(false);
            }

            if (end.Value.IsKnown)
            {
                return await TakeAsync(end.Value, wanted, async, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>What somebody else's download is for one who waited. Each trying again in turn would make the last wait for ever.</summary>
    private async ValueTask<CollateralFile> TakeAsync(DownloadEnd end, Wanted wanted, bool async, CancellationToken cancellationToken)
    {
        if (end.File is { } file)
        {
            return file with { IsFromCache = true };
        }

        CollateralFile copy = await FindAsync(wanted, onlyNearest: false, async, cancellationToken).ConfigureAwait(false)
            ?? throw end.Failure!.ForAnother();
        return copy with { IsStandIn = !IsCurrent(copy, wanted.Demand) };
    }

    /// <summary>Does the work for all who wait.</summary>
    private async ValueTask<CollateralFile> WorkAsync(
        SharedDownload shared, string key, Wanted wanted, bool async, CancellationToken cancellationToken)
    {
        DownloadEnd end = default;
        byte[] encoded;
        try
        {
            // Only now: what is far is asked by one for all.
            CollateralFile? copy = await FindAsync(wanted, onlyNearest: false, async, cancellationToken).ConfigureAwait(false);
            if (copy is not null && IsCurrent(copy, wanted.Demand))
            {
                return copy;
            }

            end = await DownloadAsync(wanted, async, cancellationToken).ConfigureAwait(false);
            if (end.Failure is not null)
            {
                return copy is null ? throw end.Failure : copy with { IsStandIn = true };
            }

            encoded = end.File!.Encode();
            await caches[0].SetAsync(wanted.Key, encoded, async, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (shared.Leave() || end.IsKnown)
            {
                // In this order: who comes now finds it in the nearest cache.
                _ = UnderWay.TryRemove(KeyValuePair.Create(key, shared));
                shared.End(end);
            }
        }

        for (int i = 1; i < caches.Count; i++)
        {
            await caches[i].SetAsync(wanted.Key, encoded, async, cancellationToken).ConfigureAwait(false);
        }

        return end.File;
    }

    private bool IsCurrent(CollateralFile copy, CollateralDemand demand)
    {
        TimeSpan age = time.GetUtcNow() - copy.FetchedAt;
        return demand switch
        {
            CollateralDemand.Unchanging => true,

            // From the future: the clock was set back, and nothing is known about the age.
            CollateralDemand.Recent => age >= TimeSpan.Zero && age < RecentFor,
            _ => age >= TimeSpan.Zero && age < FreshFor,
        };
    }

    private async ValueTask<CollateralFile?> FindAsync(Wanted wanted, bool onlyNearest, bool async, CancellationToken cancellationToken)
    {
        int limit = CollateralFile.EncodedLimit(wanted.Limit);
        for (int i = 0; i < (onlyNearest ? 1 : caches.Count); i++)
        {
            byte[]? encoded = await caches[i].GetAsync(wanted.Key, limit, async, cancellationToken).ConfigureAwait(false);
            if (encoded is not null && CollateralFile.Decode(encoded) is { } file && file.Body.Length <= wanted.Limit)
            {
                for (int nearer = 0; nearer < i; nearer++)
                {
                    await caches[nearer].SetAsync(wanted.Key, encoded, async, cancellationToken).ConfigureAwait(false);
                }

                return file;
            }
        }

        return null;
    }

    private async ValueTask<DownloadEnd> DownloadAsync(Wanted wanted, bool async, CancellationToken cancellationToken)
    {
        try
        {
            HttpAnswer answer = await downloads.GetAsync(wanted.Address, wanted.Limit, wanted.What, async, cancellationToken).ConfigureAwait(false);
            string chain = wanted.ChainHeader is { } name && answer.Headers.TryGetValues(name, out IEnumerable<string>? values)
                ? string.Join(',', values)
                : "";
            return new DownloadEnd(new CollateralFile(answer.Body, chain, time.GetUtcNow()), null);
        }
        catch (PrivatemodeServiceException exception)
        {
            return new DownloadEnd(null, exception);
        }
    }

    private readonly record struct Wanted(Uri Address, int Limit, string What, string? ChainHeader, CollateralDemand Demand)
    {
        public string Key => Address.AbsoluteUri;
    }
}
