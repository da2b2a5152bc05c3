using System.Globalization;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Corrects the choices of an answer, or of its events, in one pass if OpenAI's parser would throw on them.</summary>
/// <remarks>
/// A replaced role or list of log probabilities is kept as <c>original_role</c> or <c>original_logprobs</c>. The finish reasons <c>abort</c> and
/// <c>error</c> mean that the model server did not finish the answer: a failure, not an answer. Every other unknown word becomes <c>length</c>, because the
/// answer may be incomplete, and is recorded in the scope of the call. For completions, which have no messages, only index and log
/// probabilities are corrected. Readable parts stay byte for byte. There is one instance for each answer.
/// </remarks>
/// <param name="hasMessages">Whether it is the answer of a chat.</param>
/// <param name="isEvent">Whether messages arrive in pieces, as <c>delta</c>; otherwise complete, as <c>message</c>.</param>
/// <param name="requestId">The request ID, for exceptions.</param>
/// <param name="scope">Where unknown finish reasons are recorded; null if they are not needed.</param>
internal sealed class ChoiceNormalizer(bool hasMessages, bool isEvent, string requestId, ReceiptScope? scope)
{
    // OpenAI's parser ignores case.
    private static readonly HashSet<string> FinishReasons =
        new(StringComparer.OrdinalIgnoreCase) { "stop", "length", "tool_calls", "content_filter", "function_call" };

    private readonly List<TextReplacement> _replacements = [];
    private MessageNormalizer? _messages;
    private bool _partReturned;

    /// <summary>Corrects the tool calls of the messages.</summary>
    public ToolCallNormalizer ToolCalls => field ??= new ToolCallNormalizer(requestId);

    /// <summary>Corrects the choices of the answer, or of the next event, whose choices have these <paramref name="indexes"/>.</summary>
    /// <exception cref="PrivatemodeServiceException">The model server did not finish the answer.</exception>
    public void Normalize(DecryptedDocument decrypted, IReadOnlyList<int> indexes, bool partReturned = false)
    {
        if (!decrypted.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out JsonTokenType kind) || kind != JsonTokenType.StartArray)
        {
            return;
        }

