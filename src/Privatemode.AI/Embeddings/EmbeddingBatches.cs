using System.Text;

namespace Privatemode.AI.Embeddings;

/// <summary>Cuts the texts of a call into requests, in their order.</summary>
internal static class EmbeddingBatches
{
    /// <exception cref="ArgumentException">A text is null.</exception>
    public static List<List<string>> Split(IEnumerable<string> values, PrivatemodeEmbeddingOptions options)
    {
        List<List<string>> batches = [];
        long bytes = 0;
        foreach (string value in values)
        {
            string text = Form(value ?? throw new ArgumentException("A text to embed is null.", nameof(values)), options.QueryInstruction);
            int length = Encoding.UTF8.GetByteCount(text);
            if (batches.Count == 0 || batches[^1].Count >= options.MaxBatchSize || bytes + length > options.MaxBatchBytes)
            {
                batches.Add([]);
                bytes = 0;
            }

            batches[^1].Add(text);
            bytes += length;
        }

        return batches;
    }

    private static string Form(string text, string? instruction) =>
        instruction is null ? text : PrivatemodeEmbeddingOptions.FormatQuery(instruction, text);
}
