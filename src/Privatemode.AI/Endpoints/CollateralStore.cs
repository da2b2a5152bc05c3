namespace Privatemode.AI.Endpoints;

/// <summary>Downloads what evidence is judged by, once for everybody who needs it at the same time, and keeps it.</summary>
/// <param name="downloads">Gets what is not kept.</param>
/// <param name="caches">The nearest first.</param>
/// <param name="time">The clock.</param>
internal sealed class CollateralStore(PublicDownloads downloads, IReadOnlyList<ICollateralCache> caches, TimeProvider time)
{
    /// <summary>For how long a copy of a file that is replaced from time to time is used without asking.</summary>
    public static readonly TimeSpan RecentFor = TimeSpan.FromHours(24);

    // A file that was downloaded by another caller, while this one found its copy too old, is not downloaded again.
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(10);

    // Shared by all clients of the process, like the nearest cache.
    private static readonly DownloadGate[] Gates = [.. Enumerable.Range(0, 64).Select(_ => new DownloadGate())];

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
        string key = address.AbsoluteUri;
        DownloadGate gate = Gates[(key.GetHashCode(StringComparison.Ordinal) & int.MaxValue) % Gates.Length];
        long asked = DownloadGate.Now;
        await gate.EnterAsync(async, cancellationToken).ConfigureAwait(false);
        try
        {
            CollateralFile? copy = await FindAsync(key, limit, async, cancellationToken).ConfigureAwait(false);
            if (copy is not null && IsCurrent(copy, demand))
            {
                return copy;
            }

            // Somebody ahead in the line found the host away. Each trying again in turn would make the last wait for ever.
            return gate.FailureSince(asked, key) is { } failure
                ? copy is null ? throw failure : copy with { IsStandIn = true }
                : await DownloadAsync(gate, key, address, limit, what, chainHeader, copy, async, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            gate.Leave();
        }
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

    private async ValueTask<CollateralFile?> FindAsync(string key, int limit, bool async, CancellationToken cancellationToken)
    {
        for (int i = 0; i < caches.Count; i++)
        {
            byte[]? encoded = await caches[i].GetAsync(key, CollateralFile.EncodedLimit(limit), async, cancellationToken).ConfigureAwait(false);
            if (encoded is not null && CollateralFile.Decode(encoded) is { } file && file.Body.Length <= limit)
            {
                for (int nearer = 0; nearer < i; nearer++)
                {
                    await caches[nearer].SetAsync(key, encoded, async, cancellationToken).ConfigureAwait(false);
                }

                return file;
            }
        }

        return null;
    }

    private async ValueTask<CollateralFile> DownloadAsync(
        DownloadGate gate, string key, Uri address, int limit, string what, string? chainHeader, CollateralFile? copy, bool async,
        CancellationToken cancellationToken)
    {
        HttpAnswer answer;
        try
        {
            answer = await downloads.GetAsync(address, limit, what, async, cancellationToken).ConfigureAwait(false);
        }
        catch (PrivatemodeServiceException exception)
        {
            gate.Fail(key, exception);
            if (copy is null)
            {
                throw;
            }

            return copy with { IsStandIn = true };
        }

        string chain = chainHeader is not null && answer.Headers.TryGetValues(chainHeader, out IEnumerable<string>? values) ? string.Join(',', values) : "";
        CollateralFile file = new(answer.Body, chain, time.GetUtcNow());
        byte[] encoded = file.Encode();
        foreach (ICollateralCache cache in caches)
        {
            await cache.SetAsync(key, encoded, async, cancellationToken).ConfigureAwait(false);
        }

        return file;
    }
}
