using System.Text.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Responses;

/// <summary>The content of a chat's answer, or of one event of it: parts of its text, without copies. Texts are in the escaped form of JSON.</summary>
internal ref struct ChatAnswer
{
    private Members _seen;

    [Flags]
    private enum Members
    {
        None = 0,
        Choices = 1,
        Usage = 2,
        Message = 4,
        Finish = 8,
        Logprobs = 16,
        Reasoning = 32,
        ReasoningContent = 64,
        Content = 128,
        Refusal = 256,
        ToolCalls = 512,
    }

    public ReadOnlySpan<byte> Reasoning { get; private set; }

    public ReadOnlySpan<byte> Content { get; private set; }

    public ReadOnlySpan<byte> Refusal { get; private set; }

    /// <summary>The list of tool calls, for <see cref="ChatCalls"/>; empty if the answer has no such list.</summary>
    public ReadOnlySpan<byte> ToolCalls { get; private set; }

    /// <summary>The reason why the answer ended; empty if it did not.</summary>
    public ReadOnlySpan<byte> Finish { get; private set; }

    /// <summary>The list of log probabilities of the content; empty if the answer has none.</summary>
    public ReadOnlySpan<byte> Logprobs { get; private set; }

    /// <summary>The usage object; empty if the answer has no usage.</summary>
    public ReadOnlySpan<byte> Usage { get; private set; }

    /// <summary>Reads the first choice of an answer, and its usage.</summary>
    /// <exception cref="PrivatemodeServiceException">A member that is needed has an unknown form.</exception>
    public static ChatAnswer Read(ReadOnlySpan<byte> json, bool isEvent)
    {
        ChatAnswer answer = default;
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
        try
        {
            answer.ReadDocument(ref reader, json, isEvent);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Without the parser's exception, which quotes the answer.
            throw Unreadable();
        }

        return answer;
    }

    /// <summary>Creates the exception for an authentic answer whose form this library does not know.</summary>
    public static PrivatemodeServiceException Unreadable() => new(
        ServiceFailureReason.Other, "The answer of the model server has an unsupported form. Update this package, or use another model.")
    {
        Status = 200,
    };

    private void ReadDocument(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, bool isEvent)
    {
        Expect(reader.Read() && reader.TokenType == JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isChoices = reader.ValueTextEquals("choices"u8);
            bool isUsage = reader.ValueTextEquals("usage"u8);
            _ = reader.Read();
            if (isChoices)
            {
                Once(Members.Choices);
                ReadChoices(ref reader, json, isEvent);
            }
            else if (isUsage)
            {
                Once(Members.Usage);
                Usage = reader.TokenType == JsonTokenType.StartObject ? Raw(ref reader, json) : default;
            }

            reader.Skip();
        }
    }

    private void ReadChoices(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, bool isEvent)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(reader.TokenType == JsonTokenType.StartObject);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                Members member = reader.ValueTextEquals(isEvent ? "delta"u8 : "message"u8) ? Members.Message
                    : reader.ValueTextEquals("finish_reason"u8) ? Members.Finish
                    : reader.ValueTextEquals("logprobs"u8) ? Members.Logprobs : Members.None;
                _ = reader.Read();
                if (member != Members.None)
                {
                    Once(member);
                    ReadOfChoice(ref reader, json, member);
                }

                reader.Skip();
            }
        }
    }

    private void ReadOfChoice(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, Members member)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        if (member == Members.Finish)
        {
            Finish = Text(ref reader);
        }
        else if (member == Members.Logprobs)
        {
            ReadLogprobs(ref reader, json);
        }
        else
        {
            ReadMessage(ref reader, json);
        }
    }

    private void ReadLogprobs(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isContent = reader.ValueTextEquals("content"u8);
            _ = reader.Read();
            if (isContent && reader.TokenType == JsonTokenType.StartArray)
            {
                Logprobs = Raw(ref reader, json);
            }

            reader.Skip();
        }
    }

    private void ReadMessage(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject);
        ReadOnlySpan<byte> reasoningContent = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            Members member = MemberOfMessage(ref reader);
            _ = reader.Read();
            if (member != Members.None)
            {
                Once(member);
            }

            switch (reader.TokenType == JsonTokenType.Null ? Members.None : member)
            {
                case Members.Reasoning:
                    Reasoning = Text(ref reader);
                    break;
                case Members.ReasoningContent:
                    reasoningContent = Text(ref reader);
                    break;
                case Members.Content:
                    Content = Text(ref reader);
                    break;
                case Members.Refusal:
                    Refusal = Text(ref reader);
                    break;
                case Members.ToolCalls:
                    Expect(reader.TokenType == JsonTokenType.StartArray);
                    ToolCalls = Raw(ref reader, json);
                    break;
                default:
                    break;
            }

            reader.Skip();
        }

        // Servers that have both names send the same text under each.
        Reasoning = Reasoning.IsEmpty ? reasoningContent : Reasoning;
    }

    private static Members MemberOfMessage(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("content"u8) ? Members.Content
        : reader.ValueTextEquals("reasoning"u8) ? Members.Reasoning
        : reader.ValueTextEquals("reasoning_content"u8) ? Members.ReasoningContent
        : reader.ValueTextEquals("tool_calls"u8) ? Members.ToolCalls
        : reader.ValueTextEquals("refusal"u8) ? Members.Refusal : Members.None;

    /// <summary>Throws if a member occurs twice, because readers differ in which of the two they use.</summary>
    private void Once(Members member)
    {
        Expect((_seen & member) == 0);
        _seen |= member;
    }

    internal static ReadOnlySpan<byte> Text(scoped ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.String);
        return reader.ValueSpan;
    }

    private static ReadOnlySpan<byte> Raw(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return json[start..(int)reader.BytesConsumed];
    }

    internal static void Expect(bool isAsExpected)
    {
        if (!isAsExpected)
        {
            throw Unreadable();
        }
    }
}

