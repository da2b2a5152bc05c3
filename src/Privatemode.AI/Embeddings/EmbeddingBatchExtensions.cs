using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Privatemode.AI.Embeddings;

namespace Privatemode.AI;

/// <summary>Provides extension methods that generate embeddings of many texts.</summary>
public static class EmbeddingBatchExtensions
{
    /// <summary>Generates embeddings of texts in batches and returns those of each batch as the batch completes, in the order of the texts.</summary>
    /// <param name="generator">The generator, including any middleware. It is called once for each batch.</param>
    /// <param name="values">The texts. The sequence is enumerated while batches are started, so the texts need not fit into memory.</param>
    /// <param name="options">The options, or <see langword="null"/> for the defaults. <see cref="TextEmbeddingOptions"/> sets the maximum size of
    /// a batch (512 texts or 524,288 bytes by default) and the number of batches that run at once (4 by default).</param>
    /// <param name="cancellationToken">A token that cancels the operation.</param>
    /// <returns>The embeddings of each batch, with the usage and the receipt of its request; an empty sequence if there are no texts.</returns>
    /// <remarks>
    /// <para><see cref="IEmbeddingGenerator{TInput, TEmbedding}.GenerateAsync"/> returns all embeddings at once, and none if one request fails. This
    /// method returns all batches before the failed one. To continue, count the returned embeddings and call this method again with the remaining texts. A
    /// request is retried as in any other call before it fails.</para>
    /// <para>At most <see cref="TextEmbeddingOptions.MaxDegreeOfParallelism"/> batches are held in memory. Batches are started only when the caller requests
    /// the next one. Ending the enumeration early cancels the batches in progress.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="generator"/> or <paramref name="values"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">A text is <see langword="null"/>. Thrown after the batches before it are returned.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was canceled.</exception>
    /// <exception cref="PrivatemodeException">A batch failed. Thrown after the batches before it are returned.</exception>
    public static IAsyncEnumerable<GeneratedEmbeddings<Embedding<float>>> GenerateInBatchesAsync(
        this IEmbeddingGenerator<string, Embedding<float>> generator,
        IEnumerable<string> values,
        EmbeddingGenerationOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(generator);
        ArgumentNullException.ThrowIfNull(values);
        return GenerateAsync(generator, values, options, cancellationToken);
    }

    private static async IAsyncEnumerable<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEmbeddingGenerator<string, Embedding<float>> generator,
        IEnumerable<string> values,
        EmbeddingGenerationOptions? options,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        int? length = null;
        EmbeddingWindow window = new(generator, values, options, cancellationToken);
        await using ConfiguredAsyncDisposable ending = window.ConfigureAwait(false);
        while (await window.NextAsync().ConfigureAwait(false) is { } batch)
        {
            foreach (Embedding<float> embedding in batch)
            {
                EmbeddingReader.RequireLength(embedding.Vector.Length, length ??= embedding.Vector.Length);
            }

            yield return batch;
        }
    }
}
