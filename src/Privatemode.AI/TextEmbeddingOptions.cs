using Microsoft.Extensions.AI;

namespace Privatemode.AI;

/// <summary>Options of one call for embeddings: whether its texts are queries, and how many texts are sent at once.</summary>
/// <remarks>
/// Plain <see cref="EmbeddingGenerationOptions"/> work too: the texts are then documents, embedded as they are, and batches have the default
/// size. Clones made by middleware keep everything.
/// </remarks>
public sealed class TextEmbeddingOptions : EmbeddingGenerationOptions
{
    internal const int DefaultBatchSize = 512;
    internal const int DefaultBatchBytes = 512 * 1024;
    internal const int DefaultParallelism = 4;

    /// <summary>Options with their defaults.</summary>
    public TextEmbeddingOptions()
    {
    }

    private TextEmbeddingOptions(TextEmbeddingOptions other)
        : base(other)
    {
        QueryInstruction = other.QueryInstruction;
        MaxBatchSize = other.MaxBatchSize;
        MaxBatchBytes = other.MaxBatchBytes;
        MaxParallelism = other.MaxParallelism;
    }

    /// <summary>
    /// The task the texts are queries for, in one sentence, for example <c>Given a question, retrieve passages that answer it</c>; they are then
    /// sent as <see cref="FormatQuery"/> writes them. Default null: the texts are documents, sent as they are.
    /// </summary>
    /// <remarks>
    /// Models such as <c>qwen3-embedding-4b</c> want the instruction with queries and none with documents. A cache in front of the generator may not
    /// look at this property: with one, give it texts that <see cref="FormatQuery"/> wrote, and leave this null.
    /// </remarks>
    public string? QueryInstruction { get; set; }

    /// <summary>Most texts in one request, at least 1. Default 512.</summary>
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

    /// <summary>Most bytes of text, in UTF-8, in one request, at least 1; a longer text goes alone. Default 524,288.</summary>
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

    /// <summary>Most requests of one call under way at once, at least 1. Default 4.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int MaxParallelism
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = DefaultParallelism;

    /// <summary>A query in the form the models were trained with: <c>Instruct: {task}</c>, a line feed, <c>Query: {text}</c>.</summary>
    /// <param name="instruction">The task, in one sentence.</param>
    /// <param name="text">The query.</param>
    /// <returns>The text to embed.</returns>
    public static string FormatQuery(string instruction, string text)
    {
        ArgumentNullException.ThrowIfNull(instruction);
        ArgumentNullException.ThrowIfNull(text);
        return $"Instruct: {instruction}\nQuery: {text}";
    }

    /// <inheritdoc/>
    public override EmbeddingGenerationOptions Clone() => new TextEmbeddingOptions(this);
}
