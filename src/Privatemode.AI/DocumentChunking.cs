namespace Privatemode.AI;

/// <summary>How elements are put together to chunks. Any value the service knows can be given, also ones newer than this library.</summary>
/// <param name="Value">The service's word for it.</param>
public readonly record struct DocumentChunking(string Value)
{
    /// <summary>Chunks are filled up with consecutive elements.</summary>
    public static DocumentChunking Basic { get; } = new("basic");

    /// <summary>A title begins a new chunk.</summary>
    public static DocumentChunking ByTitle { get; } = new("by_title");

    /// <summary>A page begins a new chunk.</summary>
    public static DocumentChunking ByPage { get; } = new("by_page");

    /// <summary>Elements of like meaning share a chunk.</summary>
    public static DocumentChunking BySimilarity { get; } = new("by_similarity");

    /// <summary>The service's word.</summary>
    /// <returns><see cref="Value"/>; empty when there is none.</returns>
    public override string ToString() => Value ?? "";
}
