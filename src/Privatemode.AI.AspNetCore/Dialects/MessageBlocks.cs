using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>Writes the content blocks of an Anthropic message in the form that the model server accepts.</summary>
/// <remarks>Members are named one by one: what is not written here, such as <c>cache_control</c>, <c>citations</c> or <c>signature</c>, is not sent.</remarks>
internal sealed class MessageBlocks(Utf8JsonWriter writer)
{
    // For messages to the caller. A type that is not listed is not repeated: it could be anything.
    private static readonly string[] NotAvailable =
    [
        "server_tool_use", "web_search_tool_result", "web_fetch_tool_result", "code_execution_tool_result", "bash_code_execution_tool_result",
        "text_editor_code_execution_tool_result", "tool_search_tool_result", "mcp_tool_use", "mcp_tool_result", "container_upload", "compaction",
    ];

    private static ReadOnlySpan<byte> FailedWithoutText => "\"Error: the tool failed and returned no text.\""u8;

    /// <summary>Returns whether a block is left out because it is thinking that only Anthropic can read.</summary>
    public static bool IsDropped(JsonElement block) =>
        block.ValueKind == JsonValueKind.Object && RequestJson.TryGet(block, "type"u8, out JsonElement type) && RequestJson.IsText(type, "redacted_thinking"u8);

    /// <summary>Writes a block of a message.</summary>
    /// <param name="block">The block.</param>
    /// <param name="place">The position of the block, for exceptions.</param>
    /// <exception cref="PrivatemodeRequestException">The value is not a block, or the service does not support this kind of block.</exception>
    public void Write(JsonElement block, Place place)
    {
        switch (TypeOf(block, place))
        {
            case "text": WriteText(Text(block, "text"u8, place)); break;
            case "image": WriteImage(block, place); break;
            case "tool_use": WriteToolUse(block, place); break;
            case "tool_result": WriteToolResult(block, place); break;
            case "thinking": WriteThinking(block, place); break;
            case "redacted_thinking": break;
            case "document": WriteDocument(block, place); break;
            case "search_result": WriteSearchResult(block, place); break;
            default: throw NotKnown(block, place);
        }
    }

    /// <summary>Writes a text block.</summary>
    /// <param name="text">A JSON string.</param>
    public void WriteText(JsonElement text) => WriteText(RequestJson.Raw(text));

    /// <summary>Writes several texts as one text block, with an empty line between them.</summary>
    /// <param name="texts">The JSON strings, each with the number of bytes to skip at its beginning.</param>
    public void WriteJoined(IReadOnlyCollection<(JsonElement Text, int Start)> texts)
    {
        using RentedText joined = new(texts.Sum(text => RequestJson.Raw(text.Text).Length + 4) + 2);
        joined.Append("\""u8);
        bool isFirst = true;
        foreach ((JsonElement text, int start) in texts)
        {
            joined.Append(isFirst ? [] : "\\n\\n"u8);
            joined.Append(RequestJson.Inner(text)[start..]);
            isFirst = false;
        }

        joined.Append("\""u8);
        WriteText(joined.Written);
    }

