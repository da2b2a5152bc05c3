using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;
using Privatemode.AI.Chat;
using Privatemode.AI.Completions;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Documents;
using Privatemode.AI.Embeddings;
using Privatemode.AI.Internal;
using Privatemode.AI.LocalProxy;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Speech;
using Privatemode.AI.Verification;

namespace Privatemode.AI;

/// <summary>Provides chat, embeddings, speech, document and completion clients, encrypted end to end for a verified Privatemode deployment.</summary>
/// <remarks>
/// <para>Creating an instance sends nothing. The first call, or <see cref="ConnectAsync"/>, verifies the deployment and establishes a session; no content is
/// sent before that has succeeded.</para>
/// <para>This class is thread-safe. Create one instance and reuse it. Disposing it ends the session and wipes its secrets.</para>
/// <para>It cannot be derived from. For unit tests, let your code depend on <see cref="IChatClient"/>, the other interfaces of Microsoft.Extensions.AI,
/// <see cref="DocumentClient"/>, <see cref="TextCompletionClient"/> or <see cref="ModelCatalog"/>, and replace those; or connect the client to the local
/// deployment of the package Privatemode.AI.Testing.</para>
/// </remarks>
public sealed class PrivatemodeClient : IDisposable, IAsyncDisposable
{
    private readonly IClientComposition _composition;

    /// <summary>Initializes a new instance with default options and the API key from the environment variable <c>PRIVATEMODE_API_KEY</c>.</summary>
    /// <exception cref="PrivatemodeConfigurationException">The environment variable is not set, or its value is not a usable API key.</exception>
    public PrivatemodeClient()
        : this(new PrivatemodeOptions())
    {
    }

    /// <summary>Initializes a new instance of the <see cref="PrivatemodeClient"/> class with an API key and default options.</summary>
    /// <param name="apiKey">The API key. The environment variable <c>PRIVATEMODE_API_KEY</c> is not used, even if the key is empty.</param>
    /// <exception cref="ArgumentNullException"><paramref name="apiKey"/> is <see langword="null"/>.</exception>
    /// <exception cref="PrivatemodeConfigurationException"><paramref name="apiKey"/> is empty or is not a usable API key.</exception>
    public PrivatemodeClient(string apiKey)
        : this(new PrivatemodeOptions { ApiKey = apiKey ?? throw new ArgumentNullException(nameof(apiKey)) })
    {
    }

    /// <summary>Initializes a new instance with the specified options.</summary>
    /// <param name="options">The options. They are copied; later changes have no effect. If they contain no source of an API key, the key is read from the
    /// environment variable <c>PRIVATEMODE_API_KEY</c>, except with <see cref="TransportOptions.DangerousUnverifiedLocalProxy"/>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is <see langword="null"/>.</exception>
    /// <exception cref="PrivatemodeConfigurationException">One or more options are missing or invalid; the exception names them.</exception>
    public PrivatemodeClient(PrivatemodeOptions options)
        : this(Compose(options ?? throw new ArgumentNullException(nameof(options))))
    {
    }

    internal PrivatemodeClient(IClientComposition composition)
    {
        _composition = composition;
        Documents = new DocumentClient(new DocumentCall(
            OpenAI.Pipeline, new Uri(composition.Endpoint, EndpointRules.Partition.Path), EndpointRules.Partition.PlaintextLimit, composition.Failures));
    }

    /// <summary>Gets the OpenAI client that uses the same session, for Semantic Kernel and other libraries that take an <c>OpenAIClient</c>.</summary>
    /// <remarks>It can be used as long as this client is not disposed.</remarks>
    public PrivatemodeOpenAIClient OpenAI => _composition.OpenAI;

    /// <summary>Gets the catalog of the models that the service offers.</summary>
    /// <remarks>The list of models is neither encrypted nor authenticated.</remarks>
    public ModelCatalog Models => _composition.Models;

    /// <summary>The current state of the deployment's verification. Reading it sends nothing.</summary>
    internal DeploymentHealth Health => _composition.Health;

    /// <summary>Writes the client's log.</summary>
    internal ClientEvents Events => _composition.Events;

    /// <summary>Whether requests are sent to a local proxy, and this client neither verifies nor encrypts.</summary>
    internal bool IsUnverified => _composition.IsUnverified;

    internal Uri Endpoint => _composition.Endpoint;

    /// <summary>Gets the client that extracts text and elements from documents.</summary>
    /// <remarks>The answer to a blank document is refused, because an empty list contains nothing that could be authenticated. See
    /// <see cref="DocumentClient.PartitionAsync"/>.</remarks>
    public DocumentClient Documents { get; }

