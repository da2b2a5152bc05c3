using System.Globalization;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Makes index, role and log probabilities of choices readable for OpenAI's parser, which throws on values it does not
/// expect.</summary>
/// <remarks>A replaced value is kept under another name: <c>original_role</c>, <c>original_logprobs</c>.</remarks>
internal static class ChoiceNormalizer
{
    // The parser compares without case.
    private static readonly HashSet<string> Roles =
        new(StringComparer.OrdinalIgnoreCase) { "assistant", "system", "user", "tool", "function", "developer" };

    /// <summary>Corrects the choices of an answer or event.</summary>
    /// <param name="opened">The answer or event.</param>
    /// <param name="isEvent">False for a whole answer, in which every message needs a role.</param>
    /// <param name="hasOddIndex">Whether a choice has an index that is not written as a whole number.</param>
    public static void Normalize(DecryptedDocument opened, bool isEvent, bool hasOddIndex)
    {
        if (!opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out JsonTokenType kind) || kind != JsonTokenType.StartArray
            || (isEvent && !hasOddIndex && !MayBeOdd(choices)))
        {
            return;
        }

        List<TextReplacement> replacements = [];
        Utf8JsonReader reader = new(choices, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        try
        {
            _ = reader.Read();
            for (int position = 0; reader.Read() && reader.TokenType == JsonTokenType.StartObject; position++)
            {
                NormalizeChoice(ref reader, position, isEvent, replacements);
            }
        }
        catch (JsonException)
        {
            // Left unchanged; the OpenAI client's parser reports it.
            return;
        }

        if (replacements.Count > 0)
        {
            opened.Replace("choices"u8, replacements);
        }
    }

    /// <summary>Whether there may be something to correct. Most events have no role and no log probabilities, and a search is faster than a reader.</summary>
    private static bool MayBeOdd(ReadOnlySpan<byte> choices)
    {
        bool mayBe = choices.IndexOf("\"role\""u8) >= 0;
        for (int i = 0; !mayBe && (i = choices.IndexOf("\"logprobs\":"u8)) >= 0;)
        {
            choices = choices[(i + "\"logprobs\":".Length)..];
            mayBe = !choices.StartsWith("null"u8);
        }

        return mayBe;
    }

