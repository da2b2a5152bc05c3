using Privatemode.AI.Internal;

namespace Privatemode.AI;

/// <summary>Encrypts the requests that another library sends with its <see cref="HttpClient"/>, and decrypts the answers.</summary>
/// <remarks>
/// <para>It works with libraries for OpenAI's API, and for Anthropic's API through <c>/v1/messages</c>. It is the innermost handler of its
/// <see cref="HttpClient"/>. It encrypts a request and sends it with the handler of the client (<see cref="TransportOptions.HttpMessageHandler"/> if that is
/// set). A handler that changes the encrypted request is detected. The library, its logging and further handlers, which run <em>before</em> this one, see
/// prompts and answers unencrypted; this handler cannot prevent that.</para>
/// <para><b>Requests:</b> <c>POST</c> to <c>/v1/chat/completions</c>, <c>/v1/completions</c>, <c>/v1/embeddings</c>, <c>/v1/messages</c>,
/// <c>/v1/audio/transcriptions</c> and <c>/unstructured/general/v0/general</c> is encrypted; <c>POST</c> to <c>/v1/responses</c> is translated to a chat and
/// encrypted; <c>GET</c> of <c>/v1/models</c> and <c>/v1/models/{id}</c> is sent unencrypted. The address must be at <see cref="PrivatemodeOptions.Endpoint"/>
/// and must not have a query; <c>?beta=true</c> of <c>/v1/messages</c>, which Anthropic's libraries add, is dropped. Bodies must be <c>application/json</c>,
/// and <c>multipart/form-data</c> for transcriptions and documents. Every other request throws a <see cref="PrivatemodeWouldLeakException"/> before anything is
/// sent.</para>
/// <para><b>Headers:</b> no header of the library is sent. These are dropped silently: credentials (<c>Authorization</c>, <c>x-api-key</c>, <c>api-key</c>; the
/// client's own API key is sent instead), <c>anthropic-version</c>, <c>anthropic-beta</c>, <c>anthropic-dangerous-direct-browser-access</c>,
/// <c>OpenAI-Beta</c>, <c>OpenAI-Organization</c>, <c>OpenAI-Project</c>, <c>X-Stainless-*</c>, <c>User-Agent</c>, <c>X-Client-Request-Id</c>,
/// <c>x-ms-client-request-id</c>, <c>Idempotency-Key</c>, tracing headers (<c>traceparent</c>, <c>tracestate</c>, <c>baggage</c>, <c>Request-Id</c>,
/// <c>Correlation-Context</c>), <c>Accept</c>, <c>Accept-Charset</c>, <c>Accept-Encoding</c>, <c>Accept-Language</c>, <c>Cache-Control</c>, <c>Pragma</c>,
/// <c>Date</c>, <c>Connection</c>, <c>Keep-Alive</c>, <c>Host</c> if it is the endpoint's, <c>Transfer-Encoding: chunked</c> and
/// <c>Expect: 100-continue</c>. Every other header is refused, cookies included.</para>
/// <para><b>Answers</b> are new responses with the status (200 for each decrypted answer that is not an error), <c>Content-Type</c>, <c>x-request-id</c> (the
/// ID that this client gave the call), <c>Retry-After</c> (at most 60 seconds), <see cref="AuthenticatedHeaderName"/> and, if tools were left out of a request
/// for a response, <see cref="LeftOutToolsHeaderName"/>, and without any other header that was received. A complete answer is verified before it is returned,
/// regardless of <see cref="HttpCompletionOption"/>. A stream is verified event by event while it is read, and reading throws if it was altered or ends early.
/// Answers with a status of 400 or more are returned, not thrown. Members that are missing from tool calls are filled in and unknown finish reasons are read
/// as <c>length</c>, as by <see cref="PrivatemodeOpenAIClient"/>. Members that are not authenticated (<c>id</c>, <c>usage</c>, <c>duration</c>) are omitted if
/// their values are implausible. Only the last event of a stream has usage, unless the request sets <c>stream_options.continuous_usage_stats</c>.</para>
/// <para><b>Retries and timeouts:</b> the handler retries a request only if the service did not process it (because it no longer knows the secret, or because
/// the connection was reset immediately), so the library's own retries remain useful. Each of them is encrypted anew. <see cref="HttpClient.Timeout"/> includes
/// the time to verify the deployment, which the first call waits for. <see cref="TransportOptions.ResponseTimeout"/> and
/// <see cref="TransportOptions.IdleTimeout"/> apply too.</para>
/// <para><b>Other differences:</b> redirects are never followed, and answers are never decompressed. The body of a request is read once, into memory.
/// <see cref="HttpRequestMessage.Version"/> and <see cref="HttpRequestMessage.VersionPolicy"/> are ignored.</para>
/// <para><b>Synchronous calls</b> block their thread. Encryption and reading the answer need no other thread, but .NET opens connections on the thread pool,
/// and over https it also receives the headers of an answer there. If every thread of the pool is blocked in such a call, the calls wait for each other until
/// <see cref="TransportOptions.ResponseTimeout"/> ends them. Prefer asynchronous calls if many run at the same time, and call
/// <see cref="PrivatemodeClient.ConnectAsync"/> or set <see cref="PrivatemodeOptions.WarmUp"/> before the first one.</para>
/// <para>This class is thread-safe. Disposing it does not dispose the client; after the client is disposed, calls fail.</para>
/// </remarks>
public sealed class PrivatemodeHttpMessageHandler : HttpMessageHandler
{
    /// <summary>The name of the response header that indicates whether the deployment encrypted and authenticated the answer.</summary>
    /// <remarks>The value is <c>true</c> if it did, and <c>false</c> for the list of models, for errors that anyone on the network path could have
    /// written, and for every answer if <see cref="TransportOptions.DangerousUnverifiedLocalProxy"/> is set.
    /// The handler sets this header itself and ignores a header of this name in the response that it receives.</remarks>
    public const string AuthenticatedHeaderName = ProtocolHeaders.Authenticated;

