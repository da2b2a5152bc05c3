namespace Privatemode.AI;

/// <summary>Represents how the elements of a document are combined into chunks.</summary>
/// <remarks>The well-known values are properties; any other value that the service knows can be given too.</remarks>
public readonly record struct DocumentChunking
{
    /// <summary>Initializes a new instance with the service's word.</summary>
    /// <param name="value">The service's word, for example <c>by_title</c>.</param>
    /// <exception cref="ArgumentException"><paramref name="value"/> is <see langword="null"/> or white space.</exception>
    public DocumentChunking(string value)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(value);
        Value = value;
    }

    /// <summary>Gets the service's word, or <see langword="null"/> for a value that was not initialized.</summary>
    public string? Value { get; }

    /// <summary>Chunks are filled up with consecutive elements.</summary>
    public static DocumentChunking Basic { get; } = new("basic");

    /// <summary>A title begins a new chunk.</summary>
    public static DocumentChunking ByTitle { get; } = new("by_title");

    /// <summary>A page begins a new chunk.</summary>
    public static DocumentChunking ByPage { get; } = new("by_page");

    /// <summary>Elements of like meaning share a chunk.</summary>
    public static DocumentChunking BySimilarity { get; } = new("by_similarity");

    /// <summary>Returns the service's word.</summary>
    /// <returns><see cref="Value"/>, or an empty string if it is <see langword="null"/>.</returns>
    public override string ToString() => Value ?? "";
}