    private static void NormalizeChoice(ref Utf8JsonReader reader, int position, bool isEvent, List<TextReplacement> replacements)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isIndex = Is(in reader, "index"u8);
            bool isLogprobs = Is(in reader, "logprobs"u8);
            bool isCarrier = Is(in reader, isEvent ? "delta"u8 : "message"u8);
            _ = reader.Read();
            if (isIndex && !(reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out _)))
            {
                int index = position;
                int start = (int)reader.TokenStartIndex;
                _ = ChoiceFinishes.TryReadIndex(ref reader, ref index);
                reader.Skip();
                replacements.Add(new TextReplacement(
                    start, (int)reader.BytesConsumed - start, Encoding.ASCII.GetBytes(index.ToString(CultureInfo.InvariantCulture))));
            }
            else if (isLogprobs)
            {
                List<TextReplacement> inside = [];
                bool isReadable = LogprobsAreReadable(reader, inside);
                replacements.AddRange(isReadable ? inside
                    : [new TextReplacement((int)reader.TokenStartIndex, 0, "null,\"original_logprobs\":"u8.ToArray())]);
            }
            else if (isCarrier && reader.TokenType == JsonTokenType.StartObject)
            {
                NormalizeMessage(ref reader, isEvent, replacements);
            }

            reader.Skip();
        }
    }

    private static void NormalizeMessage(ref Utf8JsonReader reader, bool isEvent, List<TextReplacement> replacements)
    {
        int start = (int)reader.BytesConsumed;
        int before = replacements.Count;
        bool hasRole = false;
        bool isEmpty = true;
        for (; reader.Read() && reader.TokenType == JsonTokenType.PropertyName; isEmpty = false)
        {
            bool isRole = Is(in reader, "role"u8);
            _ = reader.Read();
            hasRole |= isRole;
            if (isRole && !(isEvent && reader.TokenType == JsonTokenType.Null))
            {
                NormalizeRole(in reader, replacements);
            }

            reader.Skip();
        }

        if (!isEvent && !hasRole)
        {
            replacements.Insert(before, new TextReplacement(start, 0, Encoding.ASCII.GetBytes(isEmpty ? "\"role\":\"assistant\"" : "\"role\":\"assistant\",")));
        }
    }

    /// <summary>Replaces a role that the parser does not know, and keeps it beside the new one unless it is empty.</summary>
    private static void NormalizeRole(in Utf8JsonReader reader, List<TextReplacement> replacements)
    {
        bool isContainer = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        bool isText = reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty;
        if (isContainer || (isText && !Roles.Contains(reader.GetString()!)))
        {
            replacements.Add(new TextReplacement((int)reader.TokenStartIndex, 0, "\"assistant\",\"original_role\":"u8.ToArray()));
        }
        else if (!isText)
        {
            replacements.Add(InPlace(in reader, "\"assistant\""));
        }
    }

    /// <summary>Whether the parser can read the log probabilities at the reader, which is a copy.</summary>
    /// <param name="reader">At the value.</param>
    /// <param name="inside">Receives what to replace in them so that it can.</param>
    private static bool LogprobsAreReadable(Utf8JsonReader reader, List<TextReplacement> inside)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return reader.TokenType == JsonTokenType.Null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isList = Is(in reader, "content"u8) || Is(in reader, "refusal"u8);
            _ = reader.Read();
            if (isList && reader.TokenType != JsonTokenType.Null && !IsReadableList(ref reader, inside))
            {
                return false;
            }

            reader.Skip();
        }

        return true;
    }

    private static bool IsReadableList(ref Utf8JsonReader reader, List<TextReplacement> inside)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject || !IsReadableEntry(ref reader, inside))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether the parser can read an entry. It cannot read a null probability, which servers write for zero, and no number may be invented.</summary>
    private static bool IsReadableEntry(ref Utf8JsonReader reader, List<TextReplacement> inside)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isToken = Is(in reader, "token"u8);
            bool isLogprob = Is(in reader, "logprob"u8);
            bool isBytes = Is(in reader, "bytes"u8);
            bool isTop = Is(in reader, "top_logprobs"u8);
            _ = reader.Read();
            bool isNull = reader.TokenType == JsonTokenType.Null;
            bool isReadable = isToken ? isNull || reader.TokenType == JsonTokenType.String
                : isLogprob ? reader.TokenType == JsonTokenType.Number
                : isBytes ? isNull || AreBytes(ref reader)
                : !isTop || isNull || IsReadableList(ref reader, inside);
            if (!isReadable)
            {
                return false;
            }

            if (isTop && isNull)
            {
                inside.Add(InPlace(in reader, "[]"));
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

    /// <summary>Replaces the value at the reader, which is neither an object nor an array.</summary>
    private static TextReplacement InPlace(in Utf8JsonReader reader, string text) =>
        new((int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex), Encoding.ASCII.GetBytes(text));

    // None of these names has escapes; see ChoiceTexts.
    private static bool Is(in Utf8JsonReader reader, ReadOnlySpan<byte> name) => !reader.ValueIsEscaped && reader.ValueSpan.SequenceEqual(name);
}

/// <summary>Makes finish reasons readable for OpenAI's parser, which throws on words it does not know.</summary>
/// <remarks>
/// <c>abort</c> and <c>error</c> say that the model server broke the answer off: a failure, not an answer. Every other unknown word becomes
/// <c>length</c>, because the answer may not be whole, and is kept beside it as <c>original_finish_reason</c>.
/// </remarks>
internal static class FinishReasonNormalizer
{
    // The parser compares without case.
    private static readonly HashSet<string> Known =
        new(StringComparer.OrdinalIgnoreCase) { "stop", "length", "tool_calls", "content_filter", "function_call" };

    /// <summary>Puts the finish reasons of an answer, or of an event of it, right.</summary>
    /// <param name="opened">The answer or event.</param>
    /// <param name="isEvent">False for a whole answer, in which null is as unknown as a foreign word. What is not text is no reason in either.</param>
    /// <param name="requestId">For the exception.</param>
    /// <param name="handedOut">For the exception: a part of the answer has gone to the caller.</param>
    /// <exception cref="PrivatemodeServiceException">The model server broke the answer off.</exception>
    public static void Normalize(DecryptedDocument opened, bool isEvent, string requestId, bool handedOut = false)
    {
        if (!opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out JsonTokenType kind) || kind != JsonTokenType.StartArray)
        {
            return;
        }