    /// <summary>Verifies the deployment and establishes a session, so that the first call does not have to wait.</summary>
    /// <param name="cancellationToken">A token that cancels the wait. The session can still be established for other callers that wait for it.</param>
    /// <returns>A task that completes when a session is established.</returns>
    /// <remarks>With <see cref="TransportOptions.DangerousUnverifiedLocalProxy"/> there is no session. The model list is requested instead, which shows
    /// whether the proxy can be reached.</remarks>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> is canceled.</exception>
    /// <exception cref="PrivatemodeConfigurationException">No API key is set, the service rejects it, or the manifest log cannot be used.</exception>
    /// <exception cref="PrivatemodeServiceException">The service could not be reached, the manifest or collateral could not be retrieved, or the wait
    /// took longer than <see cref="TransportOptions.ResponseTimeout"/>. This does not mean that verification failed.</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment could not prove that it is genuine, its manifest is not accepted, or the manifest log
    /// was changed. No content is sent to it.</exception>
    /// <exception cref="ObjectDisposedException">The client is disposed.</exception>
    public Task ConnectAsync(CancellationToken cancellationToken = default) => _composition.ConnectAsync(cancellationToken);

    /// <summary>Verifies the deployment now, even if the current verification is still valid, and returns what was verified.</summary>
    /// <param name="cancellationToken">A token that cancels the verification.</param>
    /// <returns>The verification result. Calls that begin later use it; if the deployment has changed, they first establish a new session.</returns>
    /// <remarks>The API key and a nonce are sent to the service. A request for collateral shows AMD or Intel which chip or platform is verified.</remarks>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> is canceled.</exception>
    /// <exception cref="PrivatemodeConfigurationException">No API key is set, the service rejects it, the manifest log cannot be used, or
    /// <see cref="TransportOptions.DangerousUnverifiedLocalProxy"/> is set.</exception>
    /// <exception cref="PrivatemodeServiceException">The service could not be reached, or the manifest or collateral could not be retrieved. This does not mean
    /// that verification failed.</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment could not prove that it is genuine, its manifest is not accepted, or the manifest log
    /// was changed. No further content is sent to it until a later verification succeeds.</exception>
    /// <exception cref="ObjectDisposedException">The client is disposed.</exception>
    public Task<VerifiedDeployment> VerifyAsync(CancellationToken cancellationToken = default) => _composition.VerifyAsync(cancellationToken);