/// <summary>Reads a list of tool calls, complete or in fragments, one after the other.</summary>
internal ref struct ChatCalls
{
    private readonly bool _isEmpty;
    private Utf8JsonReader _reader;
    private int _position;

    /// <param name="list">The list, which can be empty.</param>
    public ChatCalls(ReadOnlySpan<byte> list)
    {
        _isEmpty = list.IsEmpty;
        _reader = new Utf8JsonReader(list, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
        _ = _isEmpty || _reader.Read();
    }

    /// <summary>The index of the call. In a list of complete calls, it is the position.</summary>
    public int Index { get; private set; }

    public ReadOnlySpan<byte> Id { get; private set; }

    public ReadOnlySpan<byte> Name { get; private set; }

    public ReadOnlySpan<byte> Arguments { get; private set; }

    /// <summary>Reads the next call, and returns whether there is one.</summary>
    /// <exception cref="PrivatemodeServiceException">The call has a form that this library does not know.</exception>
    public bool TryRead()
    {
        try
        {
            return !_isEmpty && _reader.Read() && _reader.TokenType != JsonTokenType.EndArray && ReadCall();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw ChatAnswer.Unreadable();
        }
    }

    private bool ReadCall()
    {
        ChatAnswer.Expect(_reader.TokenType == JsonTokenType.StartObject);
        Index = _position++;
        Id = Name = Arguments = default;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isIndex = _reader.ValueTextEquals("index"u8);
            bool isId = _reader.ValueTextEquals("id"u8);
            bool isFunction = _reader.ValueTextEquals("function"u8);
            _ = _reader.Read();
            if (_reader.TokenType == JsonTokenType.Null)
            {
                continue;
            }

            if (isIndex)
            {
                int index = 0;
                ChatAnswer.Expect(_reader.TokenType == JsonTokenType.Number && _reader.TryGetInt32(out index));
                Index = index;
            }
            else if (isId)
            {
                Id = ChatAnswer.Text(ref _reader);
            }
            else if (isFunction)
            {
                ReadFunction();
            }

            _reader.Skip();
        }

        return true;
    }

    private void ReadFunction()
    {
        ChatAnswer.Expect(_reader.TokenType == JsonTokenType.StartObject);
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isName = _reader.ValueTextEquals("name"u8);
            bool isArguments = _reader.ValueTextEquals("arguments"u8);
            _ = _reader.Read();
            if (isName && _reader.TokenType != JsonTokenType.Null)
            {
                ChatAnswer.Expect(Name.IsEmpty);
                Name = ChatAnswer.Text(ref _reader);
            }
            else if (isArguments && _reader.TokenType != JsonTokenType.Null)
            {
                ChatAnswer.Expect(Arguments.IsEmpty);
                Arguments = ChatAnswer.Text(ref _reader);
            }

            _reader.Skip();
        }
    }
}
