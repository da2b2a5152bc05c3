using System.ClientModel.Primitives;
using OpenAI;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Internal;
using Privatemode.AI.Models;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Responses;
using Privatemode.AI.Sessions;
using Privatemode.AI.Verification;

namespace Privatemode.AI;

/// <summary>Composes a client from its settings.</summary>
internal sealed class ClientComposition : IClientComposition
{
    private readonly HttpClient _http;
    private readonly DeploymentVerifier _verifier;
    private readonly SessionManager _sessions;
    private readonly ImageFetcher? _images;
    private readonly ResponsesTranslator _responses;
    private readonly ApiKeys _apiKeys;
    private readonly ClientEvents _events;
    private readonly ClientGauge _gauge;
    private readonly PromptCacheSaltProvider _salts;

    // Never disposed: it may be canceled twice, and without a timer it holds no resources.
    private readonly CancellationTokenSource _closing = new();

    private ClientComposition(PrivatemodeOptions options, ApiKeys apiKeys)
    {
        TimeProvider time = options.TimeProvider;
        TransportOptions transport = options.Transport;
        MediaOptions media = options.Media;
        Endpoint = options.Endpoint;
        _apiKeys = apiKeys;
        _apiKeys.Closing = _closing.Token;
        _events = new ClientEvents(options.LoggerFactory, Endpoint);
        HttpMessageHandler? handler = transport.HttpMessageHandler ?? options.FactoryHandler;
        _http = HttpTransports.Create(
            handler, options.Verification.InsecureLoopbackTrust is not null, transport.InsecureAcceptAnyHandlerOnLoopback);
        BoundedHttpClient bounded = new(_http, time);
        ControlPlaneClient control = new(bounded, Endpoint, ProtocolHeaders.ProtocolVersion, apiKeys.Source);
        _verifier = VerificationComposition.Create(options, bounded, control);
        SecretExchanger exchanger = new(
            _verifier.GetAsync, control, options.Verification.GpuRevocation, _events, time, _verifier.HasProvedOther);
        _sessions = new SessionManager(
            apiKey => new AccountSession((async, token) => exchanger.GetAsync(apiKey, async, token), time, _verifier.IsTrusted),
            time, options.MaxSessions, transport.ResponseTimeout);
        _verifier.Changed = _sessions.ForgetAll;
        _images = media.Remote == RemoteMediaPolicy.FetchLocally ? ImageFetcher.ForPublicAddresses(time, transport.ResponseTimeout) : null;
        _responses = new ResponsesTranslator(options.Responses, time, _events);
        _salts = new PromptCacheSaltProvider(options.PromptCache.Scope, apiKeys.AreManyCallers);
        CallRunner runner = new(
            new RequestEncryptor(Endpoint, _salts, time), new RemoteMediaResolver(media.Remote, _images, media.MaxFetchedImages),
            _responses, new AnswerReader(transport.IdleTimeout, time, _events), _sessions, apiKeys,
            transport.RateLimiter, transport.ResponseTimeout, time, _closing.Token, ConnectionSlots.For(handler, transport.ResponseTimeout, time));
        OpenAI = ClientPipelineFactory.Create(
            options, Endpoint, _events, new EncryptionPolicy(runner), new EncryptedCallTransport(_http, Endpoint), options.LogEncryptedContent, _closing.Token);
        Http = new HttpCalls(runner, _http, Endpoint, _events);
        Models = new ModelCatalog(
            apiKeys, options.MaxSessions, apiKey => ModelListReader.DownloadAsync(OpenAI.GetOpenAIModelClient(), apiKey, Map), time);
        Failures = new ExceptionMapper(Map, Models.ExplainAsync);
        _gauge = ClientGauge.Register(Endpoint.Host, time, () => _verifier.Health.Deployment, _sessions.CountSecrets);

        Exception Map(Exception exception, ServiceError? error) => ServiceErrors.Map(exception, apiKeys.Source, error);
    }

    public Uri Endpoint { get; }

    public PrivatemodeOpenAIClient OpenAI { get; }

    public HttpCalls Http { get; }

