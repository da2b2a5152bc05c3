using System.ClientModel;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;
using Privatemode.AI.Pipeline;

namespace Privatemode.AI;

/// <summary>Settings of a <see cref="PrivatemodeClient"/>; copied when the client is made, later changes have no effect.</summary>
public sealed class PrivatemodeOptions
{
    /// <summary>Environment variable the API key is taken from when neither <see cref="ApiKey"/> nor <see cref="Credential"/> is set.</summary>
    public const string ApiKeyVariable = "PRIVATEMODE_API_KEY";

    /// <summary>Gets or sets the API key. The default is the environment variable <c>PRIVATEMODE_API_KEY</c>.</summary>
    /// <remarks>Set only the key: quotation marks, a leading <c>Bearer</c>, and white space or line breaks around it are refused with a
    /// <see cref="PrivatemodeConfigurationException"/>. The same holds for keys of <see cref="Credential"/> and <see cref="ApiKeyAccessor"/>.</remarks>
    public string? ApiKey { get; set; }

    /// <summary>The API key as a credential that can be updated while the client lives. Wins over <see cref="ApiKey"/>.</summary>
    /// <remarks>An update counts for the calls that begin after it.</remarks>
    public ApiKeyCredential? Credential { get; set; }

    /// <summary>
    /// The API key of whoever is calling, for hosts that serve several accounts. Default null. It wins over <see cref="Credential"/>,
    /// <see cref="ApiKey"/> and the environment.
    /// </summary>
    /// <remarks>
    /// Asked once for each call, however often that is tried, in the caller's context (an <see cref="AsyncLocal{T}"/> or the current HTTP
    /// request can be read), by many threads at once. When it returns null or nothing, the call is a
    /// <see cref="PrivatemodeConfigurationException"/>; no other key is used instead. What it throws, the call throws. Each key has secrets and
    /// a list of models of its own. <see cref="PrivatemodeClient.ConnectAsync"/>, <see cref="PrivatemodeClient.VerifyAsync"/> and
    /// <see cref="PrivatemodeClient.Models"/> ask it too.
    /// </remarks>
    public Func<string?>? ApiKeyAccessor { get; set; }

    /// <summary>
    /// How many API keys may have a secret at the same time, from 1 to 100,000. Default 256. One more takes the place of the one that was
    /// unused for the longest time.
    /// </summary>
    /// <remarks>
    /// No secret is taken away from calls that use it. When all are in use, the session that was unused for the longest time is detached: its calls and
    /// streams finish, and the next call with its key establishes a new session. At most as many sessions as this setting allows are detached at the
    /// same time. Beyond that, a call with another key waits for up to <see cref="ResponseTimeout"/> and then throws a
    /// <see cref="PrivatemodeServiceException"/> with <see cref="ServiceFailureReason.Timeout"/>. A secret that was replaced by a newer one while a
    /// stream ran under it is wiped with the end of that stream, and does not count.
    /// </remarks>
    public int MaxSessions { get; set; } = 256;

    /// <summary>
    /// Asked for one permit before each attempt of a sealed call, for example to keep to the requests a minute an organisation has. Not disposed
    /// with the client, and may be shared by several. Default null.
    /// </summary>
    /// <remarks>
    /// The permit is given back when the answer is over. A refusal is a <see cref="PrivatemodeServiceException"/> with
    /// <see cref="ServiceFailureReason.RateLimited"/>; what the limiter throws, the call throws. Waiting in the limiter's queue ends with
    /// the caller's cancellation only, which is the limiter's business. A synchronous call waits there on a blocked thread.
    /// </remarks>
    public RateLimiter? RateLimiter { get; set; }

    /// <summary>Scheme, host and port of the service: https (http for loopback only), without path and query. Default
    /// <c>https://api.privatemode.ai</c>.</summary>
    public Uri Endpoint { get; set; } = new("https://api.privatemode.ai");

