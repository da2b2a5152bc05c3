namespace Privatemode.AI;

/// <summary>Represents how the service finds the elements of a document.</summary>
/// <remarks>The well-known values are static properties. Other values that the service supports can be created with the constructor.</remarks>
public readonly record struct DocumentStrategy
{
    /// <summary>Initializes a new instance of the <see cref="DocumentStrategy"/> structure with a value of the service.</summary>
    /// <param name="value">The value, for example <c>hi_res</c>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="value"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="value"/> is empty or white space.</exception>
    public DocumentStrategy(string value)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(value);
        Value = value;
    }

    /// <summary>Gets the value as the service names it, or <see langword="null"/> for a default structure.</summary>
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
