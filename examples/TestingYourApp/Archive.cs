using System.Text;
using Microsoft.Extensions.AI;
using Privatemode.AI;

namespace TestingYourApp;

/// <summary>A service that uses every client. It gets them from its constructor, so that tests can pass fakes.</summary>
public sealed class Archive : IDisposable
{
    private readonly IChatClient _chat;
    private readonly IEmbeddingGenerator<string, Embedding<float>> _embeddings;
    private readonly ISpeechToTextClient _speech;
    private readonly DocumentClient _documents;
    private readonly TextCompletionClient _completions;
    private readonly ModelCatalog _models;

    public Archive(
        IChatClient chat,
        IEmbeddingGenerator<string, Embedding<float>> embeddings,
        ISpeechToTextClient speech,
        DocumentClient documents,
        TextCompletionClient completions,
        ModelCatalog models)
    {
        (_chat, _embeddings, _speech, _documents, _completions, _models) = (chat, embeddings, speech, documents, completions, models);
        _models.Changed += OnModelsChanged;
    }

    /// <summary>The IDs of models that are no longer offered.</summary>
    public List<string> RemovedModels { get; } = [];

    /// <summary>Summarizes a document and says which verified deployment read it.</summary>
    public async Task<(string Summary, string? AuditLine)> SummarizeAsync(Stream document, string fileName)
    {
        PartitionedDocument parts = await _documents.PartitionAsync(document, fileName);
        if (parts.Elements.All(element => element.Type != DocumentElementType.Title))
        {
            return ("The document has no title.", null);
        }

        ChatResponse answer = await _chat.GetResponseAsync($"Sum this up in one sentence: {parts.Text}");
        return (answer.Text, answer.GetPrivatemodeReceipt() is { IsVerified: true } receipt
            ? $"{receipt.RequestId} was encrypted to manifest {receipt.ManifestSha256}"
            : null);
    }

    public async Task<string> CompleteCodeAsync(string code)
    {
        StringBuilder text = new(code);
        await foreach (TextCompletion completion in _completions.CompleteStreamingAsync(new TextCompletionRequest(code)))
        {
            text.Append(completion.Text);
        }

        return text.ToString();
    }

    /// <summary>Finds the text that is closest to a question, and tells whether its vector came from Privatemode.</summary>
    public async Task<(string Text, bool IsConfidential)> FindAsync(string question, params string[] texts)
    {
        GeneratedEmbeddings<Embedding<float>> vectors = await _embeddings.GenerateAsync([question, .. texts]);
        int best = Enumerable.Range(1, texts.Length).MaxBy(i => Similarity(vectors[0], vectors[i]));
        return (texts[best - 1], vectors.GetPrivatemodeReceipts() is [{ IsVerified: true }, ..]);
    }

    public async Task<string> CreateSubtitlesAsync(Stream recording)
    {
        SpeechTranscriptionOptions options = new() { Timestamps = TranscriptionTimestamps.Segments, SpeechLanguage = "en" };
        SpeechToTextResponse answer = await _speech.GetTextAsync(recording, options);
        return answer.GetTranscription() is { Segments.Count: > 0 } transcription ? transcription.ToWebVtt() : answer.Text;
    }

    public async Task<string?> FindVisionModelAsync() => (await _models.ListAsync()).FirstOrDefault(model => model.SupportsVision)?.Id;

    public void Dispose() => _models.Changed -= OnModelsChanged;

    private static float Similarity(Embedding<float> left, Embedding<float> right)
    {
        float sum = 0;
        for (int i = 0; i < left.Vector.Length; i++)
        {
            sum += left.Vector.Span[i] * right.Vector.Span[i];
        }

        return sum;
    }

    private void OnModelsChanged(object? sender, ModelsChangedEventArgs e) => RemovedModels.AddRange(e.Removed.Select(model => model.Id));
}
