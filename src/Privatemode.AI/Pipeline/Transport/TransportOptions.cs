using System.Threading.RateLimiting;

namespace Privatemode.AI;

/// <summary>Provides the options for sending requests. See <see cref="PrivatemodeOptions.Transport"/>.</summary>
public sealed class TransportOptions
{
    private Uri? _localProxy;

    /// <summary>Gets or sets the message handler that sends the requests of the client, for example through a corporate proxy.</summary>
    /// <value>A <see cref="SocketsHttpHandler"/>, or <see cref="DelegatingHandler"/>s over one. The default is <see langword="null"/>: the client creates
    /// a handler. For accounts of <c>AddPrivatemode</c> and <c>AddKeyedPrivatemode</c>, the default is the handler of their client in the application's
    /// <c>IHttpClientFactory</c>. The client does not dispose the handler that is set.</value>
    /// <remarks>
    /// <para>The handler sends all requests to the service, to AMD and Intel and for the published manifest. Images are fetched without it
    /// (<see cref="RemoteMediaPolicy.FetchLocally"/>). <see cref="PrivatemodeOptions.Endpoint"/> must be https, and
    /// <see cref="VerificationOptions.InsecureLoopbackTrust"/> must not be set, except with <see cref="InsecureAcceptAnyHandlerOnLoopback"/>.</para>
    /// <para>The client changes the handler. It sets <see cref="SocketsHttpHandler.ActivityHeadersPropagator"/> to <see langword="null"/>, because trace
    /// context and baggage would be sent unencrypted, and it inserts a handler directly above the <see cref="SocketsHttpHandler"/>. The inserted handler
    /// sends only what the client has prepared, unchanged and once; anything else causes a <see cref="PrivatemodeWouldLeakException"/>. Set a handler that
    /// has not sent a request yet (or whose propagator is already <see langword="null"/>), and do not use it for anything else.</para>
    /// <para><see cref="SocketsHttpHandler.AllowAutoRedirect"/> and <see cref="SocketsHttpHandler.UseCookies"/> must be <see langword="false"/>,
    /// <see cref="SocketsHttpHandler.AutomaticDecompression"/> must be <see cref="System.Net.DecompressionMethods.None"/>, and
    /// <see cref="SocketsHttpHandler.Credentials"/> must be <see langword="null"/>. Credentials of a proxy are allowed. An <see cref="HttpClientHandler"/> is
    /// refused, because its propagation of trace context cannot be turned off; each of its settings for a proxy or certificates also exists on
    /// <see cref="SocketsHttpHandler"/>.</para>
    /// <para>Delegating handlers see encrypted bodies and the API key. They must not answer from a cache, and must fail soon after their cancellation token
    /// is canceled; otherwise calls exceed their timeouts. The checks do not cover callbacks of the <see cref="SocketsHttpHandler"/> that replace its
    /// streams.</para>
    /// <para>The client also extends the <see cref="SocketsHttpHandler.PlaintextStreamFilter"/> of a handler that has not sent a request yet, so that a
    /// timeout can end a synchronous read. With any other handler, a synchronous read blocks its thread until an asynchronous read completes.</para>
    /// <para>If the handler limits its connections (<see cref="SocketsHttpHandler.MaxConnectionsPerServer"/>), no more calls than that run at the same time;
    /// further calls wait for up to <see cref="ResponseTimeout"/> and then throw a <see cref="PrivatemodeServiceException"/> with
    /// <see cref="ServiceFailureReason.Timeout"/>.</para>
    /// <para>If the handler does not meet these requirements, creating the client throws a <see cref="PrivatemodeConfigurationException"/>.</para>
    /// </remarks>
    public HttpMessageHandler? HttpMessageHandler { get; set; }

    /// <summary>Gets or sets the maximum time until the first decrypted event of a stream, or until the whole response otherwise.</summary>
    /// <value>Longer than zero, at most 24 hours. The default is 10 minutes.</value>
    /// <remarks>The time starts anew with each attempt, and does not include the pauses between attempts. A call that reaches this timeout is never retried. A
    /// call that needs a session that is not established yet waits for at most the same time. If the session is not established by then, it throws a
    /// <see cref="PrivatemodeServiceException"/> with <see cref="ServiceFailureReason.Timeout"/>; the session may still be established for later
    /// calls.</remarks>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Gets or sets the maximum time between two decrypted events of a streamed response.</summary>
    /// <value>Longer than zero, at most 24 hours. The default is 100 seconds.</value>
    /// <remarks>Only the time spent waiting for the network counts; the reader may pause. Regardless of this setting, a stream fails when the secret of its
    /// session expires, one hour after the key exchange.</remarks>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(100);

