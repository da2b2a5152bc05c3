using System.Net;
using System.Collections.Concurrent;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.Verification;

/// <summary>Downloads collateral, once for all callers that need it at the same time, and stores what is authentic.</summary>
/// <remarks>
/// A signed document is never replaced by an older one, regardless of what a host or a cache returns: the newest authentic copy is used. Therefore, a host
/// cannot hide that a platform is out of date or that a key is revoked.
/// </remarks>
/// <param name="caches">The caches in the order in which they are read; at least one.</param>
/// <param name="scope">Separates the downloads of different trust anchors; empty for those of AMD and Intel.</param>
internal sealed class CollateralStore(PublicDownloads downloads, IReadOnlyList<ICollateralCache> caches, TimeProvider time, string scope = "")
{
    /// <summary>The maximum age of a copy that is used without a download, for a file that is replaced from time to time.</summary>
    public static readonly TimeSpan RecentFor = TimeSpan.FromHours(24);

    /// <summary>The maximum age of a copy that is used without a download, for a file with revocations or TCB statuses.</summary>
    public static readonly TimeSpan HourlyFor = TimeSpan.FromHours(1);


    // A file that another caller downloaded, while this one found its copy too old, is not downloaded again.
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(10);

    // A verification needs several files of one host. Waiting for an unavailable host once for each of them would take minutes.
    private static readonly TimeSpan UnreachableFor = TimeSpan.FromSeconds(30);

    // Shared by all clients of the process, like the nearest cache.
    private static readonly ConcurrentDictionary<string, SharedDownload> UnderWay = new(StringComparer.Ordinal);

    // Hosts that did not answer, and when. Not shared: another client may use another network path.
    private readonly ConcurrentDictionary<string, long> _unreachable = new(StringComparer.Ordinal);