    private void WriteText(ReadOnlySpan<byte> json)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "text"u8);
        WriteRaw("text"u8, json);
        writer.WriteEndObject();
    }

    private void WriteThinking(JsonElement block, Place place)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "thinking"u8);
        WriteRaw("thinking"u8, RequestJson.Raw(Text(block, "thinking"u8, place)));
        writer.WriteEndObject();
    }

    private void WriteImage(JsonElement block, Place place)
    {
        JsonElement source = Source(block, place);
        string kind = RequestJson.TryGet(source, "type"u8, out JsonElement type) ? RequestJson.Short(type) ?? "" : "";
        if (kind is not ("base64" or "url"))
        {
            throw new PrivatemodeRequestException(
                $"{place}.source.type", $"'{place}' is an image of a kind that is not available. Send its bytes: a source of the type base64.");
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, "image"u8);
        writer.WriteStartObject("source"u8);
        writer.WriteString("type"u8, kind);
        if (kind == "url")
        {
            WriteRaw("url"u8, RequestJson.Raw(Text(source, "url"u8, place)));
        }
        else
        {
            WriteRaw("media_type"u8, RequestJson.Raw(Text(source, "media_type"u8, place)));
            WriteRaw("data"u8, RequestJson.Raw(Text(source, "data"u8, place)));
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void WriteToolUse(JsonElement block, Place place)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "tool_use"u8);
        WriteRaw("id"u8, RequestJson.Raw(Text(block, "id"u8, place)));
        WriteRaw("name"u8, RequestJson.Raw(Text(block, "name"u8, place)));
        bool hasInput = RequestJson.TryGet(block, "input"u8, out JsonElement input);
        if (hasInput && input.ValueKind != JsonValueKind.Object)
        {
            throw RequestJson.Wrong($"{place}.input", "an object");
        }

        WriteRaw("input"u8, hasInput ? RequestJson.Raw(input) : "{}"u8);
        writer.WriteEndObject();
    }

    private void WriteToolResult(JsonElement block, Place place)
    {
        bool isError = RequestJson.Flag(block, "is_error"u8, $"{place}.is_error");
        writer.WriteStartObject();
        writer.WriteString("type"u8, "tool_result"u8);
        WriteRaw("tool_use_id"u8, RequestJson.Raw(Text(block, "tool_use_id"u8, place)));
        writer.WritePropertyName("content"u8);
        if (!RequestJson.TryGet(block, "content"u8, out JsonElement content))
        {
            WriteRaw(isError ? FailedWithoutText : "\"\""u8);
        }
        else if (content.ValueKind == JsonValueKind.String)
        {
            WriteOutput(content, isError);
        }
        else if (content.ValueKind == JsonValueKind.Array)
        {
            WriteResults(content, isError, place);
        }
        else
        {
            throw RequestJson.Wrong($"{place}.content", "a string or a list of blocks");
        }

        writer.WriteEndObject();
    }

    private void WriteResults(JsonElement content, bool isError, Place place)
    {
        bool saysError = !isError;
        writer.WriteStartArray();
        if (isError && !content.EnumerateArray().Any(block => TypeOrNull(block) == "text"))
        {
            WriteText(FailedWithoutText);
        }

        int index = 0;
        foreach (JsonElement block in content.EnumerateArray())
        {
            Place inner = place with { Inner = index++ };
            if (TypeOf(block, inner) == "text")
            {
                writer.WriteStartObject();
                writer.WriteString("type"u8, "text"u8);
                writer.WritePropertyName("text"u8);
                WriteOutput(Text(block, "text"u8, inner), !saysError);
                writer.WriteEndObject();
                saysError = true;
            }
            else
            {
                WriteResult(block, inner);
            }
        }

        writer.WriteEndArray();
    }

    /// <summary>Writes the result of a tool. The model server drops <c>is_error</c>, so the text must say that the tool failed.</summary>
    private void WriteOutput(JsonElement text, bool isError)
    {
        if (!isError || RequestJson.StartsWith(text, "Error"u8) || RequestJson.StartsWith(text, "<tool_use_error>"u8))
        {
            WriteRaw(RequestJson.Raw(text));
            return;
        }

        using RentedText prefixed = new(RequestJson.Raw(text).Length + 16);
        prefixed.Append("\"Error: "u8);
        prefixed.Append(RequestJson.Raw(text)[1..]);
        WriteRaw(prefixed.Written);
    }

    private void WriteResult(JsonElement block, Place place)
    {
        switch (TypeOf(block, place))
        {
            case "image": WriteImage(block, place); break;
            case "document": WriteDocument(block, place); break;
            case "search_result": WriteSearchResult(block, place); break;
            case "tool_reference":
                writer.WriteStartObject();
                writer.WriteString("type"u8, "tool_reference"u8);
                WriteRaw("tool_name"u8, RequestJson.Raw(Text(block, "tool_name"u8, place)));
                writer.WriteEndObject();
                break;
            default: throw NotKnown(block, place);
        }
    }

    private void WriteDocument(JsonElement block, Place place)
    {
        JsonElement source = Source(block, place);
        if (!RequestJson.TryGet(source, "type"u8, out JsonElement type) || !RequestJson.IsText(type, "text"u8))
        {
            throw new PrivatemodeRequestException(
                $"{place}.source.type",
                $"'{place}' is a document that the models cannot read. Extract its text with /unstructured/general/v0/general and send the text.");
        }

        WriteJoined([.. Optional(block, "title"u8, place), Text(source, "data"u8, place)]);
    }

    private void WriteSearchResult(JsonElement block, Place place)
    {
        List<JsonElement> texts = [.. Optional(block, "title"u8, place), .. Optional(block, "source"u8, place)];
        if (RequestJson.TryGet(block, "content"u8, out JsonElement content))
        {
            if (content.ValueKind != JsonValueKind.Array)
            {
                throw RequestJson.Wrong($"{place}.content", "a list of text blocks");
            }

            foreach (JsonElement part in content.EnumerateArray())
            {
                texts.Add(TypeOrNull(part) == "text" ? Text(part, "text"u8, place) : throw RequestJson.Wrong($"{place}.content", "a list of text blocks"));
            }
        }

        WriteJoined(texts);
    }

    private void WriteJoined(IEnumerable<JsonElement> texts) => WriteJoined([.. texts.Select(text => (text, 0))]);

    private void WriteRaw(ReadOnlySpan<byte> name, ReadOnlySpan<byte> json)
    {
        writer.WritePropertyName(name);
        WriteRaw(json);
    }

    private void WriteRaw(ReadOnlySpan<byte> json) => writer.WriteRawValue(json, skipInputValidation: true);

    private static string? TypeOrNull(JsonElement block) =>
        block.ValueKind == JsonValueKind.Object && RequestJson.TryGet(block, "type"u8, out JsonElement type) ? RequestJson.Short(type) : null;

    private static string TypeOf(JsonElement block, Place place) => TypeOrNull(block) ?? throw RequestJson.Wrong($"{place}", "a block with a type");

    private static PrivatemodeRequestException NotKnown(JsonElement block, Place place)
    {
        string? known = TypeOrNull(block) is { } type && NotAvailable.Contains(type) ? type : null;
        string what = known is null ? "of a type that is not known" : $"of the type {known}, which is not available with this service";
        return new PrivatemodeRequestException($"{place}.type", $"'{place}' is a block {what}. Leave it out.");
    }

    private static JsonElement Source(JsonElement block, Place place) =>
        RequestJson.TryGet(block, "source"u8, out JsonElement source) && source.ValueKind == JsonValueKind.Object
            ? source
            : throw RequestJson.Wrong($"{place}.source", "an object");

    private static JsonElement Text(JsonElement parent, ReadOnlySpan<byte> name, Place place) =>
        RequestJson.TryGet(parent, name, out JsonElement text) && RequestJson.IsText(text)
            ? text
            : throw RequestJson.Wrong($"{place}.{Encoding.ASCII.GetString(name)}", "a string");

    private static JsonElement[] Optional(JsonElement parent, ReadOnlySpan<byte> name, Place place) =>
        RequestJson.TryGet(parent, name, out _) ? [Text(parent, name, place)] : [];

    /// <summary>The position of a block: the zero-based indexes of the message, of the block in the message, and of the block inside that block (-1 if there is
    /// none).</summary>
    internal readonly record struct Place(int Message, int Block, int Inner = -1)
    {
        public override string ToString() =>
            Inner < 0 ? $"messages[{Message}].content[{Block}]" : $"messages[{Message}].content[{Block}].content[{Inner}]";
    }

    /// <summary>Builds a text in pooled memory, which is wiped.</summary>
    private sealed class RentedText(int length) : IDisposable
    {
        private readonly byte[] _bytes = ArrayPool<byte>.Shared.Rent(length);
        private int _length;

        public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

        public void Append(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(_bytes.AsSpan(_length));
            _length += bytes.Length;
        }

        public void Dispose() => ArrayPool<byte>.Shared.Return(_bytes, clearArray: true);
    }
}
