namespace Privatemode.AI;

/// <summary>How a document is taken apart. Any value the service knows can be given, also ones newer than this library.</summary>
/// <param name="Value">The service's word for it.</param>
public readonly record struct DocumentStrategy(string Value)
{
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

    /// <summary>The service's word.</summary>
    /// <returns><see cref="Value"/>; empty when there is none.</returns>
    public override string ToString() => Value ?? "";
}
