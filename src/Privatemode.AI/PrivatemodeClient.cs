using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;
using Privatemode.AI.Chat;
using Privatemode.AI.Completions;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Documents;
using Privatemode.AI.Embeddings;
using Privatemode.AI.Pipeline;
using Privatemode.AI.Sessions;
using Privatemode.AI.Speech;

namespace Privatemode.AI;

/// <summary>Privatemode's client: chat, embeddings, speech, documents, completions, and the sealed OpenAI client, over one verified deployment.
/// Nothing is sent when it is made.</summary>
/// <remarks>Thread-safe; make one and keep it. Disposing it ends the session and wipes its secrets.</remarks>
public sealed class PrivatemodeClient : IDisposable, IAsyncDisposable
{
    private readonly ClientComposition _composition;

    /// <summary>Initializes a new instance with default settings and the API key of the environment variable <c>PRIVATEMODE_API_KEY</c>.</summary>
    /// <exception cref="PrivatemodeConfigurationException">The variable is not set, or holds more than the key.</exception>
    public PrivatemodeClient()
        : this(new PrivatemodeOptions())
    {
    }

    /// <summary>Initializes a new instance with an API key and default settings.</summary>
    /// <param name="apiKey">The API key. It is never taken from the environment here, not even when it is missing.</param>
    /// <exception cref="ArgumentNullException">The key is null.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The API key is empty, or holds more than the key.</exception>
    public PrivatemodeClient(string apiKey)
        : this(new PrivatemodeOptions { ApiKey = apiKey ?? throw new ArgumentNullException(nameof(apiKey)) })
    {
    }

    /// <summary>Initializes a new instance with these settings.</summary>
    /// <param name="options">The settings. They are copied; later changes have no effect. Without an API key in them, it comes from the environment
    /// variable <c>PRIVATEMODE_API_KEY</c>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is <see langword="null"/>.</exception>
    /// <exception cref="PrivatemodeConfigurationException">A setting is missing or not acceptable; the exception names it.</exception>
    public PrivatemodeClient(PrivatemodeOptions options)
        : this(ClientComposition.Create(options ?? throw new ArgumentNullException(nameof(options))))
    {
    }

    internal PrivatemodeClient(ClientComposition composition)
    {
        _composition = composition;
        Documents = new DocumentClient(new DocumentCall(
            OpenAI.Pipeline, new Uri(composition.Endpoint, EndpointRules.Partition.Path), EndpointRules.Partition.PlainLimit, composition.Failures));
    }

    /// <summary>The OpenAI client over the same session, for Semantic Kernel and anything else that takes an <c>OpenAIClient</c>.</summary>
    public PrivatemodeOpenAIClient OpenAI => _composition.OpenAI;

    /// <summary>The models the service offers. The list is neither encrypted nor authenticated.</summary>
    public ModelCatalog Models => _composition.Models;

    /// <summary>What is known about the deployment now; sends nothing.</summary>
    internal DeploymentHealth Health => _composition.Health;

    /// <summary>Its log.</summary>
    internal ClientEvents Events => _composition.Events;

    /// <summary>Runs the requests of other libraries, for <see cref="PrivatemodeHttpMessageHandler"/>.</summary>
    internal HttpCalls Http => _composition.Http;

    internal Uri Endpoint => _composition.Endpoint;

    /// <summary>Takes documents apart, over the same session.</summary>
    /// <remarks>A blank document is refused: nothing in an empty answer could be authenticated. See
    /// <see cref="DocumentClient.PartitionAsync"/>.</remarks>
    public DocumentClient Documents { get; }

