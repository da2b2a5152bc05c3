using System.Buffers.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Which choices of a streamed answer have begun and which have finished.</summary>
/// <remarks>
/// The end mark is not authenticated, anybody on the path can write it. A stream is complete only if, for every choice
/// index seen, a sealed <c>finish_reason</c>, neither null nor empty, was opened before it. A choice that goes on after its
/// finish has to finish again; an event that adds nothing to it, as some servers send with the verdict of a content filter, changes nothing.
/// </remarks>
/// <param name="expected">How many choices were asked for: a hop could drop one from its first event on.</param>
internal sealed class ChoiceFinishes(int expected = 1)
{
    private readonly HashSet<int> _running = [];
    private readonly HashSet<int> _finished = [];

    /// <summary>A choice was seen that nobody asked for.</summary>
    public bool HasMore { get; private set; }

    /// <summary>A choice was seen that is one of a whole answer: it has a message, and no pieces of one.</summary>
    public bool HasWhole { get; private set; }

    /// <summary>A choice was seen.</summary>
    public bool HasAny => _running.Count + _finished.Count > 0;

    /// <summary>A choice was seen whose index is not written as a whole number.</summary>
    public bool HasOddIndex { get; private set; }

    /// <summary>The choices observed last have texts and nulls only, under names of which every reader can read those.</summary>
    public bool HasTextOnly { get; private set; }

    public bool AllFinished => _running.Count == 0 && _finished.Count >= expected;

    /// <summary>Takes in the <c>choices</c> array of one event; false when it cannot be read.</summary>
    public bool TryObserve(ReadOnlySpan<byte> choices, out int count)
    {
        count = 0;
        HasTextOnly = true;
        int unnumbered = 0;
        Utf8JsonReader reader = new(choices, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        try
        {
            _ = reader.Read();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType != JsonTokenType.StartObject || !TryReadChoice(ref reader, count, out bool isNumbered))
                {
                    return false;
                }

                count++;
                unnumbered += isNumbered ? 0 : 1;
            }

            // Without an index, the position identifies a choice only if the event contains all of them.
            return (unnumbered == 0 || count >= expected) && reader.TokenType == JsonTokenType.EndArray && !reader.Read();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // The latter: a name with an escaped lone surrogate, which is no text.
            return false;
        }
    }

    /// <summary>Reads an index that may be written as a fraction (<c>0.0</c>) or a text (<c>"0"</c>).</summary>
    /// <param name="reader">At the value.</param>
    /// <param name="index">The index; left as it is if the value is null.</param>
    /// <returns>False for anything else.</returns>
    public static bool TryReadIndex(ref Utf8JsonReader reader, ref int index)
    {
        if (reader.TokenType is not (JsonTokenType.Number or JsonTokenType.String))
        {
            return reader.TokenType == JsonTokenType.Null;
        }

        if (!Utf8Parser.TryParse(reader.ValueSpan, out double number, out int length) || length != reader.ValueSpan.Length
            || number is not (>= int.MinValue and <= int.MaxValue) || !double.IsInteger(number))
        {
            return false;
        }

        index = (int)number;
        return true;
    }

    private bool TryReadChoice(ref Utf8JsonReader reader, int position, out bool isNumbered)
    {
        int index = position;
        isNumbered = false;
        bool finished = false;
        bool goesOn = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isIndex = reader.ValueTextEquals("index"u8);
            bool isFinish = reader.ValueTextEquals("finish_reason"u8);
            bool isMessage = reader.ValueTextEquals("message"u8);
            bool isContent = reader.ValueTextEquals("delta"u8) || reader.ValueTextEquals("text"u8);
            _ = reader.Read();
            HasTextOnly &= isContent || isIndex || reader.TokenType == JsonTokenType.Null;
            isNumbered |= isIndex && reader.TokenType != JsonTokenType.Null;
            HasWhole |= isMessage && reader.TokenType != JsonTokenType.Null;
            if (isIndex && !(reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out index)))
            {
                HasOddIndex = true;
                HasTextOnly = false;
                if (!TryReadIndex(ref reader, ref index))
                {
                    return false;
                }
            }

            finished |= isFinish && reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty;
            goesOn |= isContent && HoldsContent(ref reader);
            reader.Skip();
        }

        HasMore |= index >= expected;
        if (finished)
        {
            _ = _running.Remove(index);
            _ = _finished.Add(index);
        }
        else if (goesOn || !_finished.Contains(index))
        {
            _ = _running.Add(index);
        }

        return true;
    }

    /// <summary>Whether the value at the reader is, or has a member, other than a role, that is, neither null nor false nor empty. Reads to its end.</summary>
    private bool HoldsContent(ref Utf8JsonReader reader)
    {
        bool holds = false;
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isRole = reader.ValueTextEquals("role"u8);
                bool isText = reader.ValueTextEquals("content"u8) || reader.ValueTextEquals("reasoning"u8) || reader.ValueTextEquals("reasoning_content"u8);
                _ = reader.Read();
                HasTextOnly &= reader.TokenType == JsonTokenType.Null || (isText && reader.TokenType == JsonTokenType.String);

                // Reads to the end of the value, which may be an object in place of a role too.
                bool isEmpty = IsEmpty(ref reader);
                holds |= !isRole && !isEmpty;
            }

            return holds;
        }

        HasTextOnly &= reader.TokenType is JsonTokenType.String or JsonTokenType.Null;
        return !IsEmpty(ref reader);
    }

    private static bool IsEmpty(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            Utf8JsonReader next = reader;
            reader.Skip();
            return next.Read() && next.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray;
        }

        return reader.TokenType is JsonTokenType.Null or JsonTokenType.False || (reader.TokenType == JsonTokenType.String && reader.ValueSpan.IsEmpty);
    }
}

