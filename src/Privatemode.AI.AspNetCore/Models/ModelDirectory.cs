using Microsoft.Extensions.Options;
using Privatemode.AI.AspNetCore.Gate;

namespace Privatemode.AI.AspNetCore.Models;

/// <summary>A list of models, and whether the attempt to retrieve a newer one failed.</summary>
internal readonly record struct ModelListing(IReadOnlyList<ModelInfo> Models, bool IsStale);

/// <summary>Keeps the model list, so that programs can start while the service is briefly unavailable.</summary>
/// <remarks>If callers send their own API keys, there is one list and one embedding model for each key, so that a caller sees only what its own key can see. At
/// most 1,024 keys are kept; those with the oldest lists are removed first.</remarks>
internal sealed class ModelDirectory
{
    // The library keeps it as long, and asks again when it is asked.
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan MaxAge = TimeSpan.FromHours(24);
    private const int MaxLists = 1024;

    private readonly ModelCatalog _catalog;
    private readonly PrivatemodeProxyOptions _options;
    private readonly AliasTable _table;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Kept> _lists = new(StringComparer.Ordinal);
    private readonly ModelAliases _unknown;

    public ModelDirectory(PrivatemodeClient client, IOptions<PrivatemodeProxyOptions> options, AliasTable table, TimeProvider time)
        : this(client.Models, options.Value, table, time)
    {
    }

    internal ModelDirectory(ModelCatalog catalog, PrivatemodeProxyOptions options, AliasTable table, TimeProvider time)
    {
        (_catalog, _options, _table, _time) = (catalog, options, table, time);
        _unknown = new ModelAliases(table, null, new FixedEmbeddings());
    }

    /// <summary>Returns the aliases with the list that is in memory, without waiting.</summary>
    public ModelAliases Current(ProxyCaller caller)
    {
        if (Find(caller) is not { } kept)
        {
            return _unknown;
        }

        if (_time.GetElapsedTime(kept.Since) >= Lifetime && kept.TryBeginRefresh())
        {
            _ = RefreshAsync(kept, caller);
        }

        return kept.Aliases;
    }

    /// <summary>Returns the aliases with a list, and waits for the list.</summary>
    /// <remarks>The wait can include the first verification, for which the request itself would have to wait too.</remarks>
    /// <exception cref="PrivatemodeException">The list could not be retrieved.</exception>
    public async ValueTask<ModelAliases> LoadAsync(ProxyCaller caller, CancellationToken cancellationToken) =>
        Keep(caller, await _catalog.ListAsync(cancellationToken).ConfigureAwait(false)).Aliases;

    /// <summary>Returns the list for a caller, after at most <see cref="PrivatemodeProxyOptions.ModelListTimeout"/>.</summary>
    /// <exception cref="PrivatemodeException">The list could not be retrieved and none is kept, or this caller must not see it.</exception>
    public async Task<ModelListing> ListAsync(ProxyCaller caller, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(_options.ModelListTimeout, _time);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return new ModelListing(Keep(caller, await _catalog.ListAsync(both.Token).ConfigureAwait(false)).Models, IsStale: false);
        }
        catch (Exception exception) when (IsTemporary(exception, cancellationToken) && Find(caller) is { } kept)
        {
            return new ModelListing(kept.Models, IsStale: true);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PrivatemodeServiceException(
                ServiceFailureReason.Unavailable, "The list of models is not known yet: the proxy is still connecting. Try again in a few seconds.")
            {
                RetryAfter = TimeSpan.FromSeconds(2),
            };
        }
    }

    // A rejected key, and a deployment that could not be verified, are told: an old list would hide them.
    private static bool IsTemporary(Exception exception, CancellationToken cancellationToken) => !cancellationToken.IsCancellationRequested &&
        exception is OperationCanceledException or PrivatemodeServiceException or PrivatemodeIntegrityException or HttpRequestException;

    private async Task RefreshAsync(Kept kept, ProxyCaller caller)
    {
        try
        {
            _ = Keep(caller, await _catalog.ListAsync(CancellationToken.None).ConfigureAwait(false));
        }
        catch (Exception)
        {
            // The next request reports the failure. Until then, the list that is stored is used.
        }
        finally
        {
            kept.EndRefresh();
        }
    }

    private string KeyOf(ProxyCaller caller) => _options.UseCallerKeyAsApiKey ? caller.KeyDigest : "";

    private Kept? Find(ProxyCaller caller)
    {
        lock (_gate)
        {
            return _lists.TryGetValue(KeyOf(caller), out Kept? kept) && _time.GetElapsedTime(kept.Since) < MaxAge ? kept : null;
        }
    }

    private Kept Keep(ProxyCaller caller, IReadOnlyList<ModelInfo> models)
    {
        string key = KeyOf(caller);
        lock (_gate)
        {
            if (_lists.Count >= MaxLists && !_lists.ContainsKey(key))
            {
                _ = _lists.Remove(_lists.MinBy(list => list.Value.Since).Key);
            }

            bool isSame = _lists.TryGetValue(key, out Kept? before) && ReferenceEquals(before.Models, models);
            FixedEmbeddings embeddings = before?.Embeddings ?? new FixedEmbeddings();
            Kept kept = new(models, isSame ? before!.Aliases : new ModelAliases(_table, models, embeddings), embeddings, _time.GetTimestamp());
            _lists[key] = kept;
            return kept;
        }
    }

    private sealed class Kept(IReadOnlyList<ModelInfo> models, ModelAliases aliases, FixedEmbeddings embeddings, long since)
    {
        private int _isRefreshing;

        public IReadOnlyList<ModelInfo> Models => models;

        public ModelAliases Aliases => aliases;

        public FixedEmbeddings Embeddings => embeddings;

        /// <summary>The timestamp of the clock at which the list was retrieved.</summary>
        public long Since => since;

        public bool TryBeginRefresh() => Interlocked.Exchange(ref _isRefreshing, 1) == 0;

        public void EndRefresh() => Volatile.Write(ref _isRefreshing, 0);
    }
}
