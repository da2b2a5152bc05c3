using System.Numerics;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Embeddings;
using Privatemode.AI.Internal;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Embeddings;

/// <summary>Checks the answer to one request and puts its vectors in the order of the texts.</summary>
internal static class EmbeddingReader
{
    /// <param name="answer">The answer.</param>
    /// <param name="texts">The number of texts that were sent.</param>
    /// <param name="dimensions">The number of dimensions of a vector; null for any number that is the same for all.</param>
    /// <param name="first">The zero-based index of the first text in the whole call.</param>
    /// <param name="scope">The scope with the receipt, which is added to every vector.</param>
    /// <exception cref="PrivatemodeServiceException">The vectors are not those of the texts, or one contains NaN or infinity.</exception>
    public static Embedding<float>[] Read(OpenAIEmbeddingCollection answer, int texts, int? dimensions, int first, ReceiptScope scope)
    {
        if (answer.Count != texts)
        {
            throw Unusable($"{answer.Count} embeddings for {texts} texts");
        }

        Embedding<float>[] ordered = new Embedding<float>[texts];
        foreach (OpenAIEmbedding item in answer)
        {
            // A missing index reads as 0, so that with several texts it is a duplicate.
            if (item.Index < 0 || item.Index >= texts || ordered[item.Index] is not null)
            {
                throw Unusable("embeddings whose numbers do not match the texts");
            }

            ReadOnlyMemory<float> vector = item.ToFloats();
            RequireLength(vector.Length, dimensions ??= vector.Length);
            if (!IsFinite(vector.Span))
            {
                throw PrivatemodeServiceException.UnusableVector(first + item.Index, requestId: null);
            }

            ordered[item.Index] = new Embedding<float>(vector) { ModelId = answer.Model, AdditionalProperties = scope.AddTo(null) };
        }

        return ordered;
    }

    /// <exception cref="PrivatemodeServiceException">A vector does not have the requested length, or not the same length as the others.</exception>
    public static void RequireLength(int length, int expected)
    {
        if (length != expected || length == 0)
        {
            throw Unusable($"a vector of {length} numbers where {expected} are expected");
        }
    }

    /// <summary>Returns the usage of one answer, or null if it contains none. The counts are sent in the clear and are not authenticated.</summary>
    public static UsageDetails? UsageOf(OpenAIEmbeddingCollection answer)
    {
        using JsonDocument? document = UsageReader.Of(answer.Patch);
        return document?.RootElement is { ValueKind: JsonValueKind.Object } usage
            ? new UsageDetails { InputTokenCount = UsageReader.Count(usage, "prompt_tokens"), TotalTokenCount = UsageReader.Count(usage, "total_tokens") }
            : null;
    }

    /// <summary>Returns the sum of several usages, or null if no answer contained usage.</summary>
    public static UsageDetails? Sum(IEnumerable<UsageDetails?> usages)
    {
        UsageDetails? sum = null;
        foreach (UsageDetails usage in usages.OfType<UsageDetails>())
        {
            (sum ??= new UsageDetails()).Add(usage);
        }

        return sum;
    }

    /// <summary>Returns whether all numbers are finite. The difference of a number from itself is zero unless it is NaN or infinite, so the sum of these
    /// differences shows it.</summary>
    private static bool IsFinite(ReadOnlySpan<float> vector)
    {
        Vector<float> differences = Vector<float>.Zero;
        int i = 0;
        for (; i <= vector.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> numbers = new(vector[i..]);
            differences += numbers - numbers;
        }

        bool isFinite = Vector.EqualsAll(differences, Vector<float>.Zero);
        for (; i < vector.Length; i++)
        {
            isFinite &= float.IsFinite(vector[i]);
        }

        return isFinite;
    }

    private static PrivatemodeServiceException Unusable(string what) => new(
        ServiceFailureReason.Other,
        $"The model server returned {what}, so no embedding is returned. Request a number of dimensions that the model supports, or use another model.");
}
