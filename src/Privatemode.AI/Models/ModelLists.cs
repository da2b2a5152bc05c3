using System.Buffers.Binary;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Calls;

namespace Privatemode.AI.Models;

/// <summary>
/// The list of models for the caller. If callers have their own API keys, there is one list for each key, so that a caller never gets the list, or the
/// refusal, of another account.
/// </summary>
/// <param name="apiKeys">Returns the API key of the caller.</param>
/// <param name="mostKeys">The maximum number of stored lists. A further list replaces the least recently used one.</param>
/// <param name="download">Downloads a list, with an API key; null for that of the settings.</param>
/// <param name="time">The clock.</param>
/// <param name="replaced">Called with both lists when a download has replaced another one of the same key.</param>
internal sealed class ModelLists(
    ApiKeys apiKeys, int mostKeys, Func<string?, Task<IReadOnlyList<ModelInfo>>> download, TimeProvider time,
    Action<IReadOnlyList<ModelInfo>, IReadOnlyList<ModelInfo>> replaced)
{
    private readonly Lock _gate = new();

    // By half of a digest, so that the keys themselves are not stored here.
    private readonly Dictionary<UInt128, Entry> _lists = [];
    private readonly ModelListCache _only = new(download, time, replaced);
    private long _uses;

    /// <summary>The caller's list, and the API key for its download; the key is null if there is one for all callers.</summary>
    /// <exception cref="PrivatemodeConfigurationException">The caller has no usable key.</exception>
    public async ValueTask<(ModelListCache List, string? ApiKey)> OfCallerAsync(CancellationToken cancellationToken)
    {
        if (!apiKeys.AreManyCallers)
        {
            return (_only, null);
        }

        string apiKey = await apiKeys.ReadAsync(async: true, cancellationToken).ConfigureAwait(false);
        UInt128 digest = BinaryPrimitives.ReadUInt128LittleEndian(ApiKeyDigest.Of(apiKey));
        lock (_gate)
        {
            if (!_lists.TryGetValue(digest, out Entry? entry))
            {
                if (_lists.Count >= mostKeys)
                {
                    // Those without models first, so that made-up keys do not remove the lists of other callers.
                    _ = _lists.Remove(_lists.MinBy(list => (list.Value.List.Last.Count > 0, list.Value.LastUse)).Key);
                }

                _lists[digest] = entry = new Entry(new ModelListCache(download, time, replaced));
            }

            entry.LastUse = ++_uses;
            return (entry.List, apiKey);
        }
    }

    private sealed class Entry(ModelListCache list)
    {
        public ModelListCache List { get; } = list;

        public long LastUse { get; set; }
    }
}

/// <summary>The model list of the last download. There is one download at a time, which all waiting callers share.</summary>
/// <param name="download">Downloads it, with an API key; null for that of the settings.</param>
/// <param name="time">The clock.</param>
/// <param name="replaced">Called with both lists when a download has replaced another one.</param>
internal sealed class ModelListCache(
    Func<string?, Task<IReadOnlyList<ModelInfo>>> download, TimeProvider time,
    Action<IReadOnlyList<ModelInfo>, IReadOnlyList<ModelInfo>> replaced)
{
    private readonly Lock _gate = new();
    private (IReadOnlyList<ModelInfo> Models, DateTimeOffset At)? _kept;
    private Task<IReadOnlyList<ModelInfo>>? _running;

    /// <summary>The last list, regardless of its age; empty before the first download.</summary>
    public IReadOnlyList<ModelInfo> Last
    {
        get
        {
            lock (_gate)
            {
                return _kept?.Models ?? [];
            }
        }
    }

    /// <summary>Returns a list younger than <paramref name="maxAge"/>.</summary>
    /// <param name="apiKey">The key for the request, the same for every call; null for that of the settings.</param>
    /// <param name="maxAge">Zero for a list whose download starts now, or is in progress.</param>
    /// <param name="cancellationToken">A token that cancels the wait, but not the download.</param>
    public Task<IReadOnlyList<ModelInfo>> GetAsync(string? apiKey, TimeSpan maxAge, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            // The age is negative if the clock was set back: then it is unknown.
            if (_kept is { } kept && time.GetUtcNow() - kept.At is var age && age >= TimeSpan.Zero && age < maxAge)
            {
                return Task.FromResult(kept.Models);
            }

            _running ??= Start(apiKey);
            return _running.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Starts a download that does not depend on a caller's context or cancellation.</summary>
    private Task<IReadOnlyList<ModelInfo>> Start(string? apiKey)
    {
        Task<IReadOnlyList<ModelInfo>> reading = BackgroundWork.Start(() => Task.Run(() => ReadAsync(apiKey), CancellationToken.None));
        _ = BackgroundWork.Observe(reading);
        return reading;
    }

    private async Task<IReadOnlyList<ModelInfo>> ReadAsync(string? apiKey)
    {
        IReadOnlyList<ModelInfo>? before = null;
        IReadOnlyList<ModelInfo>? now = null;
        try
        {
            now = await download(apiKey).ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                _running = null;
                if (now is not null)
                {
                    before = _kept?.Models;
                    _kept = (now, time.GetUtcNow());
                }
            }
        }

        if (before is not null)
        {
            replaced(before, now);
        }

        return now;
    }
}
