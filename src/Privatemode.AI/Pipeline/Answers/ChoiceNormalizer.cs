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
    public static void Normalize(OpenedDocument opened, bool isEvent, bool hasOddIndex)
    {
        if (!opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out JsonTokenType kind) || kind != JsonTokenType.StartArray
            || (isEvent && !hasOddIndex && !MayBeOdd(choices)))
        {
            return;
        }

        List<Replacement> replacements = [];
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

    private static void NormalizeChoice(ref Utf8JsonReader reader, int position, bool isEvent, List<Replacement> replacements)
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
                replacements.Add(new Replacement(
                    start, (int)reader.BytesConsumed - start, Encoding.ASCII.GetBytes(index.ToString(CultureInfo.InvariantCulture))));
            }
            else if (isLogprobs)
            {
                List<Replacement> inside = [];
                bool isReadable = LogprobsAreReadable(reader, inside);
                replacements.AddRange(isReadable ? inside
                    : [new Replacement((int)reader.TokenStartIndex, 0, "null,\"original_logprobs\":"u8.ToArray())]);
            }
            else if (isCarrier && reader.TokenType == JsonTokenType.StartObject)
            {
                NormalizeMessage(ref reader, isEvent, replacements);
            }

            reader.Skip();
        }
    }

    private static void NormalizeMessage(ref Utf8JsonReader reader, bool isEvent, List<Replacement> replacements)
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
            replacements.Insert(before, new Replacement(start, 0, Encoding.ASCII.GetBytes(isEmpty ? "\"role\":\"assistant\"" : "\"role\":\"assistant\",")));
        }
    }

    /// <summary>Replaces a role that the parser does not know, and keeps it beside the new one unless it is empty.</summary>
    private static void NormalizeRole(in Utf8JsonReader reader, List<Replacement> replacements)
    {
        bool isContainer = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        bool isText = reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty;
        if (isContainer || (isText && !Roles.Contains(reader.GetString()!)))
        {
            replacements.Add(new Replacement((int)reader.TokenStartIndex, 0, "\"assistant\",\"original_role\":"u8.ToArray()));
        }
        else if (!isText)
        {
            replacements.Add(InPlace(in reader, "\"assistant\""));
        }
    }

    /// <summary>Whether the parser can read the log probabilities at the reader, which is a copy.</summary>
    /// <param name="reader">At the value.</param>
    /// <param name="inside">Receives what to replace in them so that it can.</param>
    private static bool LogprobsAreReadable(Utf8JsonReader reader, List<Replacement> inside)
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

    private static bool IsReadableList(ref Utf8JsonReader reader, List<Replacement> inside)
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
    private static bool IsReadableEntry(ref Utf8JsonReader reader, List<Replacement> inside)
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
    private static Replacement InPlace(in Utf8JsonReader reader, string text) =>
        new((int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex), Encoding.ASCII.GetBytes(text));

    // None of these names has escapes; see ChoiceTexts.
    private static bool Is(in Utf8JsonReader reader, ReadOnlySpan<byte> name) => !reader.ValueIsEscaped && reader.ValueSpan.SequenceEqual(name);
}
