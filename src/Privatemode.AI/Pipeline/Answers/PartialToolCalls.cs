namespace Privatemode.AI.Pipeline.Answers;

/// <summary>The tool calls one choice of a stream has begun, and which of them a fragment belongs to.</summary>
internal sealed class PartialToolCalls
{
    private readonly Dictionary<int, PartialToolCall> _byServerIndex = [];
    private readonly Dictionary<string, PartialToolCall> _byServerId = [];
    private readonly HashSet<string> _ids = [];
    private readonly HashSet<int> _indexes = [];
    private PartialToolCall? _last;
    private int _nextIndex;

    /// <summary>The call a fragment continues, or the new one it begins.</summary>
    /// <param name="index">The server's number of the call, if it gave one.</param>
    /// <param name="id">The id in the fragment, if any.</param>
    /// <param name="name">Name of the function in the fragment, if any.</param>
    /// <param name="arguments">Arguments in the fragment, if any.</param>
    /// <param name="newId">Makes an ID for a call that begins without one, or with one that another call has.</param>
    /// <param name="begins">Whether the fragment begins a call.</param>
    public PartialToolCall Find(int? index, string? id, string? name, string? arguments, Func<string> newId, out bool begins)
    {
        PartialToolCall? current = index is { } number ? _byServerIndex.GetValueOrDefault(number)
            : id is not null && _byServerId.TryGetValue(id, out PartialToolCall? named) ? named : _last;
        begins = current is null || BeginsAnother(current, index is not null, id, name, arguments);
        if (begins)
        {
            // Results are matched by ID, so no two calls may share one.
            string ownId = id is not null && _ids.Add(id) ? id : newId();
            _ = _ids.Add(ownId);
            _last = current = new PartialToolCall(FreeIndex(index), id, ownId);
            if (id is not null)
            {
                _byServerId[id] = current;
            }
        }

        if (index is not null)
        {
            _byServerIndex[index.Value] = current!;
        }

        current!.AppendName(name);
        return current;
    }

    /// <summary>Whether a fragment that would continue a call is the beginning of another one.</summary>
    /// <remarks>
    /// Some servers number all parallel calls 0 and give each an id (older vLLM), some repeat the name, or invent an id, in every fragment, some
    /// give neither id nor number. A call is another one when it is named differently, or when the running one already has all its arguments.
    /// Some end a call with a fragment that says all of it again; that is not a second call.
    /// A name may also come in pieces: beside the number or the ID of a call that does not have all its arguments, a name is the next piece.
    /// </remarks>
    private static bool BeginsAnother(PartialToolCall current, bool hasIndex, string? id, string? name, string? arguments)
    {
        bool hasOtherId = id is not null && id != current.ServerId;
        if (!hasIndex && hasOtherId)
        {
            return true;
        }

        if (name is null || !current.IsNamed)
        {
            return false;
        }

        if (current.IsAllOf(id, name, arguments))
        {
            return false;
        }

        bool isSame = !hasOtherId && (hasIndex || (id is not null && !current.HasArguments));
        return isSame
            ? current.HasAllArguments && (!current.Has(name) || !string.IsNullOrWhiteSpace(arguments))
            : !current.Has(name) || current.HasAllArguments;
    }

    private int FreeIndex(int? wanted)
    {
        int free = wanted is { } index && !_indexes.Contains(index) ? index : _nextIndex;
        _ = _indexes.Add(free);
        _nextIndex = Math.Max(_nextIndex, unchecked(free + 1));
        return free;
    }
}
