using Privatemode.AI.Internal;

namespace Privatemode.AI;

/// <summary>Provides the options for extracting the elements of a document. All names and values are sent encrypted.</summary>
/// <remarks>
/// <para>An option that is <see langword="null"/> is not sent, and the default of the service applies. The options are the parameters of
/// Unstructured's partition endpoint (general API, version 0).</para>
/// <para>The answer is always JSON, because another output format could not be decrypted. Splitting a PDF file into parallel requests
/// (<c>split_pdf_…</c>) is a feature of Unstructured's own clients and not a parameter of the service.</para>
/// </remarks>
public sealed class DocumentOptions
{
    /// <summary>Gets or sets how the elements of the document are found. The default of the service is <see cref="DocumentStrategy.Auto"/>.</summary>
    public DocumentStrategy? Strategy { get; set; }

    /// <summary>Gets or sets the media type of the document, for example <c>application/pdf</c>.</summary>
    /// <value>If <see langword="null"/>, the service detects the type from the content and the file name. A text that is not a media type is refused with a
    /// <see cref="PrivatemodeRequestException"/>.</value>
    /// <remarks>Parameters of the media type are not sent, and aliases such as <c>image/jpg</c> are replaced with the registered name.</remarks>
    public string? MediaType { get; set; }

    /// <summary>Gets or sets the media type of the content of a document that is compressed with gzip.</summary>
    /// <remarks>As for <see cref="MediaType"/>, parameters are not sent, and aliases are replaced with the registered name.</remarks>
    public string? UncompressedMediaType { get; set; }

    /// <summary>Gets or sets the languages of the document, as Tesseract names them, for example <c>eng</c> or <c>deu</c>.</summary>
    public IList<string>? Languages { get; set; }

    /// <summary>Gets or sets the encoding of a text document. The default of the service is <c>utf-8</c>.</summary>
    public string? Encoding { get; set; }

    /// <summary>Gets or sets the name of the layout model for <see cref="DocumentStrategy.HighResolution"/>.</summary>
    public string? HighResolutionModel { get; set; }

    /// <summary>Gets or sets a value that indicates whether <see cref="DocumentElement.Metadata"/> contains the position of each element on its page.</summary>
    public bool? IncludeCoordinates { get; set; }

    /// <summary>Gets or sets a value that indicates whether a <see cref="DocumentElementType.PageBreak"/> element is returned between pages.</summary>
    public bool? IncludePageBreaks { get; set; }

    /// <summary>Gets or sets a value that indicates whether the notes of slides are returned as elements.</summary>
    public bool? IncludeSlideNotes { get; set; }

    /// <summary>Gets or sets the number of the first page. The default of the service is 1.</summary>
    public int? StartingPageNumber { get; set; }

    /// <summary>Gets or sets a value that indicates whether element IDs are random instead of hashes of the text.</summary>
    public bool? UniqueElementIds { get; set; }

    /// <summary>Gets or sets a value that indicates whether the text of an XML document keeps its tags.</summary>
    public bool? KeepXmlTags { get; set; }

    /// <summary>Gets or sets a value that indicates whether tables of a PDF file are also returned as HTML.</summary>
    /// <remarks>This option requires <see cref="DocumentStrategy.HighResolution"/>. See <see cref="DocumentElement.TextAsHtml"/>.</remarks>
    public bool? InferPdfTables { get; set; }

    /// <summary>Gets or sets the document types whose tables are not returned as HTML, for example <c>pdf</c> or <c>jpg</c>.</summary>
    public IList<string>? SkipTablesOf { get; set; }

    /// <summary>Gets or sets the types of elements that are also returned as images.</summary>
    /// <value>For example <see cref="DocumentElementType.Image"/> and <see cref="DocumentElementType.Table"/>. The <see langword="default"/> value of the
    /// structure is refused with a <see cref="PrivatemodeRequestException"/>.</value>
    /// <remarks>This option requires <see cref="DocumentStrategy.HighResolution"/>. See <see cref="DocumentElement.ImageBase64"/>.</remarks>
    public IList<DocumentElementType>? ExtractImagesOf { get; set; }

    /// <summary>Gets or sets how elements are combined into chunks, or <see langword="null"/> to return single elements.</summary>
    /// <remarks>If this option is <see langword="null"/>, the other options for chunks have no effect: <see cref="MaxCharacters"/>,
    /// <see cref="NewAfterCharacters"/>, <see cref="CombineUnderCharacters"/>, <see cref="OverlapCharacters"/>, <see cref="OverlapAll"/>,
    /// <see cref="AllowMultipageSections"/>, <see cref="SimilarityThreshold"/> and <see cref="IncludeOriginalElements"/>.</remarks>
    public DocumentChunking? Chunking { get; set; }

    /// <summary>Gets or sets the maximum length of a chunk, in characters; 0 or more.</summary>
    public int? MaxCharacters { get; set; }

    /// <summary>Gets or sets the length at which no further element is added to a chunk, in characters; 0 or more.</summary>
    public int? NewAfterCharacters { get; set; }

    /// <summary>Gets or sets the length below which sections are combined, in characters; 0 or more.</summary>
    /// <remarks>This option applies to <see cref="DocumentChunking.ByTitle"/>.</remarks>
    public int? CombineUnderCharacters { get; set; }

