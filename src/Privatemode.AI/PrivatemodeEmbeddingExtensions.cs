using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Privatemode.AI.Embeddings;

namespace Privatemode.AI;

/// <summary>Embeds many texts, with results as they come.</summary>
public static class PrivatemodeEmbeddingExtensions
{
    /// <summary>Embeds texts batch by batch and returns the embeddings of each batch as soon as they are there, in the order of the texts.</summary>
    /// <param name="generator">The generator, with any middleware around it; every batch is one call of it.</param>
    /// <param name="values">The texts. They are read as they are needed, so they may be more than fit into memory.</param>
    /// <param name="options">Null for the defaults. <see cref="PrivatemodeEmbeddingOptions"/> has the size of a batch (512 texts or 524,288 bytes by
    /// default) and how many batches are under way at once (4 by default).</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>For each batch its embeddings, with the usage and the receipt of its request. Nothing for no texts.</returns>
    /// <remarks>
    /// <para><see cref="IEmbeddingGenerator{TInput, TEmbedding}.GenerateAsync"/> returns all embeddings at once, and none when one request fails. Here
    /// everything before the batch that failed has been handed out: count what came, and call again with the texts after that. A request is retried
    /// as in any other call before it counts as failed.</para>
    /// <para>At most <see cref="PrivatemodeEmbeddingOptions.MaxParallelism"/> batches are held in memory. While the caller does not ask for the next
    /// one, no further batch is begun. Leaving the loop early cancels what is under way.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException">The generator or the texts are null.</exception>
    /// <exception cref="ArgumentException">A text is null; thrown in its turn, after the batches before it.</exception>
    /// <exception cref="PrivatemodeException">A batch failed; thrown in its turn, after the batches before it.</exception>
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
                EmbeddingReader.DemandLength(embedding.Vector.Length, length ??= embedding.Vector.Length);
            }

            yield return batch;
        }
    }
}
