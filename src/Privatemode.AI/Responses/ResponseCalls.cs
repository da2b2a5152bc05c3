using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Responses;

/// <summary>The tool calls of a stream. Programs run a call as soon as it is done, so calls are reported as done only after the answer is authenticated
/// to its end.</summary>
internal sealed class ResponseCalls(ResponsesCall call, ResponseEventWriter events) : IDisposable
{
    /// <summary>The maximum number of calls of one answer.</summary>
    public const int Most = 256;

    /// <summary>The maximum length of the name and the ID of a call, in bytes: in an answer, and in a later request that sends it back.</summary>
    public const int MaxNameLength = 1024;

    private readonly List<StreamedCall> _calls = [];
    private int _announced;

    /// <summary>Adds the next fragment of a call.</summary>
    /// <exception cref="PrivatemodeServiceException">The calls have an unknown form, are too many, or are too long.</exception>
    public void Add(in ChatCalls fragment)
    {
        int index = fragment.Index;
        StreamedCall? current = _calls.Find(begun => begun.Index == index);
        if (current is null)
        {
            // Its number among the items is assigned when it is announced.
            AnnounceAll();
            current = Begin(fragment);
        }

        current.AppendName(fragment.Name);
        if (fragment.Arguments.IsEmpty)
        {
            return;
        }

        events.Keep(fragment.Arguments.Length);
        current.Arguments.Append(fragment.Arguments);
        if (current.IsAnnounced)
        {
            WriteDelta(current, fragment.Arguments);
        }
        else
        {
            // A model server may write the name in pieces, but not after the arguments have begun.
            Announce(current);
        }
    }

    /// <summary>Announces the calls that have not been announced, whose names are now complete.</summary>
    public void AnnounceAll()
    {
        if (_announced < _calls.Count)
        {
            _calls.ForEach(Announce);
        }
    }

    /// <summary>Reads the arguments of all calls without writing anything.</summary>
    /// <param name="isCutOff">Whether the answer ended early.</param>
    /// <returns>Whether all of them are complete.</returns>
    public bool ReadAll(bool isCutOff)
    {
        bool areComplete = true;
        foreach (StreamedCall one in _calls)
        {
            areComplete &= one.Read(call.ToolOf(NameOf(one)), isCutOff);
        }

        return areComplete;
    }

    /// <summary>Reports that the complete calls are done. Call this only after the answer is authenticated to its end.</summary>
    public void Finish(ResponseItems items)
    {
        foreach (StreamedCall one in _calls.OrderBy(one => one.OutputIndex).Where(one => one.Input is not null))
        {
            ReadOnlySpan<byte> input = one.Input!.Span;
            if (one.Tool.IsCustom)
            {
                events.BeginOfItem("response.custom_tool_call_input.delta"u8, one.ItemId, one.OutputIndex);
                events.Target.Append(",\"delta\":"u8);
                events.Target.AppendText(input);
                events.End();
                events.BeginOfItem("response.custom_tool_call_input.done"u8, one.ItemId, one.OutputIndex);
                events.Target.Append(",\"input\":"u8);
            }
            else
            {
                events.BeginOfItem("response.function_call_arguments.done"u8, one.ItemId, one.OutputIndex);
                events.Target.Append(",\"name\":"u8);
                events.Target.AppendText(one.Tool.Name);
                events.Target.Append(",\"arguments\":"u8);
            }

            events.Target.AppendText(input);
            events.End();
            ResponseWriter.WriteCall(items.Bytes, one.ItemId, one.Id, one.Tool, input, "completed"u8);
            events.WriteItem("response.output_item.done"u8, one.OutputIndex, items.Add(one.OutputIndex));
        }
    }

    public void Dispose() => _calls.ForEach(one => one.Dispose());

    /// <summary>Creates the exception for a call that cannot be run although the answer is complete.</summary>
    public static PrivatemodeServiceException Unusable(string? requestId) => new(
        ServiceFailureReason.Other, "The model wrote a tool call whose arguments are not a JSON object. Retry the call.")
    {
        Status = 200,
        RequestId = requestId,
    };

    /// <summary>Reads the input of a tool from a call.</summary>
    /// <param name="escaped">The model's text, in the escaped form of JSON.</param>
    /// <param name="isCustom">Whether the tool takes text instead of arguments.</param>
    /// <param name="isCutOff">Whether the answer ended early.</param>
    /// <param name="input">Receives the arguments, a JSON object, or the text.</param>
    /// <returns>False if it is not complete.</returns>
    public static bool TryReadInput(ReadOnlySpan<byte> escaped, bool isCustom, bool isCutOff, PooledBytes input)
    {
        using PooledBytes raw = new(escaped.Length);
        raw.AppendUnescaped(escaped);
        using CallArguments arguments = new();
        if (!arguments.TryRead(raw.Memory, isCutOff, out ReadOnlyMemory<byte> json))
        {
            return false;
        }

        if (isCustom)
        {
            return TryReadText(json.Span, input);
        }

        input.Append(json.Span);
        return true;
    }

