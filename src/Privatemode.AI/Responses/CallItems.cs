using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Responses;

/// <summary>The tool calls in the input: those of the current message, and the assignment of outputs to calls.</summary>
internal sealed class CallItems(ToolNames names) : IDisposable
{
    private static readonly KnownNames FunctionMembers = new("type", "call_id", "name", "namespace", "arguments", "id", "status", "caller");
    private static readonly KnownNames CustomMembers = new("type", "call_id", "name", "namespace", "input", "id", "status", "caller");
    private static readonly KnownNames OutputMembers = new("type", "call_id", "output", "id", "status", "caller", "name", "namespace");

    private readonly List<Call> _calls = [];
    private readonly CallArguments _arguments = new();

    /// <summary>The IDs of all calls so far, and whether the output is still missing.</summary>
    private readonly Dictionary<string, bool> _isOpen = new(StringComparer.Ordinal);

    /// <summary>Whether the current message has no call.</summary>
    public bool IsEmpty => _calls.Count == 0;

    /// <exception cref="PrivatemodeRequestException">The item is not a call that a chat can contain.</exception>
    public void Add(RequestObject item, bool isCustom)
    {
        _ = item.WithOnly(isCustom ? CustomMembers : FunctionMembers);
        ThrowIfProgrammatic(item);
        string id = item.Name("call_id"u8, ResponseCalls.MaxNameLength);
        if (_isOpen.GetValueOrDefault(id))
        {
            MemberPath path = item.Path.Member("call_id"u8);
            throw path.Refuse($"'{path}' is the ID of an earlier call that has no output yet. Give each call an ID of its own.");
        }

        string name = item.Name("name"u8, ResponseCalls.MaxNameLength);
        string chatName = names.ChatNameOf(item.FindName("namespace"u8, ToolTranslator.MaxNameLength), name);
        _calls.Add(new Call(item.Text("call_id"u8), chatName, item.Text(isCustom ? "input"u8 : "arguments"u8), isCustom));
        _isOpen[id] = true;
    }

    /// <summary>Records that a call has its output.</summary>
    /// <returns>The ID of the call, and the output.</returns>
    /// <exception cref="PrivatemodeRequestException">There is no such call, or the item is not an output that a chat can contain.</exception>
    public (JsonElement Id, JsonElement Output) Answer(RequestObject item)
    {
        _ = item.WithOnly(OutputMembers);
        ThrowIfProgrammatic(item);
        string id = item.Name("call_id"u8, ResponseCalls.MaxNameLength);
        if (!_isOpen.ContainsKey(id))
        {
            throw item.Path.Member("call_id"u8).Refuse(
                $"'{item.Path}' answers a call that is not in 'input'. Nothing is stored: send the call as well.");
        }

        _isOpen[id] = false;
        return (item.Text("call_id"u8), item.Find("output"u8) ?? throw item.Path.Member("output"u8).MustBe("a string or a list"));
    }

    /// <summary>Writes the calls of the message as a member of it, if there are any.</summary>
    public void MoveTo(Utf8JsonWriter writer)
    {
        if (IsEmpty)
        {
            return;
        }

        writer.WriteStartArray("tool_calls"u8);
        foreach (Call call in _calls)
        {
            writer.WriteStartObject();
            RawJson.Write(writer, "id"u8, call.Id);
            writer.WriteString("type"u8, "function"u8);
            writer.WriteStartObject("function"u8);
            writer.WriteString("name"u8, call.Name);
            writer.WritePropertyName("arguments"u8);
            WriteArguments(writer, call);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        _calls.Clear();
    }

    public void Dispose() => _arguments.Dispose();

    /// <summary>Writes the arguments of an earlier call as a JSON object. Model servers parse them, and would answer every later request with an error if they
    /// were not an object.</summary>
    private void WriteArguments(Utf8JsonWriter writer, Call call)
    {
        ReadOnlySpan<byte> raw = RawJson.Of(call.Arguments);
        using PooledBytes text = new(raw.Length + 100);
        if (call.IsCustom)
        {
            text.Append("{\"input\":"u8);
            text.Append(raw);
            text.Append((byte)'}');
            WriteEscaped(writer, text.Span);
            return;
        }

        CanonicalText.AppendUnescaped(raw, text);
        if (!_arguments.TryRead(text.Memory, isCutOff: false, out ReadOnlyMemory<byte> json))
        {
            ThrowIfExhausted();
            WriteEscaped(writer, "{}"u8);
        }
        else if (json.Span == text.Memory.Span)
        {
            RawJson.Write(writer, call.Arguments);
        }
        else
        {
            WriteEscaped(writer, json.Span);
        }
    }

    private void ThrowIfExhausted()
    {
        if (_arguments.IsExhausted)
        {
            throw new PrivatemodeRequestException(
                "input", $"The arguments of the calls in 'input' have more than {CallArguments.MaxJsonTokens} names, values and brackets. Send fewer calls.");
        }
    }

    private static void WriteEscaped(Utf8JsonWriter writer, ReadOnlySpan<byte> text)
    {
        using PooledBytes escaped = new((text.Length * 2) + 2);
        escaped.Append((byte)'"');
        RawJson.AppendOfRequest(escaped, text);
        escaped.Append((byte)'"');
        writer.WriteRawValue(escaped.Span, skipInputValidation: true);
    }

    private static void ThrowIfProgrammatic(RequestObject item)
    {
        if (item.FindObject("caller"u8) is { } caller && new RequestObject(caller, item.Path).FindWord("type"u8) != "direct")
        {
            throw item.Path.Member("caller"u8).Refuse($"'{item.Path}' belongs to a programmatic tool call, which the service does not offer.");
        }
    }

    private readonly record struct Call(JsonElement Id, string Name, JsonElement Arguments, bool IsCustom);
}