    public ClientEvents Events => _events;

    public DeploymentHealth Health => _verifier.Health;

    public bool IsUnverified => false;

    public ModelCatalog Models { get; }

    /// <summary>Maps exceptions for the adapters.</summary>
    public ExceptionMapper Failures { get; }

    /// <exception cref="PrivatemodeConfigurationException">A setting is missing or invalid.</exception>
    public static ClientComposition Create(PrivatemodeOptions options)
    {
        PrivatemodeOptions settings = options.Clone();
        ApiKeys apiKeys = OptionsValidator.Validate(settings);
        if (settings.Transport.DangerousUnverifiedLocalProxy is not null)
        {
            throw new InvalidOperationException("A client for a local proxy is composed elsewhere.");
        }

        return new ClientComposition(settings, apiKeys);
    }

    public ValueTask<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool async, CancellationToken cancellationToken) =>
        Http.SendAsync(request, async, cancellationToken);

    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        string apiKey = await _apiKeys.ReadAsync(async: true, cancellationToken).ConfigureAwait(false);
        using SecretLease lease = await _sessions.AcquireAsync(apiKey, rejectedId: null, async: true, cancellationToken).ConfigureAwait(false);
    }

    public async Task<VerifiedDeployment> VerifyAsync(CancellationToken cancellationToken)
    {
        string apiKey = await _apiKeys.ReadAsync(async: true, cancellationToken).ConfigureAwait(false);
        VerifiedMesh mesh = await _verifier.VerifyNowAsync(apiKey, cancellationToken).ConfigureAwait(false);
        return mesh.Deployment;
    }

    public void Dispose()
    {
        // Before the HTTP client is disposed, so that calls that it ends know the reason.
        _events.Close();
        _closing.Cancel();
        _gauge.Dispose();
        _verifier.Dispose();
        _sessions.Dispose();
        _images?.Dispose();
        _responses.Dispose();
        _salts.Dispose();
        _http.Dispose();
    }
}

/// <summary>Creates the client of OpenAI's package, whose pipeline is unchanged except for one policy and the transport.</summary>
internal static class ClientPipelineFactory
{
    /// <param name="attempts">The policy that runs once for each attempt, after the retry policy and before logging.</param>
    public static PrivatemodeOpenAIClient Create(
        PrivatemodeOptions options, Uri endpoint, ClientEvents events, PipelinePolicy attempts, PipelineTransport transport, bool logsContent,
        CancellationToken closing)
    {
        OpenAIClientOptions openAI = new()
        {
            Endpoint = new Uri(endpoint, "/v1"),
            RetryPolicy = new PrivatemodeRetryPolicy(options.TimeProvider, closing),
            Transport = transport,
            NetworkTimeout = options.Transport.ResponseTimeout,
            ClientLoggingOptions = new ClientLoggingOptions
            {
                LoggerFactory = options.LoggerFactory is null ? null : new LoweredLoggers(options.LoggerFactory),
                EnableLogging = options.LoggerFactory is not null,
                EnableMessageContentLogging = logsContent && options.LoggerFactory is not null,
            },
        };
        return new PrivatemodeOpenAIClient(ClientPipeline.Create(openAI, [new CallPolicy(events)], [attempts], []), openAI);
    }
}

/// <summary>The parts of a client: over a verified deployment, or over a local proxy that this client does not verify.</summary>
internal interface IClientComposition : IDisposable
{
    Uri Endpoint { get; }

    PrivatemodeOpenAIClient OpenAI { get; }

    ClientEvents Events { get; }

    ModelCatalog Models { get; }

    /// <summary>Maps exceptions for the adapters.</summary>
    ExceptionMapper Failures { get; }

    DeploymentHealth Health { get; }

    /// <summary>Whether this client neither verifies nor encrypts.</summary>
    bool IsUnverified { get; }

    /// <summary>Sends a request of another library.</summary>
    ValueTask<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool async, CancellationToken cancellationToken);

    Task ConnectAsync(CancellationToken cancellationToken);

    Task<VerifiedDeployment> VerifyAsync(CancellationToken cancellationToken);
}