    /// <summary>Makes the session now, so that the first call does not have to wait for it.</summary>
    /// <param name="cancellationToken">Ends the wait; the session may still be made for others that wait for it.</param>
    /// <returns>Completes when a secret is agreed.</returns>
    /// <exception cref="PrivatemodeConfigurationException">The service rejects the API key.</exception>
    /// <exception cref="PrivatemodeServiceException">The service could not be reached or refused, or all took longer than
    /// <see cref="TransportOptions.ResponseTimeout"/>.</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment did not prove itself.</exception>
    /// <exception cref="ObjectDisposedException">The client is disposed of.</exception>
    public Task ConnectAsync(CancellationToken cancellationToken = default) => _composition.ConnectAsync(cancellationToken);

    /// <summary>Verifies the deployment now, whatever is known about it, and reports what was proved. Sends the service the API key and a nonce;
    /// AMD or Intel learn which chip or platform is asked about.</summary>
    /// <param name="cancellationToken">Ends the verification.</param>
    /// <returns>The report. Calls from here on rely on it; when the deployment has changed, they agree on new secrets first.</returns>
    /// <exception cref="PrivatemodeConfigurationException">The service rejects the API key, or the adoption log cannot be used.</exception>
    /// <exception cref="PrivatemodeServiceException">The service, the manifest or collateral could not be had. That is no verdict.</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment did not prove itself; nothing is sent to it from here on.</exception>
    /// <exception cref="ObjectDisposedException">The client is disposed of.</exception>
    public Task<VerifiedDeployment> VerifyAsync(CancellationToken cancellationToken = default) => _composition.VerifyAsync(cancellationToken);