    /// <summary>Gets or sets the number of characters of the previous chunk that are repeated at the beginning of a chunk; 0 or more.</summary>
    /// <remarks>Characters are repeated only if an element had to be split because of its length, unless <see cref="OverlapAll"/> is
    /// <see langword="true"/>.</remarks>
    public int? OverlapCharacters { get; set; }

    /// <summary>Gets or sets a value that indicates whether <see cref="OverlapCharacters"/> applies to every chunk, not only to the parts of a split
    /// element.</summary>
    public bool? OverlapAll { get; set; }

    /// <summary>Gets or sets a value that indicates whether a section may continue on the next page.</summary>
    /// <remarks>This option applies to <see cref="DocumentChunking.ByTitle"/>.</remarks>
    public bool? AllowMultipageSections { get; set; }

    /// <summary>Gets or sets the minimum similarity of the elements of a chunk, greater than 0 and less than 1.</summary>
    /// <remarks>This option applies to <see cref="DocumentChunking.BySimilarity"/>.</remarks>
    public float? SimilarityThreshold { get; set; }

    /// <summary>Gets or sets a value that indicates whether the metadata of a chunk contains the elements that the chunk was made from.</summary>
    /// <remarks>The member <c>orig_elements</c> of <see cref="DocumentElement.Metadata"/> is base64-encoded, zlib-compressed JSON.</remarks>
    public bool? IncludeOriginalElements { get; set; }

    /// <summary>Gets additional form fields, by name, for parameters that have no property. Names and values are sent encrypted.</summary>
    /// <value>A name has 1 to 64 characters: ASCII letters, digits, underscores and brackets. The default is an empty dictionary.</value>
    /// <remarks>A call throws a <see cref="PrivatemodeRequestException"/> if a name is invalid, is <c>files</c>, or is also set by another option, if a value
    /// is <see langword="null"/>, or if <c>output_format</c> is not <c>application/json</c>.</remarks>
    public IDictionary<string, string> AdditionalFields { get; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>Represents how the service finds the elements of a document.</summary>
/// <remarks>The well-known values are static properties. Other values that the service supports can be created with the constructor.</remarks>
public readonly record struct DocumentStrategy
{
    /// <summary>Initializes a new instance of the <see cref="DocumentStrategy"/> structure with a value of the service.</summary>
    /// <param name="value">The value, for example <c>hi_res</c>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="value"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="value"/> is empty or white space.</exception>
    public DocumentStrategy(string value) => Value = NamedValues.Validate(value);

    /// <summary>Gets the value as the service names it, or <see langword="null"/> for the <see langword="default"/> value.</summary>
    public string? Value { get; }

    /// <summary>Gets the value that lets the service choose by the type of the document. This is the default of the service.</summary>
    public static DocumentStrategy Auto { get; } = new("auto");

    /// <summary>Gets the value for reading the text that the file contains, without a layout model.</summary>
    public static DocumentStrategy Fast { get; } = new("fast");

    /// <summary>Gets the value for detecting the layout of the pages with a model. Tables and images require it.</summary>
    public static DocumentStrategy HighResolution { get; } = new("hi_res");

    /// <summary>Gets the value for text recognition on an image of each page.</summary>
    public static DocumentStrategy OcrOnly { get; } = new("ocr_only");

    /// <summary>Gets the value for reading the pages with a vision model.</summary>
    public static DocumentStrategy VisionModel { get; } = new("vlm");

    /// <summary>Returns the value as the service names it.</summary>
    /// <returns><see cref="Value"/>, or an empty string if it is <see langword="null"/>.</returns>
    public override string ToString() => Value ?? "";
}

/// <summary>Represents how the elements of a document are combined into chunks.</summary>
/// <remarks>The well-known values are static properties. Other values that the service supports can be created with the constructor.</remarks>
public readonly record struct DocumentChunking
{
    /// <summary>Initializes a new instance of the <see cref="DocumentChunking"/> structure with a value of the service.</summary>
    /// <param name="value">The value, for example <c>by_title</c>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="value"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="value"/> is empty or white space.</exception>
    public DocumentChunking(string value) => Value = NamedValues.Validate(value);

    /// <summary>Gets the value as the service names it, or <see langword="null"/> for the <see langword="default"/> value.</summary>
    public string? Value { get; }

    /// <summary>Gets the value for chunks that are filled with consecutive elements.</summary>
    public static DocumentChunking Basic { get; } = new("basic");

    /// <summary>Gets the value for chunks that are filled with consecutive elements, where each title begins a new chunk.</summary>
    public static DocumentChunking ByTitle { get; } = new("by_title");

    /// <summary>Gets the value for chunks that are filled with consecutive elements, where each page begins a new chunk.</summary>
    public static DocumentChunking ByPage { get; } = new("by_page");

    /// <summary>Gets the value for chunks that combine consecutive elements of similar meaning.</summary>
    public static DocumentChunking BySimilarity { get; } = new("by_similarity");

    /// <summary>Returns the value as the service names it.</summary>
    /// <returns><see cref="Value"/>, or an empty string if it is <see langword="null"/>.</returns>
    public override string ToString() => Value ?? "";
}
