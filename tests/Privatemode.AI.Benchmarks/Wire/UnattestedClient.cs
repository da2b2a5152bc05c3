using System.ClientModel.Primitives;
using System.Text;
using OpenAI;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Internal;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Responses;
using Privatemode.AI.Sessions;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Benchmarks.Wire;

/// <summary>The parts of a client over a mesh CA that is taken as it is: attestation is no part of a call's cost, and the servers here have no
/// evidence.</summary>
internal sealed class UnattestedClient : IClientComposition
{
    private const int MostTenants = 1100;

    private readonly HttpClient _http = HttpTransports.Create(null, isTestTrust: true);
    private readonly SessionManager _sessions;

    private UnattestedClient(Uri endpoint, string meshCaPem, Func<string>? apiKey)
    {
        Endpoint = endpoint;
        Events = new ClientEvents(null, endpoint);
        PrivatemodeOptions options = apiKey is null
            ? new() { ApiKey = "key", Endpoint = endpoint }
            : new() { ApiKeyAccessor = _ => new(apiKey()), MaxSessions = MostTenants, Endpoint = endpoint };
        ApiKeys apiKeys = OptionsValidator.Validate(options);
        TimeProvider time = options.TimeProvider;
        VerifiedMesh mesh = new(
            MeshCertificateAuthority.FromPem(Encoding.UTF8.GetBytes(meshCaPem)), new SecretServiceNames([HarnessServer.SecretServiceName]),
            Report(endpoint, time), ValidityPeriod.Of(TimeSpan.FromDays(1), time));
        ControlPlaneClient control = new(new BoundedHttpClient(_http, time), endpoint, ProtocolHeaders.ProtocolVersion);
        SecretExchanger exchanger = new((_, _, _, _) => new(mesh), control, GpuRevocationPolicy.Strict, Events, time);
        _sessions = new SessionManager(
            apiKey => new AccountSession((async, token) => exchanger.GetAsync(apiKey, async, token), time, _ => true), time, options.MaxSessions,
            options.Transport.ResponseTimeout);
        CallRunner runner = new(
            new RequestEncryptor(endpoint, new PromptCacheSaltProvider(options.PromptCache.Scope, apiKeys.AreManyCallers), time),
            new RemoteMediaResolver(options.Media.Remote, null), new ResponsesTranslator(options.Responses, time, Events),
            new AnswerReader(options.Transport.IdleTimeout, time, Events), _sessions, apiKeys,
            limiter: null, options.Transport.ResponseTimeout, time, CancellationToken.None);
        OpenAIClientOptions openAI = new()
        {
            Endpoint = new Uri(endpoint, "/v1"),
            RetryPolicy = new PrivatemodeRetryPolicy(time, CancellationToken.None),
            Transport = new EncryptedCallTransport(_http, endpoint),
            NetworkTimeout = options.Transport.ResponseTimeout,
            ClientLoggingOptions = new ClientLoggingOptions { EnableLogging = false },
        };
        OpenAI = new PrivatemodeOpenAIClient(ClientPipeline.Create(openAI, [new CallPolicy(Events)], [new EncryptionPolicy(runner)], []), openAI);
        Models = new ModelCatalog(
            apiKeys, 1, _ => Task.FromResult<IReadOnlyList<ModelInfo>>([new ModelInfo { Id = "gpt-oss-120b", Tasks = ["generate", "tool_calling"] }]), time);
        Http = new HttpCalls(runner, _http, endpoint, Events);
        Failures = new ExceptionMapper((exception, _) => exception, Models.ExplainAsync);
    }

    public Uri Endpoint { get; }

    public PrivatemodeOpenAIClient OpenAI { get; }

    public HttpCalls Http { get; }

    public ClientEvents Events { get; }

    public ModelCatalog Models { get; }

    public ExceptionMapper Failures { get; }

    public DeploymentHealth Health => throw new NotSupportedException();

    public bool IsUnverified => true;

    /// <param name="apiKey">The API key of the current caller; null for one key.</param>
    public static PrivatemodeClient Create(Uri endpoint, string meshCaPem, Func<string>? apiKey = null) =>
        new(new UnattestedClient(endpoint, meshCaPem, apiKey));

    public ValueTask<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool async, CancellationToken cancellationToken) =>
        Http.SendAsync(request, async, cancellationToken);

    public async Task ConnectAsync(CancellationToken cancellationToken) =>
        (await _sessions.AcquireAsync("key", rejectedId: null, async: true, cancellationToken)).Dispose();

    public Task<VerifiedDeployment> VerifyAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>A report without evidence: with it, answers have receipts, whose cost is measured too.</summary>
    private static VerifiedDeployment Report(Uri endpoint, TimeProvider time) => new(null!)
    {
        Endpoint = endpoint,
        VerifiedAt = time.GetUtcNow(),
        ValidUntil = time.GetUtcNow().AddDays(1),
        ManifestSha256 = new string('0', 64),
        ManifestSource = default,
        ManifestAdoptedAt = time.GetUtcNow(),
        Manifest = default,
        Tee = default,
        AmdProduct = null,
        Measurement = new string('0', 96),
        CoordinatorPolicySha256 = new string('0', 64),
        ReferenceValuePath = "",
        Tcb = new Dictionary<string, string>(),
        Collateral = [],
        MeshCaSha256 = new string('0', 64),
        Warnings = [],
        Checks = [],
    };

    public void Dispose()
    {
        _sessions.Dispose();
        _http.Dispose();
    }
}
