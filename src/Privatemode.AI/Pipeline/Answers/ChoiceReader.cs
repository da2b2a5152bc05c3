using System.Buffers.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>One pass over the choices of an answer or of an event: which have begun and finished, and whether they need correction.</summary>
/// <remarks>
/// The end mark is not authenticated, so anything on the path can write it. A stream is complete only if, for every choice
/// index seen, an encrypted <c>finish_reason</c>, neither null nor empty, was decrypted before it. A choice that continues after its
/// finish must finish again; an event that adds nothing to it, as some servers send with the result of a content filter, changes nothing.
/// </remarks>
/// <param name="expected">How many choices were requested, because an attacker could drop all events of one.</param>
internal sealed class ChoiceReader(int expected = 1)
{
    private readonly List<int> _indexes = [];
    private HashSet<int>? _running;
    private HashSet<int>? _finished;
    private List<ChoiceTexts>? _texts;
    private bool _isWhole;
    private bool _isOdd;
    private int _unnumbered;
    private int _messages;
    private int _finishes;

    /// <summary>Whether there was a choice that was not requested.</summary>
    public bool HasMore { get; private set; }

    /// <summary>Whether there was a choice with an index that no answer has: nothing is recorded about it.</summary>
    public bool HasOutOfRange { get; private set; }

    /// <summary>Whether there was a choice of a complete answer: it has a message, and no pieces of one.</summary>
    public bool HasWhole { get; private set; }

    /// <summary>Whether there was a choice.</summary>
    public bool HasAny => Running + Finished > 0;

    /// <summary>Whether the choices read last need no correction: they have only texts and nulls, in members where every reader accepts them.</summary>
    public bool HasTextOnly { get; private set; }

    public bool AllFinished => Running == 0 && Finished >= expected;

    private int Running => _running?.Count ?? 0;

    private int Finished => _finished?.Count ?? 0;

    /// <summary>The indexes of the choices read last. A choice without an index has its position instead.</summary>
    public IReadOnlyList<int> Indexes => _indexes;

    /// <summary>Reads the <c>choices</c> of one event; false if they cannot be read.</summary>
    public bool TryRead(ReadOnlySpan<byte> choices)
    {
        // Without an index, the position identifies a choice only if the event contains all of them.
        return TryReadAll(choices) && !_isOdd && (_unnumbered == 0 || _indexes.Count >= expected);
    }

    /// <summary>Checks that the choices are those of a complete answer and not of an event.</summary>
    /// <remarks>
    /// Whether a stream is requested is sent in the clear: an attacker can request one, and pass off its first event as the complete answer. The choices of
    /// chats then have no message. Those of completions look alike in both; in a complete answer, each states why it ended. Completions may have more choices
    /// than <paramref name="expected"/>, because not all prompts are counted.
    /// </remarks>
    public static AnswerFault CheckWhole(DecryptedDocument decrypted, bool hasMessages, int expected)
    {
        _ = decrypted.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out _);
        ChoiceReader reader = new(expected) { _isWhole = true };
        if (!reader.TryReadAll(choices))
        {
            // Left unchanged, so that the client's own parser throws.
            return AnswerFault.None;
        }

