namespace Privatemode.AI;

/// <summary>Options of document extraction; what is null is left to the service. All of them travel sealed, names included.</summary>
/// <remarks>
/// They are the parameters of Unstructured's partition endpoint (version 0 of its general API). The answer is always JSON: another
/// output format could not be opened. Splitting a PDF into parallel requests (<c>split_pdf_…</c>) is a feature of Unstructured's own clients
/// and no parameter of the service.
/// </remarks>
public sealed class DocumentOptions
{
    /// <summary>How the document is taken apart.</summary>
    public DocumentStrategy? Strategy { get; set; }

    /// <summary>Media type of the document, for example <c>application/pdf</c>; when null the service finds out by content and name.</summary>
    /// <remarks>Parameters are not sent, and aliases such as <c>image/jpg</c> are sent under their registered name.</remarks>
    public string? ContentType { get; set; }

    /// <summary>Media type of what is inside a document compressed with gzip; sent as <see cref="ContentType"/> is.</summary>
    public string? UncompressedContentType { get; set; }

    /// <summary>Languages of the document, as Tesseract names them (<c>eng</c>, <c>deu</c>).</summary>
    public IList<string>? Languages { get; set; }

    /// <summary>Encoding of a text document; the service's default is <c>utf-8</c>.</summary>
    public string? Encoding { get; set; }

    /// <summary>Name of the layout model for <see cref="DocumentStrategy.HighResolution"/>.</summary>
    public string? HighResolutionModel { get; set; }

    /// <summary>Elements tell where on the page they are.</summary>
    public bool? Coordinates { get; set; }

    /// <summary>An element of type <c>PageBreak</c> stands between pages.</summary>
    public bool? IncludePageBreaks { get; set; }

    /// <summary>Notes of slides are elements too.</summary>
    public bool? IncludeSlideNotes { get; set; }

    /// <summary>Number of the first page.</summary>
    public int? StartingPageNumber { get; set; }

    /// <summary>Ids of elements are random instead of hashes of their text.</summary>
    public bool? UniqueElementIds { get; set; }

    /// <summary>Tags of an XML document stay in the text.</summary>
    public bool? KeepXmlTags { get; set; }

    /// <summary>Tables of a PDF come as HTML too (<see cref="DocumentElement.TextAsHtml"/>); with <see cref="DocumentStrategy.HighResolution"/>.</summary>
    public bool? InferPdfTables { get; set; }

    /// <summary>Kinds of documents whose tables do not come as HTML, for example <c>pdf</c>, <c>jpg</c>.</summary>
    public IList<string>? SkipTablesOf { get; set; }

    /// <summary>Types of elements that come as images too, for example <c>Image</c>, <c>Table</c> (<see cref="DocumentElement.ImageBase64"/>).</summary>
    public IList<string>? ExtractImagesOf { get; set; }

    /// <summary>How elements are put together to chunks; without it the following options have no effect.</summary>
    public DocumentChunking? Chunking { get; set; }

    /// <summary>Longest chunk, in characters; 0 or more.</summary>
    public int? MaxCharacters { get; set; }

    /// <summary>A chunk of this length takes no further element, in characters; 0 or more.</summary>
    public int? NewAfterCharacters { get; set; }

    /// <summary>With <see cref="DocumentChunking.ByTitle"/>: sections shorter than this are put together, in characters; 0 or more.</summary>
    public int? CombineUnderCharacters { get; set; }

    /// <summary>Characters of the chunk before that are repeated at the beginning of one that had to be split; 0 or more.</summary>
    public int? Overlap { get; set; }

    /// <summary>The overlap is at the beginning of every chunk.</summary>
    public bool? OverlapAll { get; set; }

    /// <summary>With <see cref="DocumentChunking.ByTitle"/>: a section may go on over pages.</summary>
    public bool? MultipageSections { get; set; }

    /// <summary>With <see cref="DocumentChunking.BySimilarity"/>: how like elements of a chunk must be, above 0 and below 1.</summary>
    public float? SimilarityThreshold { get; set; }

    /// <summary>Chunks carry the elements they were made of, compressed, in their metadata.</summary>
    public bool? IncludeOriginalElements { get; set; }

    /// <summary>Further fields, posted as they are, for parameters this library does not know.</summary>
    public IDictionary<string, string> AdditionalFields { get; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