    /// <summary>
    /// The handler that sends all requests, for example through a corporate proxy: a <see cref="SocketsHttpHandler"/>, or <see cref="DelegatingHandler"/>s
    /// over one. Default null: one of the client's own. The endpoint must be https. Not disposed with the client. Not together with
    /// <see cref="InsecureLoopbackTrust"/>, except with <see cref="InsecureAcceptAnyHandlerOnLoopback"/>.
    /// </summary>
    /// <remarks>
    /// <para>The client changes the handler: it sets <see cref="SocketsHttpHandler.ActivityHeadersPropagator"/> to null, because trace context and baggage
    /// would travel unencrypted, and it inserts a handler of its own directly above the <see cref="SocketsHttpHandler"/>. That one sends only what the
    /// client has prepared, unchanged and once; anything else is a <see cref="PrivatemodeWouldLeakException"/>. So give the client a handler that has sent
    /// nothing yet (or whose propagator is null already), and use it for nothing else.</para>
    /// <para><see cref="SocketsHttpHandler.AllowAutoRedirect"/> and <see cref="SocketsHttpHandler.UseCookies"/> must be false,
    /// <see cref="SocketsHttpHandler.AutomaticDecompression"/> must be <see cref="System.Net.DecompressionMethods.None"/>, and
    /// <see cref="SocketsHttpHandler.Credentials"/> null; the credentials of a proxy are allowed. An <see cref="HttpClientHandler"/> is refused, because its
    /// propagation cannot be turned off; every setting it has for a proxy or certificates also exists on <see cref="SocketsHttpHandler"/>.</para>
    /// <para>Handlers above must not answer from a cache, and must fail soon after their cancellation token is cancelled, or calls outlast their timeouts.
    /// They see encrypted bodies, and the API key. Callbacks of the <see cref="SocketsHttpHandler"/> that replace its streams are below all checks.</para>
    /// <para>The client also extends <see cref="SocketsHttpHandler.PlaintextStreamFilter"/> of a handler that has sent nothing yet, so that a timeout can
    /// end a synchronous read. With any other handler a synchronous read of an answer waits for an asynchronous one.</para>
    /// <para>If the handler limits its connections (<see cref="SocketsHttpHandler.MaxConnectionsPerServer"/>), no more calls run at the same time; further
    /// calls wait for up to <see cref="ResponseTimeout"/>.</para>
    /// </remarks>
    public HttpMessageHandler? HttpMessageHandler { get; set; }

    /// <summary>
    /// Receives what this library tells in the category <c>Privatemode.AI</c> (a deployment verified or not, another manifest, refused calls,
    /// broken answers) and what the OpenAI client's pipeline logs: requests, answers and retries at Debug and failures of calls at Warning, with
    /// addresses, statuses and headers it deems harmless. Neither ever carries content in the clear, or a key. Null for nowhere, the default.
    /// </summary>
    /// <remarks>
    /// Activities and metrics need no setting: an <see cref="System.Diagnostics.ActivitySource"/> and a
    /// <see cref="System.Diagnostics.Metrics.Meter"/> with the same name, <c>Privatemode.AI</c>, work as soon as somebody listens. The
    /// repository's <c>docs/telemetry.md</c> lists all names.
    /// </remarks>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>
    /// Also log request and answer bodies as they travel, that is sealed; an error that the service did not seal is logged as it came, with
    /// whatever it quotes. Default false; no effect without <see cref="LoggerFactory"/>.
    /// </summary>
    public bool LogSealedContent { get; set; }

    /// <summary>The clock. Default <see cref="TimeProvider.System"/>.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Which manifest the deployment must have. Default <see cref="ManifestPolicy.Latest"/>, without a log.</summary>
    public ManifestPolicy Manifest { get; set; } = ManifestPolicy.Latest();

    /// <summary>What is demanded of the hardware beyond the manifest. Default <see cref="HardwarePolicy.Default"/>.</summary>
    public HardwarePolicy Hardware { get; set; } = HardwarePolicy.Default;

    /// <summary>
    /// INSECURE: also agrees on secrets with a workload whose certificate has no DNS names. Then nothing tells the secret service from another
    /// workload without names, such as one that runs a model. Default false: the certificate must carry a name that the manifest gives to the
    /// secret service and to no other workload.
    /// </summary>
    public bool AcceptAnyUnnamedWorkloadAsSecretService { get; set; }

    /// <summary>
    /// How long a verdict about the deployment counts, 5 minutes to 24 hours; less when collateral ends earlier. Default 24 hours. It is renewed
    /// in the background.
    /// </summary>
    public TimeSpan EvidenceLifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>
    /// Directory for what is downloaded from AMD and Intel to judge evidence by; several processes may share it. With it, verification works
    /// while they are away, and a new process does not accept an older document than the last one. Only authentic documents are stored, 256 at most;
    /// they are deleted when they are no longer valid. Default null: memory only.
    /// </summary>
    public string? CollateralDirectory { get; set; }

    /// <summary>
    /// The same in a cache of the application's. Default null. Both may be set: the directory is asked first, and what is downloaded goes into both.
    /// </summary>
    public IDistributedCache? CollateralCache { get; set; }