        if (NeedsWork(choices, isEvent, requestId, handedOut))
        {
            opened.Replace("choices"u8, Rewrite(choices, isEvent));
        }
    }

    /// <summary>One short pass without allocations, since it runs for every event of a stream.</summary>
    private static bool NeedsWork(ReadOnlySpan<byte> choices, bool isEvent, string requestId, bool handedOut)
    {
        bool needsWork = false;
        Utf8JsonReader reader = new(choices, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        try
        {
            while (reader.Read())
            {
                // Depth 1 is a choice, 2 its members.
                if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 2 && reader.ValueTextEquals("finish_reason"u8))
                {
                    _ = reader.Read();
                    needsWork |= reader.TokenType == JsonTokenType.Null ? !isEvent
                        : reader.TokenType != JsonTokenType.String || !IsReadable(ref reader, requestId, handedOut);
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Left as it is for the client's own parser to judge.
        }

        return needsWork;
    }

    private static bool IsReadable(ref Utf8JsonReader reader, string requestId, bool handedOut)
    {
        if (reader.ValueTextEquals("stop"u8) || reader.ValueTextEquals("tool_calls"u8))
        {
            return true;
        }

        string reason = reader.GetString()!;
        return reason is "abort" or "error" ? throw PrivatemodeServiceException.BrokenOff(reason, requestId, handedOut) : Known.Contains(reason);
    }

    /// <summary>What to put in place of the members that cannot be read; nothing if a choice has two.</summary>
    private static List<TextReplacement> Rewrite(ReadOnlySpan<byte> choices, bool isEvent)
    {
        List<TextReplacement> replacements = [];
        Utf8JsonReader reader = new(choices, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        bool isFound = false;
        try
        {
            for (Range before = default; reader.Read(); before = (int)reader.TokenStartIndex..(int)reader.BytesConsumed)
            {
                isFound &= reader.TokenType != JsonTokenType.StartObject || reader.CurrentDepth != 1;
                if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 2 || !reader.ValueTextEquals("finish_reason"u8))
                {
                    continue;
                }

                if (isFound)
                {
                    return [];
                }

                isFound = true;
                int start = (int)reader.TokenStartIndex;
                _ = reader.Read();
                int valueStart = (int)reader.TokenStartIndex;
                byte[]? value = Rewrite(ref reader, isEvent);
                reader.Skip();
                if (value is not null)
                {
                    replacements.Add(value.Length > 0
                        ? new TextReplacement(valueStart, (int)reader.BytesConsumed - valueStart, value)
                        : Removal(choices, before, start..(int)reader.BytesConsumed));
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Left as it is for the client's own parser to judge.
            return [];
        }

        return replacements;
    }

    /// <summary>What to put in place of the value at the reader: nothing to remove the member, null to leave it.</summary>
    private static byte[]? Rewrite(ref Utf8JsonReader reader, bool isEvent)
    {
        if (reader.TokenType != JsonTokenType.String || reader.ValueSpan.IsEmpty)
        {
            return !isEvent ? [] : reader.TokenType == JsonTokenType.Null ? null : "null"u8.ToArray();
        }

        return Known.Contains(reader.GetString()!) ? null : [.. "\"length\",\"original_finish_reason\":\""u8, .. reader.ValueSpan, .. "\""u8];
    }

    /// <summary>Takes a member out, with the comma before it or, if it is the first, behind it.</summary>
    private static TextReplacement Removal(ReadOnlySpan<byte> choices, Range before, Range member)
    {
        (int start, int end) = (member.Start.Value, member.End.Value);
        if (choices[before][0] != (byte)'{')
        {
            return new TextReplacement(before.End.Value, end - before.End.Value, []);
        }

        int next = end + choices[end..].IndexOfAnyExcept(" \t\r\n"u8);
        end = choices[next] == (byte)',' ? next + 1 : end;
        return new TextReplacement(start, end - start, []);
    }
}
