using System.Text.Json;

namespace Privatemode.AI;

/// <summary>A piece of a document: a title, a paragraph, a table, or a chunk of several.</summary>
public sealed class DocumentElement
{
    internal DocumentElement()
    {
    }

    /// <summary>Its kind, for example <c>Title</c>, <c>NarrativeText</c>, <c>ListItem</c>, <c>Table</c>, <c>CompositeElement</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Its text.</summary>
    public required string Text { get; init; }

    /// <summary>Its id; null when not told.</summary>
    public string? ElementId { get; init; }

    /// <summary>Id of the element it belongs to, for example the title above it; null for none.</summary>
    public string? ParentId { get; init; }

    /// <summary>The page it is on, from <see cref="DocumentOptions.StartingPageNumber"/> or 1; null for a document without pages.</summary>
    public int? PageNumber { get; init; }

    /// <summary>Name of the file as it was sent; null when not told.</summary>
    public string? FileName { get; init; }

    /// <summary>Media type of the document as the service sees it; null when not told.</summary>
    public string? FileType { get; init; }

    /// <summary>Languages of its text; empty when not told.</summary>
    public IReadOnlyList<string> Languages { get; init; } = [];

    /// <summary>A table as HTML; null for other elements, or when not asked for.</summary>
    public string? TextAsHtml { get; init; }

    /// <summary>The element as an image, in base64; null when not asked for.</summary>
    public string? ImageBase64 { get; init; }

    /// <summary>Media type of the image; null when there is none.</summary>
    public string? ImageMediaType { get; init; }

    /// <summary>Everything the service tells about it, coordinates among it; of kind <see cref="JsonValueKind.Undefined"/> when it tells nothing.</summary>
    public JsonElement Metadata { get; init; }

    /// <summary>The text.</summary>
    /// <returns><see cref="Text"/>.</returns>
    public override string ToString() => Text;
}
