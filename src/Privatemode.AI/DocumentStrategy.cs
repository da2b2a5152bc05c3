namespace Privatemode.AI;

/// <summary>Represents how the elements of a document are found.</summary>
/// <remarks>The well-known values are properties; any other value that the service knows can be given too.</remarks>
public readonly record struct DocumentStrategy
{
    /// <summary>Initializes a new instance with the service's word.</summary>
    /// <param name="value">The service's word, for example <c>hi_res</c>.</param>
    /// <exception cref="ArgumentException"><paramref name="value"/> is <see langword="null"/> or white space.</exception>
    public DocumentStrategy(string value)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(value);
        Value = value;
    }

    /// <summary>Gets the service's word, or <see langword="null"/> for a value that was not initialized.</summary>
    public string? Value { get; }

    /// <summary>The service chooses by the kind of the document. Its default.</summary>
    public static DocumentStrategy Auto { get; } = new("auto");

    /// <summary>Text as it stands in the file; no model looks at the pages.</summary>
    public static DocumentStrategy Fast { get; } = new("fast");

    /// <summary>A model finds the layout of the pages; needed for tables and images.</summary>
    public static DocumentStrategy HighResolution { get; } = new("hi_res");

    /// <summary>Every page is read as an image.</summary>
    public static DocumentStrategy OcrOnly { get; } = new("ocr_only");

    /// <summary>A vision model reads the pages.</summary>
    public static DocumentStrategy VisionModel { get; } = new("vlm");

    /// <summary>Returns the service's word.</summary>
    /// <returns><see cref="Value"/>, or an empty string if it is <see langword="null"/>.</returns>
    public override string ToString() => Value ?? "";
}