    /// <summary>Returns the newest authentic file that is known. It is as current as required, unless its host is unavailable or has only an older
    /// one.</summary>
    /// <returns>The file. It has no version if neither the download nor a copy is authentic.</returns>
    /// <exception cref="PrivatemodeServiceException">The file could not be downloaded, and there is no copy.</exception>
    public async ValueTask<CollateralFile> GetAsync(
        CollateralRequest request, CollateralFreshness freshness, bool async, CancellationToken cancellationToken)
    {
        string key = scope + request.Key;
        while (true)
        {
            CollateralFile? near = Newer(await FindAsync(caches[0], request, async, cancellationToken).ConfigureAwait(false), SuppliedOf(request));
            if (near is not null && IsCurrent(near, freshness))
            {
                return near;
            }

            SharedDownload own = new();
            SharedDownload shared = UnderWay.GetOrAdd(key, own);
            DownloadResult? end = shared == own ? null : await shared.WaitAsync(time, async, cancellationToken).ConfigureAwait(false);
            if (end is null)
            {
                return await DownloadSharedAsync(shared, key, request, freshness, async, cancellationToken).ConfigureAwait(false);
            }

            if (end.Value.IsKnown)
            {
                return await UseSharedAsync(end.Value, request, freshness, async, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Uses the result of another caller's download for a caller that waited. If each waiting caller downloaded in turn, the last one would wait too
    /// long.</summary>
    private async ValueTask<CollateralFile> UseSharedAsync(
        DownloadResult end, CollateralRequest request, CollateralFreshness freshness, bool async, CancellationToken cancellationToken)
    {
        if (end.File is { } file)
        {
            CollateralFile? near = Newer(await FindAsync(caches[0], request, async, cancellationToken).ConfigureAwait(false), SuppliedOf(request));
            return Choose(near, Authenticated(file with { IsFromCache = true }, request), freshness);
        }

        CollateralFile copy =
            (await FindAllAsync(request, async, cancellationToken).ConfigureAwait(false)).Newest ?? throw end.Failure!.CopyForOtherCaller();
        return GetSubstitute(copy, end.Failure!, freshness);
    }

    /// <summary>Downloads the file for all waiting callers.</summary>
    private async ValueTask<CollateralFile> DownloadSharedAsync(
        SharedDownload shared, string key, CollateralRequest request, CollateralFreshness freshness, bool async, CancellationToken cancellationToken)
    {
        DownloadResult end = default;
        Copies copies;
        CollateralFile chosen;
        try
        {
            // Only now: one caller asks the slow caches for all.
            copies = await FindAllAsync(request, async, cancellationToken).ConfigureAwait(false);
            if (copies.Newest is { } copy && IsCurrent(copy, freshness))
            {
                chosen = copy;
            }
            else if (copies.Newest is { } last && IsUnreachable(request.Address))
            {
                chosen = last with { IsStale = true };
            }
            else
            {
                end = await DownloadAsync(request, async, cancellationToken).ConfigureAwait(false);

                // The server of the file can delay this for long: another process may have stored a newer one meanwhile.
                copies = await FindAllAsync(request, async, cancellationToken).ConfigureAwait(false);
                chosen = end.Failure is null ? Choose(copies.Newest, Authenticated(end.File!, request), freshness)
                    : copies.Newest is { } old ? GetSubstitute(old, end.Failure, freshness)
                    : throw end.Failure;
            }

            await StoreAsync(0, copies, chosen, request, async, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (shared.Leave() || end.IsKnown)
            {
                // In this order, so that a later caller finds it in the nearest cache.
                _ = UnderWay.TryRemove(KeyValuePair.Create(key, shared));
                shared.End(end);
            }
        }

        for (int i = 1; i < caches.Count; i++)
        {
            await StoreAsync(i, copies, chosen, request, async, cancellationToken).ConfigureAwait(false);
        }

        return chosen;
    }

    /// <summary>Returns the newer of a copy and a download. If neither is authentic, returns the download, so that the error describes it.</summary>
    private CollateralFile Choose(CollateralFile? copy, CollateralFile downloaded, CollateralFreshness freshness)
    {
        return copy is null || (downloaded.Version is not null && Replaces(downloaded, copy))
            ? downloaded
            : copy with { IsStale = !IsCurrent(copy, freshness) };
    }

    /// <summary>Returns the newest copy, after a download has failed.</summary>
    private CollateralFile GetSubstitute(CollateralFile copy, PrivatemodeServiceException failure, CollateralFreshness freshness) =>
        copy with { IsStale = !IsCurrent(copy, freshness), IsWithdrawn = failure.Status == (int)HttpStatusCode.Gone };

    /// <summary>Stores the chosen file in a cache that has no copy of it, or an older one. Files that are not authentic are not stored.</summary>
    private async ValueTask StoreAsync(
        int cache, Copies copies, CollateralFile chosen, CollateralRequest request, bool async, CancellationToken cancellationToken)
    {
        if (chosen.Version is { } version && Replaces(chosen, copies.Found[cache]) && request.MayKeep(chosen))
        {
            await caches[cache].SetAsync(request.Key, chosen.Encode(), version.ValidUntil, async, cancellationToken).ConfigureAwait(false);
        }
    }

    private static CollateralFile? Newer(CollateralFile? kept, CollateralFile? other) => other is not null && Replaces(other, kept) ? other : kept;

    /// <summary>Returns whether an authentic file replaces another one: it is newer, or is the same document from a later download.</summary>
    private static bool Replaces(CollateralFile file, CollateralFile? kept)
    {
        if (kept?.Version is not { } before || file.Version is not { } version)
        {
            return kept is null;
        }

        return !version.IsOlderThan(before) && (!file.IsFromCache || before.IsOlderThan(version) || file.FetchedAt > kept.FetchedAt);
    }

    private bool IsCurrent(CollateralFile copy, CollateralFreshness freshness)
    {
        TimeSpan age = time.GetUtcNow() - copy.FetchedAt;
        return freshness switch
        {
            CollateralFreshness.Unchanging => true,

            // From the future: the clock was set back, so the age is unknown.
            CollateralFreshness.Recent => age >= TimeSpan.Zero && age < RecentFor,
            CollateralFreshness.Hourly => age >= TimeSpan.Zero && age < HourlyFor,
            _ => age >= TimeSpan.Zero && age < FreshFor,
        };
    }

    private async ValueTask<Copies> FindAllAsync(CollateralRequest request, bool async, CancellationToken cancellationToken)
    {
        CollateralFile?[] found = new CollateralFile?[caches.Count];
        CollateralFile? newest = null;
        for (int i = 0; i < caches.Count; i++)
        {
            found[i] = await FindAsync(caches[i], request, async, cancellationToken).ConfigureAwait(false);
            newest = Newer(newest, found[i]);
        }

        return new Copies(found, Newer(newest, SuppliedOf(request)));
    }

    private static async ValueTask<CollateralFile?> FindAsync(
        ICollateralCache cache, CollateralRequest request, bool async, CancellationToken cancellationToken)
    {
        byte[]? encoded = await cache.GetAsync(request.Key, CollateralFile.EncodedLimit(request.Limit), async, cancellationToken).ConfigureAwait(false);
        return encoded is not null && CollateralFile.Decode(encoded) is { } file && file.Body.Length <= request.Limit
            ? OnlyAuthentic(file, request)
            : null;
    }

    private static CollateralFile? SuppliedOf(CollateralRequest request) =>
        request.Supplied is { } supplied ? OnlyAuthentic(supplied with { IsFromCache = true }, request) : null;

    private static CollateralFile? OnlyAuthentic(CollateralFile file, CollateralRequest request) =>
        Authenticated(file, request) is { Version: not null } authentic ? authentic : null;

    private static CollateralFile Authenticated(CollateralFile file, CollateralRequest request) =>
        file with { Version = request.Authenticate(file) };

    private async ValueTask<DownloadResult> DownloadAsync(CollateralRequest request, bool async, CancellationToken cancellationToken)
    {
        try
        {
            HttpAnswer answer = await downloads.GetAsync(request.Address, request.Limit, request.What, async, cancellationToken).ConfigureAwait(false);
            string chain = request.ChainHeader is { } name && answer.Headers.TryGetValues(name, out IEnumerable<string>? values)
                ? string.Join(',', values)
                : "";
            _ = _unreachable.TryRemove(request.Address.Authority, out _);
            return new DownloadResult(new CollateralFile(answer.Body, chain, time.GetUtcNow()), null);
        }
        catch (PrivatemodeServiceException exception)
        {
            // A host that answers, even with an error, is asked for each file: a busy host must not hide a revocation.
            if (exception.Reason is ServiceFailureReason.Unreachable or ServiceFailureReason.Timeout)
            {
                _unreachable[request.Address.Authority] = time.GetTimestamp();
            }

            return new DownloadResult(null, exception);
        }
    }

    private bool IsUnreachable(Uri address) => _unreachable.TryGetValue(address.Authority, out long since) && time.GetElapsedTime(since) < UnreachableFor;

    /// <param name="Found">The authentic copy of each cache.</param>
    /// <param name="Newest">The newest of these copies and of the file in the evidence.</param>
    private readonly record struct Copies(CollateralFile?[] Found, CollateralFile? Newest);
}

/// <summary>A file that a verification needs.</summary>
/// <param name="Limit">The maximum size in bytes.</param>
/// <param name="What">Its name for messages: <c>AMD's revocation list</c>.</param>
/// <param name="Authenticate">Returns the version of a file that is authentic, <see langword="null"/> for any other. Must not keep state.</param>
internal sealed record CollateralRequest(Uri Address, int Limit, string What, Func<CollateralFile, DocumentVersion?> Authenticate)
{
    /// <summary>The header with the signer's certificates, or null.</summary>
    public string? ChainHeader { get; init; }

    /// <summary>The same file in the evidence, which counts as one more copy; null if the evidence does not contain it.</summary>
    public CollateralFile? Supplied { get; init; }

    /// <summary>Returns whether an authentic file is stored. Files of which an attacker could make clients store any number are not. By default, all files are
    /// stored.</summary>
    public Func<CollateralFile, bool> MayKeep { get; init; } = _ => true;

    /// <summary>The name in caches.</summary>
    public string Key => Address.AbsoluteUri;
}

/// <summary>How current a downloaded file must be.</summary>
internal enum CollateralFreshness
{
    /// <summary>The file never changes: a copy of any age is used.</summary>
    Unchanging,

    /// <summary>The file is replaced from time to time: a copy is used for a day, or for longer if the host is unavailable.</summary>
    Recent,

    /// <summary>The file contains revocations: a copy is used for an hour, or for longer if the host is unavailable.</summary>
    Hourly,

    /// <summary>The file must be downloaded, because the copy was not sufficient.</summary>
    Fresh,
}

/// <summary>A download in progress, and the callers that wait for it.</summary>
/// <remarks>
/// The caller that downloads can use a slow proxy or handler. Therefore, the others wait for 15 seconds only. Then one of them downloads as well, and after the
/// same time another one. The first download to end provides the result for all.
/// </remarks>
internal sealed class SharedDownload
{
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(15);

    private readonly TaskCompletionSource<DownloadResult> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _helpers;
    private int _working = 1;

    /// <summary>Waits for the end of the download. Null if the waiting caller must download the file too, and then call <see cref="Leave"/>.</summary>
    public async ValueTask<DownloadResult?> WaitAsync(TimeProvider time, bool async, CancellationToken cancellationToken)
    {
        while (true)
        {
            int helpers = Volatile.Read(ref _helpers);
            using CallDeadline deadline = new(MaxWait, time, async, cancellationToken);
            try
            {
                return await SyncOrAsync.WaitAsync(_end.Task, async, deadline.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            // All waiting callers stop waiting at about the same time. Only one of them downloads the file; the others wait again.
            if (Interlocked.CompareExchange(ref _helpers, helpers + 1, helpers) == helpers)
            {
                _ = Interlocked.Increment(ref _working);
                return null;
            }
        }
    }

    /// <summary>Records that the caller no longer downloads. Returns true if no other caller downloads.</summary>
    public bool Leave() => Interlocked.Decrement(ref _working) == 0;

    /// <summary>Passes the result to the waiting callers.</summary>
    public void End(DownloadResult end) => _end.TrySetResult(end);
}

/// <summary>The result of a download. It contains neither a file nor a failure if the caller did not need to download, or was canceled.</summary>
internal readonly record struct DownloadResult(CollateralFile? File, PrivatemodeServiceException? Failure)
{
    /// <summary>Whether the waiting callers can use the result.</summary>
    public bool IsKnown => File is not null || Failure is not null;
}