    /// <summary>Sends a request of another library, for <see cref="PrivatemodeHttpMessageHandler"/>.</summary>
    internal ValueTask<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool async, CancellationToken cancellationToken) =>
        _composition.SendAsync(request, async, cancellationToken);

    /// <summary>Returns an <see cref="IChatClient"/> for a model.</summary>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>. A call can specify another one with <see cref="ChatOptions.ModelId"/>.</param>
    /// <returns>A chat client that uses the session of this client. Disposing it has no effect.</returns>
    /// <remarks>
    /// <para>The chat client does not invoke functions: it returns <see cref="FunctionCallContent"/> and accepts <see cref="FunctionResultContent"/>.</para>
    /// <para>A message can contain text, images, audio (MP3 or WAV) and PDF files; only images can be passed by https URL, and only if
    /// <see cref="MediaOptions.Remote"/> permits it. With any other <see cref="DataContent"/> or <see cref="UriContent"/>, the call throws a
    /// <see cref="PrivatemodeRequestException"/>. There is one exception: other audio in an earlier answer is left out of the request.
    /// Reasoning is returned as <see cref="TextReasoningContent"/> and is sent back with the history. A refusal is an <see cref="ErrorContent"/> with the
    /// error code <c>Refusal</c>.</para>
    /// <para><see cref="ChatOptions.AdditionalProperties"/> are added to the request as they are: strings, numbers, booleans, null, JSON, and dictionaries and
    /// lists of these. Names of members that this library writes itself are refused. <see cref="ChatOptions.ConversationId"/> is refused, because the service
    /// does not store conversations.</para>
    /// <para>If the model server ended its answer with the finish reason <c>abort</c> or <c>error</c>, the call throws a
    /// <see cref="PrivatemodeServiceException"/>. Other finish reasons are returned as the server sends them.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="modelId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    /// <exception cref="PrivatemodeRequestException"><paramref name="modelId"/> contains white space or other characters that are not allowed, or has more
    /// than 128 characters.</exception>
    public IChatClient AsIChatClient(string modelId)
    {
        _ = ModelIds.Validate(nameof(modelId), modelId);
        return new PrivatemodeChatClient(OpenAI.GetChatClient(modelId), _composition.Endpoint, modelId, _composition.Failures.For("generate"));
    }

    /// <summary>Returns an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> for a model.</summary>
    /// <param name="modelId">The model ID, for example <c>qwen3-embedding-4b</c>. A call can specify another one with
    /// <see cref="EmbeddingGenerationOptions.ModelId"/>.</param>
    /// <param name="defaultModelDimensions">The number of dimensions of the embeddings if a call does not specify it, at least 1; or <see langword="null"/>,
    /// the default, for the model's own number.</param>
    /// <returns>A generator that returns embeddings in the order of the texts. Disposing it has no effect.</returns>
    /// <remarks>
    /// <para>Many texts are sent in several requests, a few of them at the same time. <see cref="TextEmbeddingOptions"/> sets the limits, and an instruction
    /// if the texts are queries. The first request that fails cancels the others, and no embedding is returned. For many texts use
    /// <see cref="EmbeddingBatchExtensions.GenerateInBatchesAsync"/>, which returns the embeddings of each batch as it completes. An empty list of texts is not
    /// sent.</para>
    /// <para><see cref="EmbeddingGenerationOptions.AdditionalProperties"/> are added to the request as they are; names of members that this library writes
    /// itself are refused. <see cref="EmbeddingGenerationOptions.RawRepresentationFactory"/> must return a new object for each request. Each embedding has the
    /// receipt of its request.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="modelId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    /// <exception cref="PrivatemodeRequestException"><paramref name="modelId"/> contains white space or other characters that are not allowed, or has more
    /// than 128 characters.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="defaultModelDimensions"/> is less than 1.</exception>
    public IEmbeddingGenerator<string, Embedding<float>> AsIEmbeddingGenerator(string modelId, int? defaultModelDimensions = null)
    {
        _ = ModelIds.Validate(nameof(modelId), modelId);
        if (defaultModelDimensions is { } dimensions)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1, nameof(defaultModelDimensions));
        }

        return new PrivatemodeEmbeddingGenerator(
            OpenAI.GetEmbeddingClient(modelId), _composition.Endpoint, modelId, defaultModelDimensions, _composition.Failures.For("embed"));
    }

    /// <summary>Returns a client of the completions endpoint, which continues plain text and fills gaps in code.</summary>
    /// <param name="modelId">The model ID. A request can specify another one with <see cref="TextCompletionRequest.ModelId"/>.</param>
    /// <returns>A completion client that uses the session of this client.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="modelId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    /// <exception cref="PrivatemodeRequestException"><paramref name="modelId"/> contains white space or other characters that are not allowed, or has more
    /// than 128 characters.</exception>
    public TextCompletionClient GetTextCompletionClient(string modelId)
    {
        _ = ModelIds.Validate(nameof(modelId), modelId);
        return new TextCompletionClient(new CompletionCalls(OpenAI.Pipeline, _composition.Endpoint, _composition.Failures.For("generate")), modelId);
    }

    /// <summary>Returns a message handler that uses the same session, for other libraries that send with an <see cref="HttpClient"/>.</summary>
    /// <returns>A new handler. Disposing it does not dispose this client. See <see cref="PrivatemodeHttpMessageHandler"/> for how it differs from other
    /// handlers.</returns>
    public PrivatemodeHttpMessageHandler CreateHandler() => new(this);

    /// <summary>Returns an <see cref="ISpeechToTextClient"/> for a model.</summary>
    /// <param name="modelId">The model ID, for example <c>whisper-large-v3</c>. A call can specify another one with
    /// <see cref="SpeechToTextOptions.ModelId"/>.</param>
    /// <returns>A client that neither disposes nor rewinds the streams that are passed to it. Disposing the client has no effect.</returns>
    /// <remarks>
    /// <para>A recording is a flac, mp3, mp4, mpeg, mpga, m4a, ogg, wav or webm file of at most 50 MiB and one hour. It is read from the current position of
    /// its stream. If the file is of another kind, is empty or has more bytes, the call throws a <see cref="PrivatemodeRequestException"/> before anything is
    /// sent. The name of the file is never sent.</para>
    /// <para>Only the first subtag of <see cref="SpeechToTextOptions.SpeechLanguage"/> is used (<c>de</c> of <c>de-AT</c>). The first subtag of
    /// <see cref="SpeechToTextOptions.TextLanguage"/> must be the same, or the property must be <see langword="null"/>, because the service removed
    /// translations in version 1.33. <see cref="SpeechToTextOptions.SpeechSampleRate"/> is not used, because the file contains it. For a prompt, temperature
    /// and timestamps, see <see cref="SpeechTranscriptionOptions"/>. <see cref="SpeechToTextOptions.AdditionalProperties"/> are added to the form as fields:
    /// strings, numbers and booleans.</para>
    /// <para>A streamed transcription is returned as <see cref="SpeechToTextResponseUpdateKind.TextUpdated"/> updates. When the client has verified that
    /// nothing is missing, <see cref="SpeechToTextResponseUpdateKind.SessionClose"/> follows with the usage.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="modelId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    /// <exception cref="PrivatemodeRequestException"><paramref name="modelId"/> contains white space or other characters that are not allowed, or has more
    /// than 128 characters.</exception>
    [Experimental("MEAI001")]
    public ISpeechToTextClient AsISpeechToTextClient(string modelId)
    {
        _ = ModelIds.Validate(nameof(modelId), modelId);
        return new PrivatemodeSpeechClient(
            OpenAI.GetAudioClient(modelId), _composition.Endpoint, modelId, ClearFormFields.FileLimit, _composition.Failures.For("transcribe"));
    }

    /// <summary>Ends all sessions. Streams that are still running can finish; each secret is wiped after its last stream.</summary>
    public void Dispose() => _composition.Dispose();

    /// <inheritdoc cref="Dispose"/>
    /// <returns>A completed task.</returns>
    public ValueTask DisposeAsync()
    {
        _composition.Dispose();
        return default;
    }

    private static IClientComposition Compose(PrivatemodeOptions options) =>
        options.Transport.DangerousUnverifiedLocalProxy is null ? ClientComposition.Create(options) : LocalProxyComposition.Create(options);
}
