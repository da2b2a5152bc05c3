using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Makes messages of an answer, whole or in pieces, readable for OpenAI's parser where a model server writes them differently.</summary>
/// <remarks>
/// Content is text or a list of parts to the parser, and it throws on parts of kinds it does not know. Content that is other JSON becomes its text;
/// of a list, see <see cref="ContentParts"/>, and of members inside of members, <see cref="MessageDetails"/>. Other members of a kind the parser
/// cannot read mostly say nothing, such as <c>"tool_calls":""</c>, and become null. What says something is not dropped: a single tool call becomes a
/// list, a refusal its text, and the rest is left for the parser to throw on. What can be read stays byte for byte.
/// </remarks>
internal static class MessageNormalizer
{
    // The replacement of a longer one would take as much memory again.
    private const int LongestValue = 1024 * 1024;

    // Names that OpenAI's parser reads and that no other normalizer corrects.
    private static readonly (byte[] Name, JsonTokenType Kind)[] Members =
    [
        ("annotations"u8.ToArray(), JsonTokenType.StartArray), ("audio"u8.ToArray(), JsonTokenType.StartObject),
        ("content"u8.ToArray(), JsonTokenType.String), ("function_call"u8.ToArray(), JsonTokenType.StartObject),
        ("refusal"u8.ToArray(), JsonTokenType.String), ("tool_calls"u8.ToArray(), JsonTokenType.StartArray),
    ];

    /// <summary>Corrects the messages of all choices.</summary>
    /// <param name="opened">The answer, or an event of it.</param>
    /// <param name="isEvent">Whether messages come in pieces, under <c>delta</c>, and not whole, under <c>message</c>.</param>
    public static void Normalize(OpenedDocument opened, bool isEvent)
    {
        if (!opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out JsonTokenType kind) || kind != JsonTokenType.StartArray)
        {
            return;
        }

        // Created for the first replacement only, because this runs for every event of a stream.
        List<Replacement>? replacements = null;
        Utf8JsonReader reader = new(choices, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        try
        {
            _ = reader.Read();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                NormalizeChoice(ref reader, choices, isEvent ? "delta"u8 : "message"u8, ref replacements);
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Left unchanged; the OpenAI client's parser reports it.
            return;
        }

        if (replacements is not null)
        {
            opened.Replace("choices"u8, replacements);
        }
    }

    private static void NormalizeChoice(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> choices, ReadOnlySpan<byte> carrier, ref List<Replacement>? replacements)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isCarrier = reader.ValueTextEquals(carrier);
            _ = reader.Read();
            if (isCarrier && reader.TokenType == JsonTokenType.StartObject)
            {
                NormalizeMessage(ref reader, choices, ref replacements);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static void NormalizeMessage(ref Utf8JsonReader reader, ReadOnlySpan<byte> choices, ref List<Replacement>? replacements)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            JsonTokenType expected = KindOf(ref reader);
            bool isContent = expected == JsonTokenType.String && reader.ValueTextEquals("content"u8);
            bool isRefusal = expected == JsonTokenType.String && !isContent;
            bool isToolCalls = expected == JsonTokenType.StartArray && reader.ValueTextEquals("tool_calls"u8);
            bool isAnnotations = expected == JsonTokenType.StartArray && reader.ValueTextEquals("annotations"u8);
            bool hasDetails = expected is JsonTokenType.StartObject or JsonTokenType.StartArray && !isToolCalls;
            _ = reader.Read();
            JsonTokenType kind = reader.TokenType;
            Utf8JsonReader inside = reader;
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            ReadOnlySpan<byte> value = choices[start..(int)reader.BytesConsumed];
            byte[]? rewritten = expected == JsonTokenType.None || kind == JsonTokenType.Null ? null
                : isContent && kind == JsonTokenType.StartArray ? ContentParts.Rewrite(value)
                : isAnnotations && kind == JsonTokenType.StartArray ? ContentParts.OnlyObjects(value)
                : kind == expected ? null
                : isContent ? value.Length <= LongestValue ? ContentParts.Quote(value) : null
                : isAnnotations || SaysNothing(value) ? "null"u8.ToArray()
                : value.Length > LongestValue ? null
                : isRefusal ? ContentParts.Quote(value)
                : isToolCalls && kind == JsonTokenType.StartObject ? [.. "["u8, .. value, .. "]"u8]
                : null;
            if (rewritten is not null)
            {
                (replacements ??= []).Add(new Replacement(start, value.Length, rewritten));
            }
            else if (hasDetails && kind == expected)
            {
                MessageDetails.Rename(ref inside, ref replacements);
            }
        }
    }

    /// <summary>Whether a value is false, or a text, a list or an object without anything in it.</summary>
    private static bool SaysNothing(ReadOnlySpan<byte> value) =>
        value.SequenceEqual("false"u8) || (value[0] is (byte)'"' or (byte)'{' or (byte)'[' && value[1..^1].Trim(" \t\r\n"u8).IsEmpty);

    /// <summary>The kind of value the member at the reader needs, beside null; none if any will do.</summary>
    private static JsonTokenType KindOf(ref Utf8JsonReader reader)
    {
        foreach ((byte[] name, JsonTokenType kind) in Members)
        {
            if (reader.ValueTextEquals(name))
            {
                return kind;
            }
        }

        return JsonTokenType.None;
    }
}