        int count = reader._indexes.Count;
        bool areWhole = (hasMessages ? reader._messages : reader._finishes) == count;
        return !areWhole ? AnswerFault.PayloadMissing : hasMessages && count > expected ? AnswerFault.ChoiceCount : AnswerFault.None;
    }

    /// <summary>Finds the texts of the choices of an event; empty if they cannot be read.</summary>
    public static IReadOnlyList<ChoiceTexts> FindTexts(ReadOnlySpan<byte> choices)
    {
        ChoiceReader reader = new() { _texts = [] };
        return reader.TryRead(choices) ? reader._texts : [];
    }

    /// <summary>Reads an index that may be written as a fraction (<c>0.0</c>) or a text (<c>"0"</c>).</summary>
    /// <param name="reader">At the value.</param>
    /// <param name="index">The index; unchanged if the value is null.</param>
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

    /// <summary>Reads all choices; false if they are not JSON, or not an array.</summary>
    private bool TryReadAll(ReadOnlySpan<byte> choices)
    {
        _indexes.Clear();
        (HasTextOnly, _isOdd, _unnumbered) = (true, false, 0);
        Utf8JsonReader reader = new(choices, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
        try
        {
            _ = reader.Read();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType == JsonTokenType.StartObject)
                {
                    ReadChoice(ref reader);
                    continue;
                }

                _isOdd = true;
                _indexes.Add(_indexes.Count);
                reader.Skip();
            }

            return reader.TokenType == JsonTokenType.EndArray && !reader.Read();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // An escaped lone surrogate in a name causes an InvalidOperationException.
            return false;
        }
    }

    private void ReadChoice(ref Utf8JsonReader reader)
    {
        int index = _indexes.Count;
        bool isNumbered = false;
        bool isFinished = false;
        bool goesOn = false;
        bool hasMessage = false;
        List<TextPiece>? texts = _texts is null ? null : [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isIndex = reader.ValueTextEquals("index"u8);
            bool isFinish = reader.ValueTextEquals("finish_reason"u8);
            bool isMessage = reader.ValueTextEquals("message"u8);
            bool isText = reader.ValueTextEquals("text"u8);
            bool isContent = isText || reader.ValueTextEquals("delta"u8);
            _ = reader.Read();
            bool isFilledText = reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty;
            HasTextOnly &= isContent || isIndex || reader.TokenType == JsonTokenType.Null;
            HasWhole |= isMessage && reader.TokenType != JsonTokenType.Null;
            hasMessage |= isMessage && (isFilledText || reader.TokenType == JsonTokenType.StartObject);
            isFinished |= isFinish && isFilledText;
            isNumbered |= isIndex && reader.TokenType != JsonTokenType.Null;
            if (isIndex && !(reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out index)))
            {
                HasTextOnly = false;
                _isOdd |= !TryReadIndex(ref reader, ref index);
            }

            if (isText && reader.TokenType == JsonTokenType.String)
            {
                texts?.Add(new TextPiece("text", null, Inside(in reader)));
            }

            goesOn |= isContent && HoldsContent(ref reader, texts);
            reader.Skip();
        }

        _texts?.Add(new ChoiceTexts(index, isFinished, texts!));
        _messages += hasMessage ? 1 : 0;
        _finishes += isFinished ? 1 : 0;
        _unnumbered += isNumbered ? 0 : 1;
        _indexes.Add(index);
        HasMore |= index < 0 || index >= expected;
        bool isOutOfRange = index < 0 || index >= Math.Max(expected, AnswerLimits.MaxChoices);
        HasOutOfRange |= isOutOfRange;
        if (!_isWhole && !isOutOfRange)
        {
            Count(index, isFinished, goesOn);
        }
    }

    /// <summary>Records that a choice has begun or finished. An event that adds nothing to a finished choice changes nothing.</summary>
    private void Count(int index, bool isFinished, bool goesOn)
    {
        if (isFinished)
        {
            _ = _running?.Remove(index);
            _ = (_finished ??= []).Add(index);
        }
        else if (goesOn || _finished?.Contains(index) != true)
        {
            _ = (_running ??= []).Add(index);
        }
    }

    /// <summary>Whether a value, or a member of it other than its role, is not null, false or empty. Moves the reader to the end of the value.</summary>
    private bool HoldsContent(ref Utf8JsonReader reader, List<TextPiece>? texts)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            HasTextOnly &= reader.TokenType is JsonTokenType.String or JsonTokenType.Null;
            return !IsEmpty(ref reader);
        }

        bool holds = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isRole = reader.ValueTextEquals("role"u8);
            bool isText = reader.ValueTextEquals("content"u8) || reader.ValueTextEquals("reasoning"u8) || reader.ValueTextEquals("reasoning_content"u8);
            if (texts is not null)
            {
                FindTexts(reader, isText || reader.ValueTextEquals("refusal"u8), texts);
            }

            _ = reader.Read();
            HasTextOnly &= reader.TokenType == JsonTokenType.Null || (isText && reader.TokenType == JsonTokenType.String);

            // This moves the reader to the end of the value, so it is needed for a role too, whose value may be an object.
            bool isEmpty = IsEmpty(ref reader);
            holds |= !isRole && !isEmpty;
        }

        return holds;
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

    /// <summary>Finds the text, or the arguments of tool calls, in the member at the reader, which is a copy.</summary>
    private static void FindTexts(Utf8JsonReader reader, bool isText, List<TextPiece> texts)
    {
        string name = reader.GetString()!;
        _ = reader.Read();
        if (isText && reader.TokenType == JsonTokenType.String)
        {
            texts.Add(new TextPiece(name, null, Inside(in reader)));
        }
        else if (name == "tool_calls" && reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                // Without an index, the call cannot be identified.
                if (reader.TokenType == JsonTokenType.StartObject && FindIndex(reader) is { } call)
                {
                    FindArguments(reader, call, texts);
                }

                reader.Skip();
            }
        }
    }

    /// <summary>Looks for the arguments of a function in the tool call at the reader, which is a copy.</summary>
    private static void FindArguments(Utf8JsonReader reader, int toolCall, List<TextPiece> texts)
    {
        if (TryFind(ref reader, "function"u8) && reader.TokenType == JsonTokenType.StartObject && TryFind(ref reader, "arguments"u8)
            && reader.TokenType == JsonTokenType.String)
        {
            texts.Add(new TextPiece("arguments", toolCall, Inside(in reader)));
        }
    }

    /// <summary>The member <c>index</c> of the object at the reader, which is a copy.</summary>
    private static int? FindIndex(Utf8JsonReader reader) =>
        TryFind(ref reader, "index"u8) && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int index) ? index : null;

    /// <summary>Moves from the beginning of an object to the value of a member.</summary>
    private static bool TryFind(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isIt = reader.ValueTextEquals(name);
            _ = reader.Read();
            if (isIt)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    private static Range Inside(in Utf8JsonReader reader) => ((int)reader.TokenStartIndex + 1)..((int)reader.BytesConsumed - 1);
}

/// <summary>A piece of a text in a choice.</summary>
/// <param name="Member">Name of the member.</param>
/// <param name="ToolCall">Index of the tool call if the text is its arguments; otherwise null.</param>
/// <param name="Place">The range of the string, without its quotes, in the JSON text of the choices.</param>
internal readonly record struct TextPiece(string Member, int? ToolCall, Range Place);

/// <summary>The pieces of text in one choice of an event.</summary>
/// <param name="Index">The index of the choice, or its position if it has no index.</param>
/// <param name="IsFinished">Whether the choice ends with this event.</param>
/// <param name="Texts">The pieces, in their order in the event.</param>
internal sealed record ChoiceTexts(int Index, bool IsFinished, List<TextPiece> Texts);
