using Microsoft.Extensions.AI;
using Privatemode.AI;

namespace UserPrograms;

/// <summary>Embeds many texts batch by batch, continues after a failure, and searches them.</summary>
public static class EmbeddingIndex
{
    public static async Task<int> RunAsync(PrivatemodeClient privatemode, IReadOnlyList<string> texts, string question)
    {
        IEmbeddingGenerator<string, Embedding<float>> generator = privatemode.AsIEmbeddingGenerator("qwen3-embedding-4b");
        TextEmbeddingOptions batches = new() { MaxBatchSize = 2, MaxDegreeOfParallelism = 2 };
        List<Embedding<float>> vectors = [];
        for (int attempt = 0; vectors.Count < texts.Count; attempt++)
        {
            try
            {
                await foreach (GeneratedEmbeddings<Embedding<float>> batch in generator.GenerateInBatchesAsync(texts.Skip(vectors.Count), batches))
                {
                    vectors.AddRange(batch);
                }
            }
            catch (PrivatemodeServiceException exception)
                when (attempt < 3 && exception.Reason is ServiceFailureReason.Unavailable or ServiceFailureReason.RateLimited)
            {
                await Task.Yield();
            }
        }

        TextEmbeddingOptions query = new() { QueryInstruction = "Given a question, retrieve the text that answers it" };
        Embedding<float> asked = await generator.GenerateAsync(question, query);
        float[] scores = [.. vectors.Select(vector => Dot(vector.Vector.Span, asked.Vector.Span))];
        return Array.IndexOf(scores, scores.Max());
    }

    private static float Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        float sum = 0;
        for (int i = 0; i < left.Length; i++)
        {
            sum += left[i] * right[i];
        }

        return sum;
    }
}
