using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline;

/// <summary>Rewrites the <c>choices</c> of an opened answer, or of an event of it, where OpenAI's parser would stumble.</summary>
internal static class ChoicesEditor
{
    /// <summary>Puts the choices back if <paramref name="edit"/> says that it changed them.</summary>
    public static void Edit(OpenedDocument opened, ReadOnlySpan<byte> choices, Func<JsonArray, bool> edit)
    {
        try
        {
            Utf8JsonReader reader = new(choices, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
            if (JsonNode.Parse(ref reader) is JsonArray array && edit(array))
            {
                ArrayBufferWriter<byte> buffer = new(choices.Length + 64);
                using (Utf8JsonWriter writer = new(buffer))
                {
                    array.WriteTo(writer);
                }

                opened.Replace("choices"u8, buffer.WrittenSpan);
            }
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            // Two members of one name, or text that is none: left as it is for the client's own parser to judge.
        }
    }

    /// <summary>The text of a string that is not empty; null for anything else.</summary>
    public static string? TextOf(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0 ? text : null;

    /// <summary>A whole number; null for anything else.</summary>
    public static int? NumberOf(JsonNode? node) => node is JsonValue value && value.TryGetValue(out int number) ? number : null;
}