    /// <summary>A chat client for one model.</summary>
    /// <param name="modelId">Id of the model, for example <c>gpt-oss-120b</c>. A call may choose another by <see cref="ChatOptions.ModelId"/>.</param>
    /// <returns>
    /// A client without a tool loop of its own: it returns <see cref="FunctionCallContent"/> and takes <see cref="FunctionResultContent"/>.
    /// Disposing it does nothing.
    /// </returns>
    /// <remarks>
    /// <see cref="ChatOptions.AdditionalProperties"/> are posted as members of the request, as they are: text, numbers, booleans, null,
    /// JSON, dictionaries and lists of these; names this library writes itself are refused. <see cref="ChatOptions.ConversationId"/> is not
    /// used, the service keeps no conversations. A message carries text, images, audio as MP3 or WAV, and PDF files; a
    /// <see cref="DataContent"/> or <see cref="UriContent"/> of another media type in it is a
    /// <see cref="PrivatemodeRequestException"/>, and in an answer that goes back with the history it is left out. Reasoning comes as
    /// <see cref="TextReasoningContent"/> and goes back with the history; a refusal is an <see cref="ErrorContent"/> with the code
    /// <c>Refusal</c>. An answer the model server broke off is a <see cref="PrivatemodeServiceException"/>; other finish reasons are told in
    /// the server's own word.
    /// </remarks>
    /// <exception cref="ArgumentException">The id is null or empty.</exception>
    public IChatClient AsIChatClient(string modelId)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelId);
        return new PrivatemodeChatClient(OpenAI.GetChatClient(modelId), _composition.Endpoint, modelId, _composition.Failures.For("generate"));
    }

    /// <summary>A generator of embeddings with one model.</summary>
    /// <param name="modelId">Id of the model, for example <c>qwen3-embedding-4b</c>. A call may choose another by
    /// <see cref="EmbeddingGenerationOptions.ModelId"/>.</param>
    /// <param name="defaultModelDimensions">The length of the vectors asked for when a call does not say, at least 1; null, the default, for the
    /// model's own.</param>
    /// <returns>A generator that keeps the order of the texts. Disposing it does nothing.</returns>
    /// <remarks>
    /// Many texts go in several requests, a few of them at once; <see cref="TextEmbeddingOptions"/> has the numbers, and makes queries of
    /// the texts. The first request that fails cancels the others, and nothing is handed out: for many texts use
    /// <see cref="EmbeddingBatchExtensions.GenerateInBatchesAsync"/>, which returns what came before. An empty list of texts is answered without
    /// a call. <see cref="EmbeddingGenerationOptions.AdditionalProperties"/> are posted as members of the request, as they are, but for the names this library
    /// writes itself. A factory in <see cref="EmbeddingGenerationOptions.RawRepresentationFactory"/> makes a new object for each request.
    /// Every embedding carries the receipt of its request.
    /// </remarks>
    /// <exception cref="ArgumentException">The id is null or empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The dimensions are less than 1.</exception>
    public IEmbeddingGenerator<string, Embedding<float>> AsIEmbeddingGenerator(string modelId, int? defaultModelDimensions = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelId);
        if (defaultModelDimensions is { } dimensions)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1, nameof(defaultModelDimensions));
        }

        return new PrivatemodeEmbeddingGenerator(
            OpenAI.GetEmbeddingClient(modelId), _composition.Endpoint, modelId, defaultModelDimensions, _composition.Failures.For("embed"));
    }

    /// <summary>A client of the completions endpoint, for plain text continuation and for filling gaps in code.</summary>
    /// <param name="modelId">Id of the model. A request may choose another by <see cref="TextCompletionRequest.ModelId"/>.</param>
    /// <returns>The client.</returns>
    /// <exception cref="ArgumentException">The id is null or empty.</exception>
    public TextCompletionClient GetCompletionClient(string modelId)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelId);
        return new TextCompletionClient(new CompletionCalls(OpenAI.Pipeline, _composition.Endpoint, _composition.Failures.For("generate")), modelId);
    }

    /// <summary>A message handler over the same session, for any other library that sends with an <see cref="HttpClient"/>.</summary>
    /// <returns>A new handler; see its remarks for what it does differently from an ordinary one. Disposing it does not dispose this client.</returns>
    public PrivatemodeHttpMessageHandler CreateHandler() => new(this);

    /// <summary>A client that turns recorded speech into text, for one model.</summary>
    /// <param name="modelId">Id of the model, for example <c>whisper-large-v3</c>. A call may choose another by
    /// <see cref="SpeechToTextOptions.ModelId"/>.</param>
    /// <returns>A client that neither disposes nor rewinds the streams it is given. Disposing it does nothing.</returns>
    /// <remarks>
    /// A recording is a file of flac, mp3, mp4, mpeg, mpga, m4a, ogg, wav or webm, of at most 50 MiB and one hour, read from where its stream stands.
    /// Another kind, an empty or a larger file is a <see cref="PrivatemodeRequestException"/> before anything is sent. Its name never
    /// leaves. Of <see cref="SpeechToTextOptions.SpeechLanguage"/> the first subtag is used (<c>de</c> of <c>de-AT</c>);
    /// <see cref="SpeechToTextOptions.TextLanguage"/> must be the same or none, because the service removed translations in version 1.33;
    /// <see cref="SpeechToTextOptions.SpeechSampleRate"/> is not used, the file tells. Prompt, temperature and timestamps:
    /// <see cref="SpeechTranscriptionOptions"/>. <see cref="SpeechToTextOptions.AdditionalProperties"/> are posted as fields of the form: text,
    /// numbers and booleans. A streamed transcription comes as <see cref="SpeechToTextResponseUpdateKind.TextUpdated"/>, then
    /// <see cref="SpeechToTextResponseUpdateKind.SessionClose"/> with the usage, once it is certain that nothing is missing.
    /// </remarks>
    /// <exception cref="ArgumentException">The id is null or empty.</exception>
    [Experimental("MEAI001")]
    public ISpeechToTextClient AsISpeechToTextClient(string modelId)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelId);
        return new PrivatemodeSpeechClient(
            OpenAI.GetAudioClient(modelId), _composition.Endpoint, modelId, FormFields.FileLimit, _composition.Failures.For("transcribe"));
    }

    /// <summary>Ends the session and wipes its secrets. Streams still running may finish.</summary>
    public void Dispose() => _composition.Dispose();

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync()
    {
        _composition.Dispose();
        return default;
    }
}
