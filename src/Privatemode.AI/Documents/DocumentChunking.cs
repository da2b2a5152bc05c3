namespace Privatemode.AI;

/// <summary>Represents how the elements of a document are combined into chunks.</summary>
/// <remarks>The well-known values are static properties. Other values that the service supports can be created with the constructor.</remarks>
public readonly record struct DocumentChunking
{
    /// <summary>Initializes a new instance of the <see cref="DocumentChunking"/> structure with a value of the service.</summary>
    /// <param name="value">The value, for example <c>by_title</c>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="value"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="value"/> is empty or white space.</exception>
    public DocumentChunking(string value)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(value);
        Value = value;
    }

    /// <summary>Gets the value as the service names it, or <see langword="null"/> for a default structure.</summary>
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