    /// <summary>Returns a name or an ID as text.</summary>
    public static string NameOf(ReadOnlySpan<byte> escaped)
    {
        ChatAnswer.Expect(escaped.Length <= MaxNameLength * LoneSurrogates.EscapeLength);
        using PooledBytes name = new(escaped.Length);
        name.AppendUnescaped(escaped);
        ChatAnswer.Expect(name.Length <= MaxNameLength);
        return Encoding.UTF8.GetString(name.Span);
    }

    /// <summary>Reads the text of an object whose only member is the string <c>input</c>.</summary>
    private static bool TryReadText(ReadOnlySpan<byte> json, PooledBytes input)
    {
        Utf8JsonReader reader = new(json);
        try
        {
            bool isText = reader.Read() && reader.Read() && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("input"u8) &&
                reader.Read() && reader.TokenType == JsonTokenType.String;
            if (isText)
            {
                int length = reader.CopyString(input.Extend(reader.ValueSpan.Length));
                input.Truncate(length);
            }

            return isText && reader.Read() && reader.TokenType == JsonTokenType.EndObject;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private StreamedCall Begin(in ChatCalls fragment)
    {
        if (_calls.Count == Most)
        {
            throw events.TooMany($"more than {Most} tool calls");
        }

        string id = NameOf(fragment.Id);
        ChatAnswer.Expect(id.Length > 0 && !_calls.Exists(begun => begun.Id == id));
        StreamedCall begun = new(fragment.Index, id);
        _calls.Add(begun);
        return begun;
    }

    private void Announce(StreamedCall one)
    {
        if (one.IsAnnounced || !one.IsNamed)
        {
            return;
        }

        int outputIndex = events.TakeOutputIndex();
        one.Announce(NameOf(one), call.ToolOf(NameOf(one)), outputIndex, events.Head);
        _announced++;
        events.Begin("response.output_item.added"u8);
        events.Target.Append("\"output_index\":"u8);
        events.Target.AppendNumber(outputIndex);
        events.Target.Append(",\"item\":"u8);
        ResponseWriter.WriteCall(events.Target, one.ItemId, one.Id, one.Tool, default, "in_progress"u8);
        events.End();
        if (one.Arguments.Length > 0)
        {
            WriteDelta(one, one.Arguments.Span);
        }
    }

    private string NameOf(StreamedCall one) => one.NameAmong(call.Tools);

    private void WriteDelta(StreamedCall one, ReadOnlySpan<byte> arguments)
    {
        // The text for a custom tool is inside an object, and is written when that is complete.
        if (!one.Tool.IsCustom)
        {
            events.BeginOfItem("response.function_call_arguments.delta"u8, one.ItemId, one.OutputIndex);
            events.Target.Append(",\"delta\":"u8);
            events.Target.AppendRawText(arguments);
            events.End();
        }
    }

    /// <summary>A tool call, as far as it has been received.</summary>
    private sealed class StreamedCall(int index, string id) : IDisposable
    {
        private readonly StreamedToolName _name = new();
        private string? _announced;

        public int Index => index;

        /// <summary>The ID for its result.</summary>
        public string Id => id;

        public bool IsNamed => _name.Length > 0;

        /// <summary>The model's text, in the escaped form of JSON.</summary>
        public PooledBytes Arguments { get; } = new(256);

        public bool IsAnnounced => ItemId.Length > 0;

        public int OutputIndex { get; private set; }

        public string ItemId { get; private set; } = "";

        public ToolName Tool { get; private set; }

        /// <summary>The input of the tool; null unless it is complete.</summary>
        public PooledBytes? Input { get; private set; }

        /// <summary>Adds a piece of the name, or a repetition of the name.</summary>
        public void AppendName(ReadOnlySpan<byte> escaped)
        {
            if (escaped.IsEmpty)
            {
                return;
            }

            string piece = ResponseCalls.NameOf(escaped);
            if (IsAnnounced)
            {
                // The caller knows the name already.
                ChatAnswer.Expect(piece == _announced);
                return;
            }

            _name.Append(piece);
            ChatAnswer.Expect(_name.Length <= MaxNameLength);
        }

        /// <summary>Returns the name of the tool in the chat; empty while it is not known.</summary>
        /// <param name="tools">The tools of the request.</param>
        public string NameAmong(IReadOnlyDictionary<string, ToolName> tools)
        {
            string name = _announced ?? _name.Resolve(tools.ContainsKey);
            ChatAnswer.Expect(Encoding.UTF8.GetByteCount(name) <= MaxNameLength);
            return name;
        }

        public void Announce(string name, ToolName tool, int outputIndex, ResponseHead head)
        {
            (_announced, Tool, OutputIndex) = (name, tool, outputIndex);
            ItemId = head.ItemId(tool.IsCustom ? "ctc" : "fc", outputIndex);
        }

        /// <summary>Reads the arguments; false if they are not complete.</summary>
        public bool Read(ToolName tool, bool isCutOff)
        {
            PooledBytes input = new(Arguments.Length);
            if (IsNamed && TryReadInput(Arguments.Span, tool.IsCustom, isCutOff, input))
            {
                Input = input;
                return true;
            }

            input.Dispose();
            return false;
        }

        public void Dispose()
        {
            Arguments.Dispose();
            Input?.Dispose();
        }
    }
}