    /// <summary>Base address of a proxy for AMD's and Intel's services; paths and queries stay the same. Default null: the vendors themselves.</summary>
    public Uri? CollateralProxy { get; set; }

    /// <summary>Which revocation states of the service's GPUs are accepted. Default <see cref="GpuRevocationPolicy.Strict"/>.</summary>
    public GpuRevocationPolicy GpuRevocation { get; set; } = GpuRevocationPolicy.Strict;

    /// <summary>Who shares the prompt cache. Default <see cref="PromptCacheScope.None"/>.</summary>
    public PromptCacheScope PromptCache { get; set; } = PromptCacheScope.None;

    /// <summary>What happens to images named by URL. Default <see cref="RemoteMediaPolicy.Refuse"/>.</summary>
    public RemoteMediaPolicy RemoteMedia { get; set; }

    /// <summary>
    /// Gets or sets how many images one request may name by URL with <see cref="RemoteMediaPolicy.FetchHereAndInline"/>, from 1 to 1,000. Default 32.
    /// </summary>
    /// <remarks>
    /// A request that names more is a <see cref="PrivatemodeRequestException"/> before the first image is fetched. Four images are fetched at a
    /// time, by a synchronous call one; an image may have 20 MiB, all of a request 48 MiB together, and fetching them may take
    /// <see cref="ResponseTimeout"/> in all.
    /// </remarks>
    public int MaxFetchedImages { get; set; } = DefaultMaxFetchedImages;

    /// <summary>Gets or sets the time until the first decrypted event of a streamed answer, or until the whole answer if it is not streamed. Above zero,
    /// at most 24 hours. The default is 10 minutes. A timeout is never retried.</summary>
    /// <remarks>
    /// A call that has to wait for a verified session before waits for as long at most, and is a <see cref="PrivatemodeServiceException"/> with
    /// <see cref="ServiceFailureReason.Timeout"/> then; the session may still be made for later calls.
    /// </remarks>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Gets or sets the longest wait between two decrypted events of a streamed answer. Above zero, at most 24 hours. The default is 100
    /// seconds.</summary>
    /// <remarks>
    /// Only the time spent waiting for the network counts; a reader may pause. Whatever this setting says, a stream ends with the hour for which the
    /// service keeps the secret of its session.
    /// </remarks>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(100);

    /// <summary>What happens when a host starts in which <c>AddPrivatemode</c> registered this. Default <see cref="WarmUpMode.Background"/>.
    /// Without a host it has no effect.</summary>
    public WarmUpMode WarmUp { get; set; }

    /// <summary>INSECURE outside of tests: roots of a test deployment on this machine, in place of the vendors'. Default null.</summary>
    public InsecureLoopbackTrust? InsecureLoopbackTrust { get; set; }

    /// <summary>
    /// INSECURE outside of tests: accepts message handlers of any kind but <see cref="HttpClientHandler"/>, such as fakes, and accepts handlers together
    /// with plain http and <see cref="InsecureLoopbackTrust"/>. Default false.
    /// </summary>
    /// <remarks>
    /// <see cref="Endpoint"/> must be a loopback address, not a name. A request to any other address (AMD's, Intel's, or the manifest's) is a
    /// <see cref="PrivatemodeConfigurationException"/> and is not sent. A <see cref="SocketsHttpHandler"/> must not use a proxy.
    /// </remarks>
    public bool InsecureAcceptAnyHandlerOnLoopback { get; set; }

    /// <summary>The handler of the application's HTTP client factory, which ends in one of ours. Not disposed with the client.</summary>
    internal HttpMessageHandler? FactoryHandler { get; set; }

    /// <summary>The key that the account was registered with; null for the account without a key, and outside of a host.</summary>
    internal string? AccountKey { get; set; }

    /// <summary>The configuration section it was read from; null outside of a host.</summary>
    internal string? SectionPath { get; set; }

    /// <summary>A sentence about what the configuration has instead of the missing section, or null.</summary>
    internal string? SectionHint { get; set; }

    /// <summary>Faults found while sections and <c>AddPrivatemode</c> calls of a host were combined.</summary>
    internal SettingsFaults Faults { get; } = new();

    /// <summary>The number of the <c>AddPrivatemode</c> call that set a setting which only one of them may set.</summary>
    internal Dictionary<string, int> SetByCall { get; } = new(StringComparer.Ordinal);

    internal const int DefaultMaxFetchedImages = 32;

    internal PrivatemodeOptions Clone() => (PrivatemodeOptions)MemberwiseClone();
}
