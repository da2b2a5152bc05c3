using System.Text.Json;

namespace Privatemode.AI.Documents;

/// <summary>Reads the elements of a document.</summary>
internal static class ElementReader
{
    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="FormatException">It is no list of elements.</exception>
    /// <exception cref="InvalidOperationException">A member is of another type than it should be.</exception>
    public static List<DocumentElement> Read(ReadOnlyMemory<byte> json)
    {
        Utf8JsonReader reader = new(json.Span);

        // Not a pooled document: the elements keep their metadata.
        JsonElement root = JsonElement.ParseValue(ref reader);
        List<DocumentElement> elements = [];
        foreach (JsonElement element in root.EnumerateArray())
        {
            elements.Add(ReadElement(element));
        }

        return elements;
    }

    private static DocumentElement ReadElement(JsonElement element)
    {
        JsonElement metadata = Find(element, "metadata");
        return new DocumentElement
        {
            Type = DocumentElementType.From(Text(element, "type") ?? throw new FormatException("type")),
            Text = Text(element, "text") ?? "",
            Id = Text(element, "element_id"),
            ParentId = Text(metadata, "parent_id"),
            PageNumber = Find(metadata, "page_number") is { ValueKind: JsonValueKind.Number } page && page.TryGetInt32(out int number) ? number : null,
            FileName = Text(metadata, "filename"),
            FileMediaType = Text(metadata, "filetype"),
            Languages = Find(metadata, "languages") is { ValueKind: JsonValueKind.Array } languages
                ? [.. languages.EnumerateArray().Where(language => language.ValueKind == JsonValueKind.String).Select(language => language.GetString()!)] : [],
            TextAsHtml = Text(metadata, "text_as_html"),
            ImageBase64 = Text(metadata, "image_base64"),
            ImageMediaType = Text(metadata, "image_mime_type"),
            Metadata = metadata.ValueKind == JsonValueKind.Undefined ? null : metadata,
        };
    }

    /// <summary>A member; undefined when it is missing or null, or the element is no object.</summary>
    private static JsonElement Find(JsonElement element, string name) => element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : default;

    private static string? Text(JsonElement element, string name) =>
        Find(element, name) is { ValueKind: not JsonValueKind.Undefined } value ? value.GetString() : null;
}
