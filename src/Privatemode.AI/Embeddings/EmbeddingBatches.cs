using System.Text;

namespace Privatemode.AI.Embeddings;

/// <summary>Cuts the texts of a call into requests, in their order.</summary>
internal static class EmbeddingBatches
{
    /// <summary>Reads no further ahead than the first text that does not fit the batch.</summary>
    /// <returns>The texts as they are; their size is that of what <see cref="Forms"/> makes of them.</returns>
    /// <exception cref="ArgumentException">A text is null; thrown after the batches before it.</exception>
    public static IEnumerable<List<string>> Split(IEnumerable<string> values, TextEmbeddingOptions options)
    {
        long added = options.QueryInstruction is { } instruction ? Encoding.UTF8.GetByteCount(TextEmbeddingOptions.FormatQuery(instruction, "")) : 0;
        List<string> batch = [];
        long bytes = 0;
        foreach (string? value in values)
        {
            long length = value is null ? 0 : added + Encoding.UTF8.GetByteCount(value);
            if (batch.Count > 0 && (value is null || batch.Count >= options.MaxBatchSize || bytes + length > options.MaxBatchBytes))
            {
                yield return batch;
                batch = [];
                bytes = 0;
            }

            batch.Add(value ?? throw new ArgumentException("A text to embed is null.", nameof(values)));
            bytes += length;
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }

    /// <summary>The texts of a batch in the form they are sent in.</summary>
    public static List<string> Forms(List<string> batch, string? instruction) =>
        instruction is null ? batch : batch.ConvertAll(text => TextEmbeddingOptions.FormatQuery(instruction, text));
}
