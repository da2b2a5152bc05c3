using Microsoft.Extensions.AI;
using Privatemode.AI;
using Privatemode.AI.Testing;

namespace TestingYourApp;

/// <summary>Chat, embeddings and speech are interfaces of Microsoft.Extensions.AI. The receipt comes from Privatemode.AI.Testing.</summary>
public sealed class FakeChatClient(string answer, EncryptionReceipt receipt) : IChatClient
{
    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, answer)).WithPrivatemodeReceipt(receipt));

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }
}

/// <summary>Returns a vector of the lengths of the words in a text.</summary>
public sealed class FakeEmbeddingGenerator(EncryptionReceipt receipt) : IEmbeddingGenerator<string, Embedding<float>>
{
    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        GeneratedEmbeddings<Embedding<float>> embeddings = [.. values.Select(value => new Embedding<float>(Vector(value)))];
        return Task.FromResult(embeddings.WithPrivatemodeReceipt(receipt));
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }

    private static float[] Vector(string text)
    {
        float[] vector = new float[16];
        foreach (string word in text.Split(' '))
        {
            vector[Math.Min(word.Length, 15)]++;
        }

        return vector;
    }
}

/// <summary>The transcription is the raw representation of the response, where GetTranscription finds it.</summary>
public sealed class FakeSpeechToTextClient(Transcription transcription) : ISpeechToTextClient
{
    public Task<SpeechToTextResponse> GetTextAsync(
        Stream audioSpeechStream, SpeechToTextOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.FromResult(new SpeechToTextResponse(transcription.Text) { RawRepresentation = transcription });

    public IAsyncEnumerable<SpeechToTextResponseUpdate> GetStreamingTextAsync(
        Stream audioSpeechStream, SpeechToTextOptions? options = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }
}

/// <summary>The clients of Privatemode have virtual members and a constructor for mocking, like the clients of the OpenAI package.</summary>
public sealed class FakeDocumentClient(params DocumentElement[] elements) : DocumentClient
{
    public override Task<PartitionedDocument> PartitionAsync(
        Stream document, string? fileName = null, DocumentOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.FromResult(new PartitionedDocument { Elements = elements });
}

public sealed class FakeTextCompletionClient(params string[] pieces) : TextCompletionClient
{
    public override string ModelId => "fake";

    public override IAsyncEnumerable<TextCompletion> CompleteStreamingAsync(
        TextCompletionRequest request, CancellationToken cancellationToken = default) => pieces
            .Select(piece => new TextCompletion { Choices = [new TextCompletionChoice { Text = piece }] })
            .ToAsyncEnumerable();
}

public sealed class FakeModelCatalog(params ModelInfo[] models) : ModelCatalog
{
    private List<ModelInfo> _models = [.. models];

    public override Task<IReadOnlyList<ModelInfo>> ListAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<ModelInfo>>(_models);

    public void Remove(ModelInfo model)
    {
        _models = [.. _models.Where(other => other != model)];
        OnChanged(new ModelsChangedEventArgs { Removed = [model], Models = _models });
    }
}
