using Microsoft.Extensions.AI;

namespace Privatemode.AI;

/// <summary>Provides options for generating embeddings of text: an instruction for queries, and the size of batches.</summary>
/// <remarks>With plain <see cref="EmbeddingGenerationOptions"/>, the texts are embedded unchanged, as documents, in batches of the default size.
/// <see cref="Clone"/>, which middleware calls, copies all properties.</remarks>
public sealed class TextEmbeddingOptions : EmbeddingGenerationOptions
{
    internal const int DefaultBatchSize = 512;
    internal const int DefaultBatchBytes = 512 * 1024;
    internal const int DefaultParallelism = 4;

    /// <summary>Initializes a new instance of the <see cref="TextEmbeddingOptions"/> class with default values.</summary>
    public TextEmbeddingOptions()
    {
    }

    private TextEmbeddingOptions(TextEmbeddingOptions other)
        : base(other)
    {
        QueryInstruction = other.QueryInstruction;
        MaxBatchSize = other.MaxBatchSize;
        MaxBatchBytes = other.MaxBatchBytes;
        MaxDegreeOfParallelism = other.MaxDegreeOfParallelism;
    }

    /// <summary>Gets or sets the task for which the texts are queries, in one sentence.</summary>
    /// <value>For example <c>Given a question, retrieve passages that answer it</c>. Each text is then sent in the form of
    /// <see cref="FormatQuery"/>. The default is <see langword="null"/>: the texts are documents and are sent unchanged.</value>
    /// <remarks>Models such as <c>qwen3-embedding-4b</c> expect an instruction with queries and none with documents. A cache in front of the
    /// generator might ignore this property when it compares calls. If you use one, leave this property <see langword="null"/> and pass the
    /// result of <see cref="FormatQuery"/> as text.</remarks>
    public string? QueryInstruction { get; set; }

    /// <summary>Gets or sets the maximum number of texts in one request.</summary>
    /// <value>At least 1. The default is 512.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int MaxBatchSize
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = DefaultBatchSize;

    /// <summary>Gets or sets the maximum size of the texts in one request, in bytes of UTF-8.</summary>
    /// <value>At least 1. A longer text is sent in a request of its own. The default is 524,288.</value>
    /// <remarks>With <see cref="QueryInstruction"/>, the size of a text includes the instruction.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int MaxBatchBytes
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = DefaultBatchBytes;

    /// <summary>Gets or sets the maximum number of concurrent requests of one call.</summary>
    /// <value>At least 1. The default is 4.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int MaxDegreeOfParallelism
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = DefaultParallelism;

    /// <summary>Formats a query with an instruction, in the form that models such as <c>qwen3-embedding-4b</c> were trained with.</summary>
    /// <param name="instruction">The task, in one sentence.</param>
    /// <param name="text">The query.</param>
    /// <returns>The text to embed: <c>Instruct: {instruction}</c>, a line feed, and <c>Query: {text}</c>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="instruction"/> or <paramref name="text"/> is <see langword="null"/>.</exception>
    public static string FormatQuery(string instruction, string text)
    {
        ArgumentNullException.ThrowIfNull(instruction);
        ArgumentNullException.ThrowIfNull(text);
        return $"Instruct: {instruction}\nQuery: {text}";
    }

    /// <inheritdoc/>
    public override EmbeddingGenerationOptions Clone() => new TextEmbeddingOptions(this);
}