/// <summary>One text of a streamed answer, which comes in pieces.</summary>
/// <param name="Choice">Index of the choice.</param>
/// <param name="Member">Name of the member that holds the pieces.</param>
/// <param name="ToolCall">Index of the tool call whose arguments they are; null for another text.</param>
internal readonly record struct TextKey(int Choice, string Member, int? ToolCall);

/// <summary>The positions of the pieces of text in one choice of an event.</summary>
/// <param name="Index">The index of the choice, or else its position.</param>
/// <param name="IsFinished">Whether the choice ends with this event.</param>
/// <param name="Texts">The inside of each string, in the order in which they stand.</param>
internal sealed record ChoiceTexts(int Index, bool IsFinished, List<(TextKey Key, Range Place)> Texts)
{
    private static readonly string[] DeltaTexts = ["content", "reasoning", "reasoning_content", "refusal"];

    /// <summary>Finds the texts in the <c>choices</c> of an event; none if they cannot be read.</summary>
    public static List<ChoiceTexts> Find(ReadOnlySpan<byte> choices)
    {
        List<ChoiceTexts> found = [];
        Utf8JsonReader reader = new(choices, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        try
        {
            _ = reader.Read();
            for (int position = 0; reader.Read() && reader.TokenType == JsonTokenType.StartObject; position++)
            {
                found.Add(ReadChoice(ref reader, position));
            }
        }
        catch (JsonException)
        {
            // Left unchanged; the OpenAI client's parser reports it.
            return [];
        }

        return found;
    }

    private static ChoiceTexts ReadChoice(ref Utf8JsonReader reader, int position)
    {
        int index = IndexOf(reader, position);
        bool isFinished = false;
        List<(TextKey Key, Range Place)> texts = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isText = Is(in reader, "text"u8);
            bool isDelta = Is(in reader, "delta"u8);
            bool isFinish = Is(in reader, "finish_reason"u8);
            _ = reader.Read();
            isFinished |= isFinish && reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty;
            if (isText && reader.TokenType == JsonTokenType.String)
            {
                texts.Add((new TextKey(index, "text", null), Inside(in reader)));
            }
            else if (isDelta && reader.TokenType == JsonTokenType.StartObject)
            {
                ReadDelta(ref reader, index, texts);
            }

            reader.Skip();
        }

        return new ChoiceTexts(index, isFinished, texts);
    }

    private static void ReadDelta(ref Utf8JsonReader reader, int choice, List<(TextKey Key, Range Place)> texts)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string? name = null;
            foreach (string text in DeltaTexts)
            {
                name = !reader.ValueIsEscaped && reader.ValueTextEquals(text) ? text : name;
            }

