using System.ClientModel;
using System.ClientModel.Primitives;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Embeddings;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Receipts;
using EmbeddingGenerationOptions = Microsoft.Extensions.AI.EmbeddingGenerationOptions;
using OpenAIOptions = OpenAI.Embeddings.EmbeddingGenerationOptions;

namespace Privatemode.AI.Embeddings;

/// <summary>An <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> over an OpenAI embedding client. It splits calls into requests and combines the
/// answers, and does not depend on the layers below that client.</summary>
internal sealed class PrivatemodeEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    private const string ProviderName = "privatemode";

    private static readonly AnswerParser Format = new(
        answer => ModelReaderWriter.Read<OpenAIEmbeddingCollection>(answer, ModelReaderWriterOptions.Json, OpenAIContext.Default),
        () => null);

    private readonly EmbeddingClient _client;
    private readonly EmbeddingGeneratorMetadata _metadata;
    private readonly ExceptionMapper _failures;

    /// <param name="client">The client that sends the requests.</param>
    /// <param name="endpoint">The address of the service, for the metadata.</param>
    /// <param name="modelId">The model ID for calls that do not specify one.</param>
    /// <param name="dimensions">The length of vectors to request if a call does not specify it; null for the model's own.</param>
    /// <param name="failures">Maps exceptions of the client to those for callers.</param>
    public PrivatemodeEmbeddingGenerator(EmbeddingClient client, Uri endpoint, string modelId, int? dimensions, ExceptionMapper failures)
    {
        _client = client;
        _metadata = new EmbeddingGeneratorMetadata(ProviderName, endpoint, modelId, dimensions);
        _failures = failures;
    }

    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        TextEmbeddingOptions settings = EmbeddingOptionsMapper.Settings(options);
        List<List<string>> batches = [.. EmbeddingBatches.Split(values, settings)];
        cancellationToken.ThrowIfCancellationRequested();
        if (batches.Count == 0)
        {
            return [];
        }

        List<OpenAIOptions> requests = EmbeddingOptionsMapper.ToOpenAI(this, options, _metadata.DefaultModelDimensions, batches.Count);
        Answer[] answers = new Answer[batches.Count];
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = settings.MaxDegreeOfParallelism, CancellationToken = cancellationToken };

        // The first failure cancels the other requests, and is the one that is thrown.
        await Parallel.ForAsync(0, batches.Count, parallel, async (i, token) =>
        {
            List<string> texts = EmbeddingBatches.Forms(batches[i], settings.QueryInstruction);
            int first = batches.Take(i).Sum(batch => batch.Count);
            try
            {
                answers[i] = await AskAsync(texts, first, requests[i], token).ConfigureAwait(false);
            }
            catch (PrivatemodeServiceException exception) when (exception.WasNotSent && batches.Count > 1 && !UserCallback.Threw(exception))
            {
                throw exception.CopyForSentCall("Other requests of the call were sent, or may have been.");
            }
        }).ConfigureAwait(false);
        return Join(answers);
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        ClientMembers.FindService(this, _metadata, _client, typeof(EmbeddingClient), serviceType, serviceKey);

    void IDisposable.Dispose()
    {
        // The PrivatemodeClient owns everything; several generators share it.
    }

    /// <param name="texts">The texts of one request.</param>
    /// <param name="first">The zero-based index of the first text in the whole call.</param>
    /// <param name="options">The options of the request.</param>
    /// <param name="cancellationToken">A token that cancels the request.</param>
    private async Task<Answer> AskAsync(List<string> texts, int first, OpenAIOptions options, CancellationToken cancellationToken)
    {
        int? dimensions = options.Dimensions;
        ReceiptScope scope = ReceiptScope.Begin();
        try
        {
            ClientResult<OpenAIEmbeddingCollection> result =
                await _client.GenerateEmbeddingsAsync(texts, options, cancellationToken).ConfigureAwait(false);
            Embedding<float>[] embeddings = EmbeddingReader.Read(result.Value, texts.Count, dimensions, first, scope);
            return new Answer(embeddings, EmbeddingReader.UsageOf(result.Value), scope);
        }
        catch (PrivatemodeServiceException exception) when (first > 0 && exception.VectorIndex is { } index)
        {
            // The pipeline knows only the request.
            throw PrivatemodeServiceException.UnusableVector(first + index, exception.RequestId);
        }
        catch (Exception exception) when (_failures.TryMap(exception, scope, Format, out Exception? mapped))
        {
            throw await _failures.ExplainAsync(mapped, cancellationToken).ConfigureAwait(false);
        }
    }

    private static GeneratedEmbeddings<Embedding<float>> Join(Answer[] answers)
    {
        GeneratedEmbeddings<Embedding<float>> all = new(answers.Sum(answer => answer.Embeddings.Length));
        int length = answers[0].Embeddings[0].Vector.Length;
        foreach (Answer answer in answers)
        {
            // All vectors of an answer have the same length.
            EmbeddingReader.RequireLength(answer.Embeddings[0].Vector.Length, length);
            all.AddRange(answer.Embeddings);
        }

        all.Usage = EmbeddingReader.Sum(answers.Select(answer => answer.Usage));
        all.AdditionalProperties = answers[0].Scope.AddTo(null);
        return all;
    }

    private sealed record Answer(Embedding<float>[] Embeddings, UsageDetails? Usage, ReceiptScope Scope);
}