    /// <summary>The name of the response header that lists the types of the hosted tools that were left out of a request to <c>/v1/responses</c>.</summary>
    /// <remarks>The value is a list of tool types, such as <c>web_search, mcp</c>. An answer has the header only if tools were left out, which requires
    /// <see cref="HostedToolPolicy.LeaveOut"/>.</remarks>
    public const string LeftOutToolsHeaderName = ProtocolHeaders.LeftOutTools;

    private readonly PrivatemodeClient _client;
    private volatile bool _isDisposed;

    /// <summary>Initializes a new instance of the <see cref="PrivatemodeHttpMessageHandler"/> class that uses the session of a client.</summary>
    /// <param name="client">The client. The caller disposes it, after the last call.</param>
    /// <exception cref="ArgumentNullException"><paramref name="client"/> is <see langword="null"/>.</exception>
    public PrivatemodeHttpMessageHandler(PrivatemodeClient client)
    {
        ArgumentNullException.ThrowIfNull(client);
        _client = client;
    }

    /// <summary>Encrypts and sends a request, and blocks the thread until the response is available.</summary>
    /// <param name="request">The request, unencrypted. A relative address is completed with <see cref="PrivatemodeOptions.Endpoint"/>; an
    /// <see cref="HttpClient"/> accepts a relative address only if its <see cref="HttpClient.BaseAddress"/> is set.</param>
    /// <param name="cancellationToken">A token that cancels the call, until the response is returned.</param>
    /// <returns>The decrypted response. Dispose it: a stream that is left open keeps its connection open and its encryption key in memory.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is <see langword="null"/>.</exception>
    /// <exception cref="ObjectDisposedException">The handler or its client is disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> is canceled.</exception>
    /// <exception cref="PrivatemodeWouldLeakException">The request cannot be encrypted. Nothing was sent.</exception>
    /// <exception cref="PrivatemodeRequestException">The body is one that the service would not accept. Nothing was sent.</exception>
    /// <exception cref="PrivatemodeConfigurationException">A setting is invalid, or the service rejected the API key while the session was
    /// established.</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment could not prove that it is genuine, its manifest is not accepted, or the manifest log
    /// was changed. No content was sent that the deployment can read.</exception>
    /// <exception cref="PrivatemodeIntegrityException">The answer was altered, truncated, or not encrypted.</exception>
    /// <exception cref="PrivatemodeServiceException">A session could not be established, the rate limiter refused the call, an image could not be fetched, the
    /// answer did not arrive in time, its status is neither success nor error, or it contains an error instead of an answer.</exception>
    /// <exception cref="HttpRequestException">The request could not be sent, or the connection was lost before an answer.</exception>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Check(request);
        return _client.SendAsync(request, async: false, cancellationToken).Completed();
    }

    /// <summary>Encrypts and sends a request.</summary>
    /// <inheritdoc cref="Send(HttpRequestMessage, CancellationToken)"/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Check(request);
        return _client.SendAsync(request, async: true, cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _isDisposed = true;
        base.Dispose(disposing);
    }

    private void Check(HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
    }
}