            bool isToolCalls = Is(in reader, "tool_calls"u8);
            _ = reader.Read();
            if (name is not null && reader.TokenType == JsonTokenType.String)
            {
                texts.Add((new TextKey(choice, name, null), Inside(in reader)));
            }
            else if (isToolCalls && reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    // Without an index the call is unknown.
                    if (reader.TokenType == JsonTokenType.StartObject && FindIndex(reader) is { } call)
                    {
                        FindArguments(reader, new TextKey(choice, "arguments", call), texts);
                    }

                    reader.Skip();
                }
            }

            reader.Skip();
        }
    }

    /// <summary>Looks for the arguments of a function in the tool call at the reader, which is a copy.</summary>
    private static void FindArguments(Utf8JsonReader reader, TextKey key, List<(TextKey Key, Range Place)> texts)
    {
        if (TryFind(ref reader, "function"u8) && reader.TokenType == JsonTokenType.StartObject && TryFind(ref reader, "arguments"u8)
            && reader.TokenType == JsonTokenType.String)
        {
            texts.Add((key, Inside(in reader)));
        }
    }

    /// <summary>The index of the choice at the reader, which is a copy, read as <see cref="ChoiceFinishes"/> does; its position if it has none.</summary>
    private static int IndexOf(Utf8JsonReader reader, int position)
    {
        int index = position;
        if (TryFind(ref reader, "index"u8))
        {
            _ = ChoiceFinishes.TryReadIndex(ref reader, ref index);
        }

        return index;
    }

    /// <summary>The member <c>index</c> of the object at the reader, which is a copy.</summary>
    private static int? FindIndex(Utf8JsonReader reader) =>
        TryFind(ref reader, "index"u8) && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int index) ? index : null;

    /// <summary>Goes from the beginning of an object to the value of a member.</summary>
    private static bool TryFind(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isIt = Is(in reader, name);
            _ = reader.Read();
            if (isIt)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    // ValueTextEquals throws if an escaped name contains a lone surrogate. None of these names has escapes.
    private static bool Is(in Utf8JsonReader reader, ReadOnlySpan<byte> name) => !reader.ValueIsEscaped && reader.ValueSpan.SequenceEqual(name);

    private static Range Inside(in Utf8JsonReader reader) => ((int)reader.TokenStartIndex + 1)..((int)reader.BytesConsumed - 1);
}

/// <summary>Tells the choices of a whole answer from those of an event.</summary>
/// <remarks>
/// Whether a stream is asked for travels in the clear: a hop can ask for one, and pass its first event for the whole answer. The choices of chats
/// then have no message. Those of completions look alike in both; of a whole answer, each says why it ended.
/// </remarks>
internal static class WholeChoices
{
    /// <param name="opened">The answer.</param>
    /// <param name="hasMessages">Whether it is the answer of a chat.</param>
    /// <param name="expected">How many choices were asked for. Completions may have more prompts than those we count.</param>
    public static AnswerFault Check(DecryptedDocument opened, bool hasMessages, int expected)
    {
        _ = opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out _);
        Utf8JsonReader reader = new(choices, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        ReadOnlySpan<byte> name = hasMessages ? "message"u8 : "finish_reason"u8;
        int count = 0;
        bool areWhole = true;
        try
        {
            _ = reader.Read();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                areWhole &= reader.TokenType == JsonTokenType.StartObject && IsWhole(ref reader, name);
                reader.Skip();
                count++;
            }
        }
        catch (JsonException)
        {
            // Left for the client's own parser to judge.
            return AnswerFault.None;
        }

        return !areWhole ? AnswerFault.PayloadMissing : hasMessages && count > expected ? AnswerFault.ChoiceCount : AnswerFault.None;
    }

    /// <summary>Whether a choice has a member of this name that is an object, or a text that is not empty. Reads to the end of the choice.</summary>
    private static bool IsWhole(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        bool isWhole = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isIt = !reader.ValueIsEscaped && reader.ValueTextEquals(name);
            _ = reader.Read();
            isWhole |= isIt && (reader.TokenType == JsonTokenType.StartObject || (reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty));
            reader.Skip();
        }

        return isWhole;
    }
}
