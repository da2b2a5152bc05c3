using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Rewrites parts of the <c>choices</c> of an opened answer, or of an event of it, where OpenAI's parser would stumble.</summary>
/// <remarks>
/// The choices may be many megabytes of text and log probabilities, so only tool calls become a document object model, and only while they are not
/// more than any model writes.
/// </remarks>
internal static class ChoiceEditor
{
    // Each costs memory beside the text; a tool call has some ten.
    private const int MostTokens = 4096;
    private const int LongestToolCalls = 256 * 1024;

    /// <summary>Rewrites the tool calls of all choices.</summary>
    /// <param name="opened">The answer, or an event of it.</param>
    /// <param name="isEvent">Whether they stand under <c>delta</c>, and not under <c>message</c>.</param>
    /// <param name="edit">Gets the number of a choice and its tool calls; says whether it changed them.</param>
    public static void EditToolCalls(DecryptedDocument opened, bool isEvent, Func<int, JsonArray, bool> edit)
    {
        if (!opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out _) || choices.IndexOf("\"tool_calls\""u8) < 0)
        {
            return;
        }

        List<TextReplacement> replacements = [];
        try
        {
            foreach ((int choice, Range place) in FindToolCalls(choices, isEvent ? "delta"u8 : "message"u8))
            {
                if (Rewrite(choices[place], array => edit(choice, array)) is { } rewritten)
                {
                    replacements.Add(new TextReplacement(place.Start.Value, place.End.Value - place.Start.Value, rewritten));
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Left as it is for the client's own parser to judge.
            return;
        }

        opened.Replace("choices"u8, replacements);
    }

    /// <summary>The text of a string that is not empty; null for anything else.</summary>
    public static string? TextOf(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0 ? text : null;

    /// <summary>A whole number; null for anything else.</summary>
    public static int? NumberOf(JsonNode? node) => node is JsonValue value && value.TryGetValue(out int number) ? number : null;

    /// <summary>Where the tool calls of each choice stand, and the number of the choice: its index, or else its position.</summary>
    private static List<(int Choice, Range Place)> FindToolCalls(ReadOnlySpan<byte> choices, ReadOnlySpan<byte> carrier)
    {
        List<(int Choice, Range Place)> found = [];
        Utf8JsonReader reader = new(choices, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            return found;
        }

        for (int position = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; position++)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            int number = position;
            Range? place = null;
            bool hasCarrier = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isIndex = reader.ValueTextEquals("index"u8);
                bool isCarrier = reader.ValueTextEquals(carrier);
                _ = reader.Read();
                number = isIndex && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int index) ? index : number;
                DemandOne(isCarrier, ref hasCarrier);
                place = isCarrier ? FindInCarrier(ref reader) : place;
                reader.Skip();
            }

            if (place is { } there)
            {
                found.Add((number, there));
            }
        }

        return found;
    }

    /// <summary>Where the tool calls stand in the object at the reader; null when there are none.</summary>
    private static Range? FindInCarrier(ref Utf8JsonReader reader)
    {
        Range? place = null;
        bool isFound = false;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return place;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isSearched = reader.ValueTextEquals("tool_calls"u8);
            _ = reader.Read();
            int start = (int)reader.TokenStartIndex;
            bool isArray = reader.TokenType == JsonTokenType.StartArray;
            reader.Skip();
            DemandOne(isSearched, ref isFound);
            if (isSearched && isArray)
            {
                place = start..(int)reader.BytesConsumed;
            }
        }

        return place;
    }

    // Readers differ in which of two they take.
    private static void DemandOne(bool isThis, ref bool isFound)
    {
        if (isThis && isFound)
        {
            throw new JsonException("A name stands twice.");
        }

        isFound |= isThis;
    }

    /// <summary>The array after its edit; null when nothing changed, or when it is none that can be edited.</summary>
    private static byte[]? Rewrite(ReadOnlySpan<byte> toolCalls, Func<JsonArray, bool> edit)
    {
        if (toolCalls.Length > LongestToolCalls || !JsonTokens.AreAtMost(MostTokens, toolCalls, JsonIndex.MaxDepth))
        {
            return null;
        }

        try
        {
            Utf8JsonReader reader = new(toolCalls, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
            if (JsonNode.Parse(ref reader) is not JsonArray array || !edit(array))
            {
                return null;
            }

            ArrayBufferWriter<byte> buffer = new(toolCalls.Length + 64);
            using (Utf8JsonWriter writer = new(buffer))
            {
                array.WriteTo(writer);
            }

            return buffer.WrittenSpan.ToArray();
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            // Two members of one name, or text that is none: left as it is for the client's own parser to judge.
            return null;
        }
    }
}
