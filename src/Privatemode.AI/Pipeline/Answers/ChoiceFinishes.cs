using System.Buffers.Text;
using System.Text.Json;
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
