using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Adds what some model servers leave out of tool calls and OpenAI's parser or a reader needs: type, index, and a unique ID
/// for each call.</summary>
/// <remarks>One instance per answer: it remembers which calls of which choice have begun, within <see cref="AnswerLimits"/>.</remarks>
internal sealed class ToolCallNormalizer(string requestId)
{
    private const string Function = "function";
    private const string Arguments = "arguments";

    // The maximum number of names, values and brackets, because each takes memory in addition to the text. A tool call has about ten.
    private const int MaxJsonTokens = 4096;
    private const int MaxToolCallsLength = 256 * 1024;

    private readonly Dictionary<int, PartialToolCalls> _begun = [];
    private long _kept;

    /// <summary>Corrects the tool calls of one choice; null if nothing changed, or if they cannot be edited.</summary>
    /// <param name="toolCalls">The JSON array of the tool calls.</param>
    /// <param name="choice">The index of the choice.</param>
    /// <param name="isEvent">Whether calls arrive in fragments; otherwise complete.</param>
    /// <exception cref="PrivatemodeServiceException">The stream has more calls, or longer ones, than are kept.</exception>
    public byte[]? Rewrite(ReadOnlySpan<byte> toolCalls, int choice, bool isEvent)
    {
        if (toolCalls.Length > MaxToolCallsLength || !JsonLimits.HasTokensAtMost(MaxJsonTokens, toolCalls, JsonLimits.MaxDepth))
        {
            return null;
        }

        try
        {
            Utf8JsonReader reader = new(toolCalls, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
            if (JsonNode.Parse(ref reader) is not JsonArray array || !Normalize(choice, array, isEvent))
            {
                return null;
            }

            ArrayBufferWriter<byte> buffer = new(toolCalls.Length + 64);
            using (Utf8JsonWriter writer = new(buffer))
            {
                array.WriteTo(writer);
            }

            return buffer.WrittenSpan.ToArray();
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            // Two members of one name, or text that is invalid: left unchanged, so that the client's own parser throws.
            return null;
        }
    }

    /// <summary>Corrects the tool calls of one choice.</summary>
    /// <returns>Whether anything was changed.</returns>
    public bool Normalize(int choice, JsonArray calls, bool isEvent)
    {
        // OpenAI's parser converts values that are not objects to null, and fails on the null later.
        bool changed = calls.RemoveAll(call => call is not JsonObject) > 0;
        HashSet<string> ids = [];
        foreach (JsonObject call in calls.OfType<JsonObject>())
        {
            changed |= NormalizeFunction(call, isEvent);
            changed |= isEvent ? NormalizeFragment(call, choice) : NormalizeWhole(call, ids);
        }

        return changed;
    }

    /// <param name="call">The call.</param>
    /// <param name="ids">The IDs of the calls before it. Results are matched by ID, so no two calls may share one.</param>
    private static bool NormalizeWhole(JsonObject call, HashSet<string> ids)
    {
        bool changed = NormalizeType(call, begins: true);
        if (TextOf(call["id"]) is not { } id || !ids.Add(id))
        {
            call["id"] = NewId();
            changed = true;
        }

        return changed;
    }

    private bool NormalizeFragment(JsonObject call, int choice)
    {
        if (!_begun.TryGetValue(choice, out PartialToolCalls? begun))
        {
            _begun[choice] = begun = new PartialToolCalls(requestId);
        }

        string? id = TextOf(call["id"]);
        int? index = NumberOf(call["index"]);
        JsonObject? function = call[Function] as JsonObject;
        string? arguments = TextOf(function?[Arguments]);
        string? name = TextOf(function?["name"]);
        PartialToolCall current = begun.Find(index, id, name, arguments, NewId, out bool begins);
        int kept = current.AppendName(name) + (begins ? current.Id.Length : 0);
        bool changed = NormalizeType(call, begins) | NormalizeId(call, id, current, begins);
        if (!begins && current.IsAllOf(id, name, arguments))
        {
            // A repetition of the whole call: a reader that joins the pieces would have its arguments twice.
            function![Arguments] = "";
            changed = true;
        }

        AnswerLimits.AddKeptLength(ref _kept, kept + current.Append(arguments), requestId);
        if (index != current.Index)
        {
            call["index"] = current.Index;
            changed = true;
        }

        return changed;
    }

    /// <summary>The first fragment names the call; later ones have the same name or none.</summary>
    private static bool NormalizeId(JsonObject call, string? id, PartialToolCall current, bool begins)
    {
        if (id == current.Id)
        {
            return false;
        }

        if (id is null && !begins)
        {
            return call.Remove("id");
        }

        call["id"] = current.Id;
        return true;
    }

    /// <summary>Empty, null and unknown types of a function call become <c>function</c>.</summary>
    private static bool NormalizeType(JsonObject call, bool begins)
    {
        bool isGiven = call.TryGetPropertyValue("type", out JsonNode? type);
        bool isReadable = !isGiven ? !begins : TextOf(type) is { } text && (text == Function || call[Function] is not JsonObject);
        if (!isReadable)
        {
            call["type"] = Function;
        }

        return !isReadable;
    }

    /// <summary>Arguments are JSON in a string. Some servers send them as JSON, or null for no arguments.</summary>
    private static bool NormalizeFunction(JsonObject call, bool isEvent)
    {
        if (call[Function] is not JsonObject function || !function.TryGetPropertyValue(Arguments, out JsonNode? arguments) ||
            (arguments is JsonValue value && value.TryGetValue<string>(out _)))
        {
            return false;
        }

        if (arguments is null && isEvent)
        {
            return function.Remove(Arguments);
        }

        function[Arguments] = arguments?.ToJsonString() ?? "";
        return true;
    }

    private static string NewId() => "call_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));

    /// <summary>The text of a nonempty string; null for anything else.</summary>
    private static string? TextOf(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0 ? text : null;

    /// <summary>A whole number; null for anything else.</summary>
    private static int? NumberOf(JsonNode? node) => node is JsonValue value && value.TryGetValue(out int number) ? number : null;
}

/// <summary>The tool calls that one choice of a stream has begun, and the assignment of fragments to them.</summary>
internal sealed class PartialToolCalls(string requestId)
{
    private readonly Dictionary<int, PartialToolCall> _byServerIndex = [];
    private readonly Dictionary<string, PartialToolCall> _byServerId = [];
    private readonly HashSet<string> _ids = [];
    private readonly HashSet<int> _indexes = [];
    private PartialToolCall? _last;
    private int _nextIndex;

    /// <summary>Returns the call that a fragment continues, or the new one that it begins.</summary>
    /// <param name="index">The server's number of the call, if there is one.</param>
    /// <param name="id">The ID in the fragment, if any.</param>
    /// <param name="name">Name of the function in the fragment, if any.</param>
    /// <param name="arguments">Arguments in the fragment, if any.</param>
    /// <param name="newId">Creates an ID for a call that begins without one, or with one that another call has.</param>
    /// <param name="begins">Whether the fragment begins a call.</param>
    public PartialToolCall Find(int? index, string? id, string? name, string? arguments, Func<string> newId, out bool begins)
    {
        PartialToolCall? current = index is { } number ? _byServerIndex.GetValueOrDefault(number)
            : id is not null && _byServerId.TryGetValue(id, out PartialToolCall? named) ? named : _last;
        begins = current is null || BeginsAnother(current, index is not null, id, name, arguments);
        if (begins)
        {
            if (_indexes.Count == AnswerLimits.MaxToolCalls)
            {
                throw AnswerLimits.TooMany($"more than {AnswerLimits.MaxToolCalls} tool calls", requestId);
            }

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

        return current!;
    }

    /// <summary>Whether a fragment that would continue a call is the beginning of another one.</summary>
    /// <remarks>
    /// Some servers number all parallel calls 0 and give each an ID (older vLLM), some repeat the name, or invent an ID, in every fragment, some
    /// give neither ID nor number. A fragment begins another call if it has another name, or if the current call already has all its arguments.
    /// Some servers end a call with a fragment that repeats all of it; that is not a second call.
    /// A name may also come in pieces: together with the number or the ID of a call that does not have all its arguments, a name is the next piece.
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

/// <summary>A tool call of a stream, as far as it is known.</summary>
/// <param name="index">The number for readers.</param>
/// <param name="serverId">The ID that the server gave it, if any. Another call may have the same one.</param>
/// <param name="id">The ID for readers.</param>
internal sealed class PartialToolCall(int index, string? serverId, string id)
{
    private readonly StringBuilder _name = new();
    private readonly StringBuilder _arguments = new();

    // Counts the braces outside of strings, so that the text is parsed once, when they close, and not for every fragment.
    private int _depth;
    private bool _isInString;
    private bool _isEscaped;
    private bool _areClosed;

    public int Index => index;

    public string? ServerId => serverId;

    public string Id => id;

    public bool IsNamed => _name.Length > 0;

    public bool HasArguments => _arguments.Length > 0;

    /// <summary>Whether the arguments begin with a complete JSON object, so that nothing can follow.</summary>
    public bool HasAllArguments { get; private set; }

    /// <summary>Adds a piece of the name. A piece that equals the whole name so far is a repetition of it.</summary>
    /// <returns>The number of characters added.</returns>
    public int AppendName(string? piece)
    {
        if (Has(piece))
        {
            return 0;
        }

        _ = _name.Append(piece);
        return piece?.Length ?? 0;
    }

    /// <summary>Whether the name so far is this one.</summary>
    public bool Has(string? name) => _name.Equals(name.AsSpan());

    /// <summary>Whether a fragment repeats all of this call.</summary>
    public bool IsAllOf(string? id, string? name, string? arguments) =>
        id is not null && id == serverId && HasAllArguments && (name is null || Has(name)) && arguments is not null && _arguments.Equals(arguments.AsSpan());

    /// <summary>Adds a piece of the arguments. Text after the complete object is dropped.</summary>
    /// <returns>The number of characters added.</returns>
    public int Append(string? arguments)
    {
        if (_areClosed)
        {
            return 0;
        }

        _ = _arguments.Append(arguments);
        foreach (char character in arguments ?? "")
        {
            Follow(character);
            if (_areClosed)
            {
                HasAllArguments = BeginsWithObject();
                break;
            }
        }

        return arguments?.Length ?? 0;
    }

    private void Follow(char character)
    {
        if (_isInString)
        {
            _isInString = character != '"' || _isEscaped;
            _isEscaped = character == '\\' && !_isEscaped;
            return;
        }

        _isInString = character == '"';
        _depth += character == '{' ? 1 : character == '}' ? -1 : 0;
        _areClosed = character == '}' && _depth <= 0;
    }

    private bool BeginsWithObject()
    {
        Utf8JsonReader reader = new(Encoding.UTF8.GetBytes(_arguments.ToString()), new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
        try
        {
            return reader.Read() && reader.TokenType == JsonTokenType.StartObject && reader.TrySkip();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
