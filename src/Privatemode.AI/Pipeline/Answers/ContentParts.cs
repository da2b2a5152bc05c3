using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Rewrites lists in a message that contain elements on which OpenAI's parser throws.</summary>
/// <remarks>
/// Some servers write reasoning as a part of the content, <c>{"type":"thinking","thinking":[{"type":"text","text":"…"}]}</c>: it becomes
/// <c>reasoning</c>, beside the content. A part of another kind the parser does not know becomes its text, if it has one, and is left out otherwise.
/// The list as it came is kept beside the content as <c>original_content</c>.
/// </remarks>
internal static class ContentParts
{
    // Longer lists, which no model writes, are left as they are.
    private const int LongestList = 256 * 1024;
    private const int MostTokens = 4096;

    private static readonly JsonWriterOptions FewEscapes = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly HashSet<string> Known = ["text", "refusal", "image_url", "input_audio", "file"];

    /// <summary>Returns the replacement for content that is a list; null if the parser can read all of it.</summary>
    public static byte[]? Rewrite(ReadOnlySpan<byte> list)
    {
        if (Parse(list) is not { } document)
        {
            return null;
        }

        using (document)
        {
            if (document.RootElement.EnumerateArray().All(IsKnown))
            {
                return null;
            }

            ArrayBufferWriter<byte> reasoning = new();
            byte[] content = WriteList(writer =>
            {
                foreach (JsonElement part in document.RootElement.EnumerateArray())
                {
                    WritePart(part, writer, reasoning);
                }
            });
            return reasoning.WrittenCount == 0 ? [.. content, .. ",\"original_content\":"u8, .. list]
                : [.. content, .. ",\"reasoning\":"u8, .. Quote(reasoning.WrittenSpan), .. ",\"original_content\":"u8, .. list];
        }
    }

    /// <summary>Returns a list with only its objects; null if it contains nothing else.</summary>
    public static byte[]? OnlyObjects(ReadOnlySpan<byte> list)
    {
        if (Parse(list) is not { } document)
        {
            return null;
        }

        using (document)
        {
            JsonElement[] objects = [.. document.RootElement.EnumerateArray().Where(element => element.ValueKind == JsonValueKind.Object)];
            return objects.Length == document.RootElement.GetArrayLength() ? null : WriteList(writer =>
            {
                foreach (JsonElement element in objects)
                {
                    writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(element), skipInputValidation: true);
                }
            });
        }
    }

    /// <summary>Returns any text as a JSON string.</summary>
    public static byte[] Quote(ReadOnlySpan<byte> utf8)
    {
        ArrayBufferWriter<byte> buffer = new(utf8.Length + 16);
        using (Utf8JsonWriter writer = new(buffer, FewEscapes))
        {
            writer.WriteStringValue(utf8);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static JsonDocument? Parse(ReadOnlySpan<byte> list)
    {
        if (list.Length > LongestList || !JsonTokens.AreAtMost(MostTokens, list, JsonIndex.MaxDepth))
        {
            return null;
        }

        Utf8JsonReader reader = new(list, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        return JsonDocument.ParseValue(ref reader);
    }

    private static byte[] WriteList(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer, FewEscapes))
        {
            writer.WriteStartArray();
            write(writer);
            writer.WriteEndArray();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Whether the parser can read a part. It takes an object without a type for text.</summary>
    private static bool IsKnown(JsonElement part) => part.ValueKind == JsonValueKind.Object
        && (!part.TryGetProperty("type"u8, out JsonElement type) || (type.ValueKind == JsonValueKind.String && Known.Contains(type.GetString()!)));

    private static void WritePart(JsonElement part, Utf8JsonWriter writer, ArrayBufferWriter<byte> reasoning)
    {
        if (IsKnown(part))
        {
            writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(part), skipInputValidation: true);
            return;
        }

        if (part.ValueKind == JsonValueKind.Object && part.TryGetProperty("thinking"u8, out JsonElement thinking))
        {
            CollectTexts(thinking, reasoning);
        }
        else if (TextOf(part) is { } text)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "text"u8);
            writer.WriteString("text"u8, text);
            writer.WriteEndObject();
        }
    }

    /// <summary>Collects the text of a thinking part, which is one text or a list of parts.</summary>
    private static void CollectTexts(JsonElement thinking, ArrayBufferWriter<byte> reasoning)
    {
        IEnumerable<JsonElement> parts = thinking.ValueKind == JsonValueKind.Array ? thinking.EnumerateArray() : [thinking];
        foreach (string text in parts.Select(TextOf).OfType<string>())
        {
            reasoning.Write(Encoding.UTF8.GetBytes(text));
        }
    }

    private static string? TextOf(JsonElement part) => part.ValueKind == JsonValueKind.String ? part.GetString()
        : part.ValueKind == JsonValueKind.Object && part.TryGetProperty("text"u8, out JsonElement text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()
        : null;
}
