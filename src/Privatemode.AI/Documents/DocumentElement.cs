using System.Text.Json;

namespace Privatemode.AI;

/// <summary>Represents an element of a document, such as a title, paragraph or table, or a chunk of elements.</summary>
public sealed class DocumentElement
{
    /// <summary>Gets the type, for example <see cref="DocumentElementType.Title"/> or <see cref="DocumentElementType.Table"/>.</summary>
    /// <value>The service can add types. A default structure if the service returned an empty type.</value>
    public required DocumentElementType Type { get; init; }

    /// <summary>Gets the text.</summary>
    public required string Text { get; init; }

    /// <summary>Gets the element ID, or <see langword="null"/> if the service did not return one.</summary>
    public string? Id { get; init; }

    /// <summary>Gets the ID of the element to which this element belongs, for example the title above it.</summary>
    /// <value><see langword="null"/> if the element belongs to no other element.</value>
    public string? ParentId { get; init; }

    /// <summary>Gets the number of the page, or <see langword="null"/> if the document has no pages.</summary>
    /// <value>The first page has the number <see cref="DocumentOptions.StartingPageNumber"/>, or 1 if that was not set.</value>
    public int? PageNumber { get; init; }

    /// <summary>Gets the file name that was sent, or <see langword="null"/> if the service did not return it.</summary>
    public string? FileName { get; init; }

    /// <summary>Gets the media type of the document that the service detected, or <see langword="null"/> if it did not return one.</summary>
    public string? FileMediaType { get; init; }

    /// <summary>Gets the languages of the text, usually as three-letter codes such as <c>eng</c>. Empty if the service did not return any.</summary>
    public IReadOnlyList<string> Languages { get; init; } = [];

    /// <summary>Gets a table as HTML, or <see langword="null"/> if the element is not a table or HTML was not requested.</summary>
    public string? TextAsHtml { get; init; }

    /// <summary>Gets the element as a base64-encoded image, or <see langword="null"/> if images were not requested.</summary>
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
