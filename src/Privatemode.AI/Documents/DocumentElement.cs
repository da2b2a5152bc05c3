using System.Text.Json;

namespace Privatemode.AI;

/// <summary>Represents an element of a document, such as a title, paragraph or table, or a chunk of elements.</summary>
public sealed class DocumentElement
{
    /// <summary>Gets the type of the element, for example <see cref="DocumentElementType.Title"/> or <see cref="DocumentElementType.Table"/>.</summary>
    /// <value>The service can return types for which <see cref="DocumentElementType"/> has no property. The value is the default value if the service
    /// returned an empty type.</value>
    public required DocumentElementType Type { get; init; }

    /// <summary>Gets the text of the element, which can be empty.</summary>
    public required string Text { get; init; }

    /// <summary>Gets the element ID, or <see langword="null"/> if the service did not return one.</summary>
    public string? Id { get; init; }

    /// <summary>Gets the ID of the element to which this element belongs, for example the title above it.</summary>
    /// <value><see langword="null"/> if the element belongs to no other element.</value>
    public string? ParentId { get; init; }

    /// <summary>Gets the number of the page that contains the element, or <see langword="null"/> if the service returned none.</summary>
    /// <value>The first page has the number <see cref="DocumentOptions.StartingPageNumber"/>, or 1 if that option was not set. Some documents have no
    /// pages.</value>
    public int? PageNumber { get; init; }

    /// <summary>Gets the file name that was sent, or <see langword="null"/> if the service did not return it.</summary>
    public string? FileName { get; init; }

    /// <summary>Gets the media type that the service detected for the document, or <see langword="null"/> if the service did not return one.</summary>
    public string? FileMediaType { get; init; }

    /// <summary>Gets the languages of the text, usually as three-letter codes such as <c>eng</c>, or an empty list if the service did not return any.</summary>
    public IReadOnlyList<string> Languages { get; init; } = [];

    /// <summary>Gets the table as HTML, or <see langword="null"/> if the element is not a table or the service returned no HTML for it.</summary>
    /// <remarks>See <see cref="DocumentOptions.InferPdfTables"/> and <see cref="DocumentOptions.SkipTablesOf"/>.</remarks>
    public string? TextAsHtml { get; init; }

    /// <summary>Gets the image of the element, base64-encoded, or <see langword="null"/> if the service returned no image.</summary>
    /// <remarks>See <see cref="DocumentOptions.ExtractImagesOf"/>. <see cref="Convert.FromBase64String"/> returns the bytes.</remarks>
    public string? ImageBase64 { get; init; }

    /// <summary>Gets the media type of the image, or <see langword="null"/> if the element has no image.</summary>
    public string? ImageMediaType { get; init; }

    /// <summary>Gets all metadata that the service returned, including coordinates.</summary>
    /// <value>A JSON object, or <see langword="null"/> if there is no metadata.</value>
    public JsonElement? Metadata { get; init; }

    /// <summary>Returns the text of the element.</summary>
    /// <returns><see cref="Text"/>.</returns>
    public override string ToString() => Text;
}
