using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Corrects messages of an answer, complete or in pieces, that OpenAI's parser cannot read in the form of the model server.</summary>
/// <remarks>
/// The parser reads content as a text or a list of parts, and throws on parts of unknown kinds. Content that is other JSON becomes its text;
/// for lists, see <see cref="ContentParts"/>. Other members of an unreadable kind usually have no meaning, such as <c>"tool_calls":""</c>, and
/// become null. Meaningful values are not dropped: a single tool call becomes a list, a refusal its text, and for the rest the parser
/// throws.
/// </remarks>
internal sealed class MessageNormalizer(bool isEvent, Func<ToolCallNormalizer> toolCalls, List<TextReplacement> replacements)
{
    // The replacement of a longer value would take the same memory again.
    private const int MaxValueLength = 1024 * 1024;

    // Each takes memory in addition to the text; no model server writes as many. For further ones, the parser throws.
    private const int MaxRenamed = 4096;

    private static readonly byte[] Prefix = "original_"u8.ToArray();

    // OpenAI's parser ignores case.
    private static readonly HashSet<string> Roles =
        new(StringComparer.OrdinalIgnoreCase) { "assistant", "system", "user", "tool", "function", "developer" };

    // Names that OpenAI's parser reads, and the kind of their values.
    private static readonly (byte[] Name, JsonTokenType Kind)[] Members =
    [
        ("annotations"u8.ToArray(), JsonTokenType.StartArray), ("audio"u8.ToArray(), JsonTokenType.StartObject),
        ("content"u8.ToArray(), JsonTokenType.String), ("function_call"u8.ToArray(), JsonTokenType.StartObject),
        ("refusal"u8.ToArray(), JsonTokenType.String), ("tool_calls"u8.ToArray(), JsonTokenType.StartArray),
    ];

    /// <summary>How many members of details were renamed in this document.</summary>
    public int Renamed { get; set; }

