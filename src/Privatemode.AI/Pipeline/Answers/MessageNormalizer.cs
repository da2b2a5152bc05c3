using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
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
    public static void Normalize(DecryptedDocument opened, bool isEvent)
    {
        if (!opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out JsonTokenType kind) || kind != JsonTokenType.StartArray)
        {
            return;
        }

        // Created for the first replacement only, because this runs for every event of a stream.
        List<TextReplacement>? replacements = null;
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
        ref Utf8JsonReader reader, ReadOnlySpan<byte> choices, ReadOnlySpan<byte> carrier, ref List<TextReplacement>? replacements)
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

    private static void NormalizeMessage(ref Utf8JsonReader reader, ReadOnlySpan<byte> choices, ref List<TextReplacement>? replacements)
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
                (replacements ??= []).Add(new TextReplacement(start, value.Length, rewritten));
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

/// <summary>Renames members of the audio, annotations and function call of a message that contain no content and make OpenAI's parser throw, such
/// as <c>"expires_at":null</c>.</summary>
/// <remarks>
/// With the prefix <c>original_</c> the parser ignores them. Content that cannot be read, such as audio that is not Base64, is left for the parser to
/// throw on, because the caller must learn of it.
/// </remarks>
internal static class MessageDetails
{
    // Each costs memory beside the text; no model server writes as many. Further ones are left for the parser to throw on.
    private const int MostRenamed = 4096;

    private static readonly byte[] Prefix = "original_"u8.ToArray();

    /// <summary>Collects the prefixes for one member of a message.</summary>
    /// <param name="reader">A copy, at the value of the member; read to its end if that is an object or array.</param>
    /// <param name="replacements">Gets the prefixes; made for the first one.</param>
    public static void Rename(ref Utf8JsonReader reader, ref List<TextReplacement>? replacements)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            RenameInObject(ref reader, ref replacements);
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType == JsonTokenType.StartObject)
                {
                    RenameInObject(ref reader, ref replacements);
                }
                else
                {
                    reader.Skip();
                }
            }
        }
    }

    private static void RenameInObject(ref Utf8JsonReader reader, ref List<TextReplacement>? replacements)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int afterQuote = (int)reader.TokenStartIndex + 1;
            bool isReadable = IsReadable(ref reader);
            if (!isReadable && (replacements ??= []).Count < MostRenamed)
            {
                replacements.Add(new TextReplacement(afterQuote, 0, Prefix));
            }
            else if (isReadable && reader.TokenType == JsonTokenType.StartObject)
            {
                RenameInObject(ref reader, ref replacements);
                continue;
            }

            reader.Skip();
        }
    }

    /// <summary>Moves from a name to its value and returns whether the parser can read it.</summary>
    private static bool IsReadable(ref Utf8JsonReader reader)
    {
        bool isText = Is(in reader, "id"u8) || Is(in reader, "transcript"u8) || Is(in reader, "title"u8);
        bool isAddress = Is(in reader, "url"u8);
        bool isContent = Is(in reader, "data"u8) || Is(in reader, "arguments"u8);
        bool isTime = Is(in reader, "expires_at"u8);
        bool isPosition = Is(in reader, "start_index"u8) || Is(in reader, "end_index"u8);
        _ = reader.Read();
        return isText ? reader.TokenType is JsonTokenType.String or JsonTokenType.Null
            : isAddress ? reader.TokenType == JsonTokenType.String
            : isContent ? reader.TokenType != JsonTokenType.Null
            : isTime ? reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out _)
            : !isPosition || (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out _));
    }

    // A name with escapes may hold a lone surrogate, on which the comparison throws; none of ours needs any.
    private static bool Is(in Utf8JsonReader reader, ReadOnlySpan<byte> name) => !reader.ValueIsEscaped && reader.ValueSpan.SequenceEqual(name);
}

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