        _partReturned = partReturned;
        _replacements.Clear();
        _messages ??= new MessageNormalizer(isEvent, () => ToolCalls, _replacements);
        _messages.Renamed = 0;
        Utf8JsonReader reader = new(choices, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
        try
        {
            _ = reader.Read();
            for (int position = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; position++)
            {
                if (reader.TokenType == JsonTokenType.StartObject)
                {
                    NormalizeChoice(ref reader, choices, position, position < indexes.Count ? indexes[position] : position);
                }

                reader.Skip();
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Left unchanged, so that the client's own parser throws. An escaped lone surrogate causes an InvalidOperationException.
            return;
        }

        if (_replacements.Count > 0)
        {
            decrypted.Replace("choices"u8, _replacements);
        }
    }

    /// <summary>Throws if a member occurs twice, because readers differ in which of the two they use.</summary>
    /// <exception cref="JsonException">The member exists already.</exception>
    public static void ThrowIfRepeated(ref bool isFound)
    {
        if (isFound)
        {
            throw new JsonException("A name occurs twice.");
        }

        isFound = true;
    }

    /// <param name="reader">A reader at the start of the choice. After the call, it is at the end of the choice.</param>
    /// <param name="choices">The JSON text that the reader reads.</param>
    /// <param name="position">The position of the choice in the list, which replaces an index that cannot be read.</param>
    /// <param name="choice">The index of the choice.</param>
    private void NormalizeChoice(ref Utf8JsonReader reader, ReadOnlySpan<byte> choices, int position, int choice)
    {
        bool hasFinish = false;
        bool hasMessage = false;
        for (int before = (int)reader.BytesConsumed; reader.Read() && reader.TokenType == JsonTokenType.PropertyName; before = (int)reader.BytesConsumed)
        {
            bool isIndex = reader.ValueTextEquals("index"u8);
            bool isLogprobs = reader.ValueTextEquals("logprobs"u8);
            bool isFinish = hasMessages && reader.ValueTextEquals("finish_reason"u8);
            bool isMessage = hasMessages && reader.ValueTextEquals(isEvent ? "delta"u8 : "message"u8);
            int start = (int)reader.TokenStartIndex;
            _ = reader.Read();
            if (isIndex)
            {
                NormalizeIndex(ref reader, position);
            }
            else if (isLogprobs)
            {
                LogprobsNormalizer.Normalize(reader, _replacements);
            }
            else if (isFinish)
            {
                NormalizeFinish(ref reader, choices, choice, before, start);
                ThrowIfRepeated(ref hasFinish);
            }
            else if (isMessage)
            {
                ThrowIfRepeated(ref hasMessage);
                _messages!.Normalize(ref reader, choices, choice);
            }

            reader.Skip();
        }
    }

    private void NormalizeIndex(ref Utf8JsonReader reader, int position)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out _))
        {
            return;
        }

        int index = position;
        int start = (int)reader.TokenStartIndex;
        _ = ChoiceReader.TryReadIndex(ref reader, ref index);
        reader.Skip();
        Replace(start, (int)reader.BytesConsumed, Encoding.ASCII.GetBytes(index.ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>Corrects a finish reason. An unknown word becomes <c>length</c>. An empty text, or a value that is not a text, becomes null in an event; in a
    /// complete answer, the member is removed, even if it is null.</summary>
    /// <param name="reader">A reader at the value.</param>
    /// <param name="choices">The JSON text that the reader reads.</param>
    /// <param name="choice">The index of the choice.</param>
    /// <param name="before">The end of the text before the member.</param>
    /// <param name="start">The beginning of the name of the member.</param>
    private void NormalizeFinish(ref Utf8JsonReader reader, ReadOnlySpan<byte> choices, int choice, int before, int start)
    {
        int valueStart = (int)reader.TokenStartIndex;
        if (reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty)
        {
            string reason = reader.GetString()!;
            if (reason is "abort" or "error")
            {
                throw PrivatemodeServiceException.BrokenOff(reason, requestId, _partReturned);
            }

            if (!FinishReasons.Contains(reason))
            {
                scope?.AddFinishReason(choice, reason);
                Replace(valueStart, (int)reader.BytesConsumed, "\"length\""u8.ToArray());
            }
        }
        else if (isEvent && reader.TokenType != JsonTokenType.Null)
        {
            reader.Skip();
            Replace(valueStart, (int)reader.BytesConsumed, "null"u8.ToArray());
        }
        else if (!isEvent)
        {
            reader.Skip();
            Remove(choices, before, start, (int)reader.BytesConsumed);
        }
    }

    /// <summary>Removes a member, with the comma before it or, if it is the first, after it.</summary>
    private void Remove(ReadOnlySpan<byte> choices, int before, int start, int end)
    {
        if (choices[before - 1] != (byte)'{')
        {
            Replace(before, end, []);
            return;
        }

        int next = end + choices[end..].IndexOfAnyExcept(" \t\r\n"u8);
        Replace(start, choices[next] == (byte)',' ? next + 1 : end, []);
    }

    private void Replace(int start, int end, byte[] text) => _replacements.Add(new TextReplacement(start, end - start, text));
}

/// <summary>Replaces log probabilities that OpenAI's parser cannot read with null, and keeps them as <c>original_logprobs</c>.</summary>
internal static class LogprobsNormalizer
{
    /// <param name="reader">A copy of the caller's reader, at the value.</param>
    /// <param name="replacements">Receives the replacements.</param>
    public static void Normalize(Utf8JsonReader reader, List<TextReplacement> replacements)
    {
        int count = replacements.Count;
        int start = (int)reader.TokenStartIndex;
        if (!AreReadable(ref reader, replacements))
        {
            replacements.RemoveRange(count, replacements.Count - count);
            replacements.Add(new TextReplacement(start, 0, "null,\"original_logprobs\":"u8.ToArray()));
        }
    }

    private static bool AreReadable(ref Utf8JsonReader reader, List<TextReplacement> replacements)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return reader.TokenType == JsonTokenType.Null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isList = reader.ValueTextEquals("content"u8) || reader.ValueTextEquals("refusal"u8);
            _ = reader.Read();
            if (isList && reader.TokenType != JsonTokenType.Null && !IsReadableList(ref reader, replacements))
            {
                return false;
            }

            reader.Skip();
        }

        return true;
    }

    private static bool IsReadableList(ref Utf8JsonReader reader, List<TextReplacement> replacements)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject || !IsReadableEntry(ref reader, replacements))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether OpenAI's parser can read an entry. It cannot read null, which servers write for a probability of zero.</summary>
    private static bool IsReadableEntry(ref Utf8JsonReader reader, List<TextReplacement> replacements)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isToken = reader.ValueTextEquals("token"u8);
            bool isLogprob = reader.ValueTextEquals("logprob"u8);
            bool isBytes = reader.ValueTextEquals("bytes"u8);
            bool isTop = reader.ValueTextEquals("top_logprobs"u8);
            _ = reader.Read();
            bool isNull = reader.TokenType == JsonTokenType.Null;
            bool isReadable = isToken ? isNull || reader.TokenType == JsonTokenType.String
                : isLogprob ? reader.TokenType == JsonTokenType.Number
                : isBytes ? isNull || AreBytes(ref reader)
                : !isTop || isNull || IsReadableList(ref reader, replacements);
            if (!isReadable)
            {
                return false;
            }

            if (isTop && isNull)
            {
                replacements.Add(new TextReplacement((int)reader.TokenStartIndex, "null".Length, "[]"u8.ToArray()));
            }

            reader.Skip();
        }

        return true;
    }

    private static bool AreBytes(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetByte(out _))
            {
                return false;
            }
        }

        return true;
    }
}