    /// <summary>Gets or sets the rate limiter that must grant a permit before each attempt of a call with content.</summary>
    /// <value>The default is <see langword="null"/>: there is no limit. Several clients can share a rate limiter; it is not disposed with a client.</value>
    /// <remarks>The permit is released when the attempt has failed, or when its response is complete or disposed. A stream that is dropped without being
    /// disposed releases it after a garbage collection. If the limiter refuses, the call throws a <see cref="PrivatemodeServiceException"/> with
    /// <see cref="ServiceFailureReason.RateLimited"/>; exceptions of the limiter are rethrown unchanged. The wait in the limiter's queue ends when the caller
    /// cancels or the client is disposed; no timeout applies. A synchronous call blocks its thread while it waits.</remarks>
    public RateLimiter? RateLimiter { get; set; }

    /// <summary>Gets or sets a value that indicates whether any message handler is accepted, such as a fake. This is insecure outside of tests.</summary>
    /// <value>The default is <see langword="false"/>. If it is <see langword="true"/>, the host of <see cref="PrivatemodeOptions.Endpoint"/> must be a loopback
    /// address, not a name.</value>
    /// <remarks>
    /// <para>Handlers of any kind except <see cref="HttpClientHandler"/> are accepted, also together with plain http and
    /// <see cref="VerificationOptions.InsecureLoopbackTrust"/>. A <see cref="SocketsHttpHandler"/> must not use a proxy.</para>
    /// <para>A request to an address that is not loopback (AMD's, Intel's, or the manifest's) throws a <see cref="PrivatemodeConfigurationException"/> and
    /// is not sent.</para>
    /// </remarks>
    public bool InsecureAcceptAnyHandlerOnLoopback { get; set; }

    /// <summary>Gets the address of Privatemode's own proxy on this machine, to which prompts are sent unencrypted. This is insecure.</summary>
    /// <value>The default is <see langword="null"/>: this client verifies the deployment and encrypts all content itself.</value>
    /// <remarks>Set the address with <see cref="UseDangerousUnverifiedLocalProxy"/>. The property has no setter, so that configuration binders and serializers
    /// cannot set it.</remarks>
    public Uri? DangerousUnverifiedLocalProxy => _localProxy;

    /// <summary>Configures clients to send prompts unencrypted to Privatemode's own proxy on this machine. This is insecure.</summary>
    /// <param name="address">The scheme (http or https), a loopback address and the port, for example <c>http://127.0.0.1:8080</c>, without a path such as
    /// <c>/v1</c>, and not a name such as <c>localhost</c>; or <see langword="null"/> to remove an address that was set before.</param>
    /// <remarks>
    /// <para><b>The program that listens on the port can read all prompts and write any answer.</b> Use a local proxy only while the service requires a newer
    /// protocol than this library speaks: <c>privatemode-proxy</c> then verifies the deployment and encrypts, and this client does neither.</para>
    /// <para>The address can be set in code only, and is never used as a fallback. Creating the client throws a
    /// <see cref="PrivatemodeConfigurationException"/> if the address does not have this form, or if an option that concerns verification or encryption is
    /// set too, such as <see cref="PrivatemodeOptions.Verification"/>, <see cref="PrivatemodeOptions.Endpoint"/>, <see cref="HttpMessageHandler"/> or
    /// <see cref="PrivatemodeOptions.LogEncryptedContent"/>. <see cref="PrivatemodeClient.VerifyAsync"/> throws the same exception, the health check reports
    /// <c>Degraded</c>, and <see cref="EncryptionReceipt.IsVerified"/> of every receipt is <see langword="false"/>.</para>
    /// <para>No system proxy is used, and redirects are not followed. An API key is sent only if <see cref="PrivatemodeOptions.ApiKey"/>,
    /// <see cref="PrivatemodeOptions.Credential"/> or <see cref="PrivatemodeOptions.ApiKeyAccessor"/> is set; the environment variable is not read. The
    /// repository's <c>docs/local-proxy.md</c> describes what else differs.</para>
    /// </remarks>
    public void UseDangerousUnverifiedLocalProxy(Uri? address) => _localProxy = address;

    internal TransportOptions Clone() => (TransportOptions)MemberwiseClone();
}