    /// <summary>Corrects a message, or a piece of one.</summary>
    /// <param name="reader">A reader at the start of the message. After the call, it is at the end of the message.</param>
    /// <param name="choices">The JSON text that the reader reads.</param>
    /// <param name="choice">The index of its choice.</param>
    public void Normalize(ref Utf8JsonReader reader, ReadOnlySpan<byte> choices, int choice)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return;
        }

        int begin = (int)reader.BytesConsumed;
        int first = replacements.Count;
        bool hasRole = false;
        bool hasToolCalls = false;
        bool isEmpty = true;
        for (; reader.Read() && reader.TokenType == JsonTokenType.PropertyName; isEmpty = false)
        {
            bool isToolCalls = reader.ValueTextEquals("tool_calls"u8);
            if (isToolCalls)
            {
                ChoiceNormalizer.ThrowIfRepeated(ref hasToolCalls);
            }

            if (reader.ValueTextEquals("role"u8))
            {
                hasRole = true;
                NormalizeRole(ref reader);
            }
            else
            {
                NormalizeMember(ref reader, choices, isToolCalls ? choice : null);
            }
        }

        if (!isEvent && !hasRole)
        {
            replacements.Insert(first, new TextReplacement(begin, 0, Encoding.ASCII.GetBytes(isEmpty ? "\"role\":\"assistant\"" : "\"role\":\"assistant\",")));
        }
    }

    /// <summary>Replaces a role that the parser does not know, and keeps it as another member unless it is empty.</summary>
    private void NormalizeRole(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        int start = (int)reader.TokenStartIndex;
        bool isContainer = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        bool isText = reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty;
        if (isContainer || (isText && !Roles.Contains(reader.GetString()!)))
        {
            replacements.Add(new TextReplacement(start, 0, "\"assistant\",\"original_role\":"u8.ToArray()));
        }
        else if (!isText && !(isEvent && reader.TokenType == JsonTokenType.Null))
        {
            replacements.Add(new TextReplacement(start, (int)reader.BytesConsumed - start, "\"assistant\""u8.ToArray()));
        }

        reader.Skip();
    }

    /// <param name="reader">A reader at the name of a member. After the call, it is at the end of the value.</param>
    /// <param name="choices">The JSON text that the reader reads.</param>
    /// <param name="toolCallsOf">The index of the choice if these are its tool calls; otherwise null.</param>
    private void NormalizeMember(ref Utf8JsonReader reader, ReadOnlySpan<byte> choices, int? toolCallsOf)
    {
        JsonTokenType expected = KindOf(ref reader);
        bool isContent = expected == JsonTokenType.String && reader.ValueTextEquals("content"u8);
        bool isRefusal = expected == JsonTokenType.String && !isContent;
        bool isAnnotations = expected == JsonTokenType.StartArray && toolCallsOf is null;
        _ = reader.Read();
        JsonTokenType kind = reader.TokenType;
        Utf8JsonReader inside = reader;
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        ReadOnlySpan<byte> value = choices[start..(int)reader.BytesConsumed];
        byte[]? rewritten = expected == JsonTokenType.None || kind == JsonTokenType.Null ? null
            : isContent && kind == JsonTokenType.StartArray ? ContentParts.Rewrite(value)
            : isAnnotations && kind == JsonTokenType.StartArray ? ContentParts.OnlyObjects(value)
            : toolCallsOf is { } choice && kind == JsonTokenType.StartArray ? toolCalls().Rewrite(value, choice, isEvent)
            : kind == expected ? null
            : isContent ? value.Length <= MaxValueLength ? ContentParts.Quote(value) : null
            : isAnnotations || SaysNothing(value) ? "null"u8.ToArray()
            : value.Length > MaxValueLength ? null
            : isRefusal ? ContentParts.Quote(value)
            : toolCallsOf is { } single && kind == JsonTokenType.StartObject ? RewriteSingle([.. "["u8, .. value, .. "]"u8], single)
            : null;
        if (rewritten is not null)
        {
            replacements.Add(new TextReplacement(start, value.Length, rewritten));
        }
        else if (kind == expected && kind != JsonTokenType.String && toolCallsOf is null)
        {
            RenameDetails(ref inside);
        }
    }

    private byte[] RewriteSingle(byte[] call, int choice) => toolCalls().Rewrite(call, choice, isEvent) ?? call;

    /// <summary>Whether a value is false, or an empty text, list or object.</summary>
    private static bool SaysNothing(ReadOnlySpan<byte> value) =>
        value.SequenceEqual("false"u8) || (value[0] is (byte)'"' or (byte)'{' or (byte)'[' && value[1..^1].Trim(" \t\r\n"u8).IsEmpty);

    /// <summary>The kind of value that the member at the reader needs, apart from null; <see cref="JsonTokenType.None"/> if any kind is valid.</summary>
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

    /// <summary>Renames members of the audio, annotations and function call that contain no content and make OpenAI's parser throw, such
    /// as <c>"expires_at":null</c>.</summary>
    /// <remarks>
    /// With the prefix <c>original_</c>, the parser ignores them. For unreadable content, such as audio that is not Base64, the parser throws,
    /// because the caller must know.
    /// </remarks>
    /// <param name="reader">A reader at an object or array. After the call, it is at the end of that.</param>
    private void RenameDetails(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            RenameInObject(ref reader);
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                RenameInObject(ref reader);
            }

            reader.Skip();
        }
    }

    private void RenameInObject(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int afterQuote = (int)reader.TokenStartIndex + 1;
            bool isReadable = IsReadable(ref reader);
            if (!isReadable && Renamed < MaxRenamed)
            {
                Renamed++;
                replacements.Add(new TextReplacement(afterQuote, 0, Prefix));
            }
            else if (isReadable && reader.TokenType == JsonTokenType.StartObject)
            {
                RenameInObject(ref reader);
            }

            reader.Skip();
        }
    }

    /// <summary>Moves from a name to its value and returns whether the parser can read it.</summary>
    private static bool IsReadable(ref Utf8JsonReader reader)
    {
        bool isText = reader.ValueTextEquals("id"u8) || reader.ValueTextEquals("transcript"u8) || reader.ValueTextEquals("title"u8);
        bool isAddress = reader.ValueTextEquals("url"u8);
        bool isContent = reader.ValueTextEquals("data"u8) || reader.ValueTextEquals("arguments"u8);
        bool isTime = reader.ValueTextEquals("expires_at"u8);
        bool isPosition = reader.ValueTextEquals("start_index"u8) || reader.ValueTextEquals("end_index"u8);
        _ = reader.Read();
        return isText ? reader.TokenType is JsonTokenType.String or JsonTokenType.Null
            : isAddress ? reader.TokenType == JsonTokenType.String
            : isContent ? reader.TokenType != JsonTokenType.Null
            : isTime ? reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out _)
            : !isPosition || (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out _));
    }
}

/// <summary>Rewrites lists in a message that contain elements on which OpenAI's parser throws.</summary>
/// <remarks>
/// Some servers write reasoning as a part of the content, <c>{"type":"thinking","thinking":[{"type":"text","text":"…"}]}</c>: it becomes
/// <c>reasoning</c>, next to the content. A part of another unknown kind becomes its text, if it has one, and is left out otherwise.
/// The original list is kept next to the content as <c>original_content</c>.
/// </remarks>
internal static class ContentParts
{
    // Longer lists, which no model writes, are not changed.
    private const int MaxListLength = 256 * 1024;
    private const int MaxJsonTokens = 4096;

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
        if (list.Length > MaxListLength || !JsonLimits.HasTokensAtMost(MaxJsonTokens, list, JsonLimits.MaxDepth))
        {
            return null;
        }

        Utf8JsonReader reader = new(list, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
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

    /// <summary>Whether the parser can read a part. It reads an object without a type as text.</summary>
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
