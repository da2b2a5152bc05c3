using System.Buffers.Binary;
using Privatemode.AI.Pipeline.Calls;

namespace Privatemode.AI.Models;

/// <summary>
/// The list of models for whoever is calling. Where callers bring their own API keys there is one for each key, so that nobody meets the list, or the
/// refusal, that another account got.
/// </summary>
/// <param name="apiKeys">Tells whose list is wanted.</param>
/// <param name="mostKeys">Lists kept at the same time; one more takes the place of the one that was unused for the longest time.</param>
/// <param name="download">Reads a list, with an API key; null for that of the settings.</param>
/// <param name="time">The clock.</param>
/// <param name="replaced">Told when a reading has replaced another of the same key, with both.</param>
internal sealed class ModelLists(
    ApiKeys apiKeys, int mostKeys, Func<string?, Task<IReadOnlyList<ModelInfo>>> download, TimeProvider time,
    Action<IReadOnlyList<ModelInfo>, IReadOnlyList<ModelInfo>> replaced)
{
    private readonly Lock _gate = new();

    // By half of a digest: the keys themselves need not be kept here.
    private readonly Dictionary<UInt128, Entry> _lists = [];
    private readonly ModelListCache _only = new(download, time, replaced);
    private long _uses;

    /// <summary>The caller's list, and the API key to read it with; the key is null where there is one for all.</summary>
    /// <param name="cancellationToken">Ends the wait for the key.</param>
    /// <exception cref="PrivatemodeConfigurationException">The caller has no usable key.</exception>
    public async ValueTask<(ModelListCache List, string? ApiKey)> OfCallerAsync(CancellationToken cancellationToken)
    {
        if (!apiKeys.AreManyCallers)
        {
            return (_only, null);
        }

        string apiKey = await apiKeys.ReadAsync(async: true, cancellationToken).ConfigureAwait(false);
        UInt128 digest = BinaryPrimitives.ReadUInt128LittleEndian(ApiKeys.DigestOf(apiKey));
        lock (_gate)
        {
            if (!_lists.TryGetValue(digest, out Entry? entry))
            {
                if (_lists.Count >= mostKeys)
                {
                    _ = _lists.Remove(_lists.MinBy(list => list.Value.LastUse).Key);
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
