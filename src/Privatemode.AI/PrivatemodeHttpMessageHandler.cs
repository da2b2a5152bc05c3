using Privatemode.AI.Pipeline;

namespace Privatemode.AI;

/// <summary>
/// A message handler that seals what another library sends with its <see cref="HttpClient"/>, and opens what it gets: any library for
/// OpenAI's API, or for Anthropic's through <c>/v1/messages</c>.
/// </summary>
/// <remarks>
/// <para>It is the last handler of its <see cref="HttpClient"/>. It encrypts a request and sends it with the handler of the client,
/// <see cref="TransportOptions.HttpMessageHandler"/> included, where nothing can change it unnoticed. Whatever is <em>above</em> it, the library, its
/// logging and further handlers, sees prompts and answers unencrypted; this handler cannot prevent that.</para>
/// <para><b>What may be called:</b> <c>POST</c> to <c>/v1/chat/completions</c>, <c>/v1/completions</c>, <c>/v1/embeddings</c>, <c>/v1/messages</c>,
/// <c>/v1/audio/transcriptions</c> and <c>/unstructured/general/v0/general</c>, all sealed, and <c>GET</c> of <c>/v1/models</c> and <c>/v1/models/{id}</c>, at
/// <see cref="PrivatemodeOptions.Endpoint"/>, without a query. Bodies are <c>application/json</c>, for the last two of the sealed ones
/// <c>multipart/form-data</c>. Everything else is a <see cref="PrivatemodeWouldLeakException"/>, before anything is sent.</para>
/// <para><b>Headers:</b> none of the library's is sent. Left out without a word are its credentials (<c>Authorization</c>, <c>x-api-key</c>,
/// <c>api-key</c>: the client's own key is used instead), <c>anthropic-version</c>, <c>anthropic-beta</c>,
/// <c>anthropic-dangerous-direct-browser-access</c>, <c>OpenAI-Beta</c>, <c>OpenAI-Organization</c>, <c>OpenAI-Project</c>,
/// <c>X-Stainless-*</c>, <c>User-Agent</c>, <c>X-Client-Request-Id</c>, <c>x-ms-client-request-id</c>, <c>Idempotency-Key</c>, those of tracing
/// (<c>traceparent</c>, <c>tracestate</c>, <c>baggage</c>, <c>Request-Id</c>, <c>Correlation-Context</c>), <c>Accept</c>, <c>Accept-Charset</c>,
/// <c>Accept-Encoding</c>, <c>Accept-Language</c>, <c>Cache-Control</c>, <c>Pragma</c>, <c>Date</c>, <c>Connection</c>, <c>Keep-Alive</c>,
/// <c>Host</c> when it is the endpoint's, <c>Transfer-Encoding: chunked</c> and <c>Expect: 100-continue</c>. Any other is refused, cookies included.</para>
/// <para><b>Answers</b> are new responses with the status, <c>Content-Type</c>, <c>x-request-id</c> (the id this client gave the call),
/// <c>Retry-After</c> (at most 60 s) and <see cref="AuthenticatedHeader"/>, and no other header of the wire. A whole answer is verified before it is
/// handed out, whatever the <see cref="HttpCompletionOption"/>; a stream is verified event by event as it is read, and reading throws when it
/// was altered or ends early. Answers of status 400 or more are handed out as such. Gaps in tool calls are filled in and unknown finish reasons
/// read as <c>length</c>, as by <see cref="PrivatemodeOpenAIClient"/>. What is not authenticated (<c>id</c>, <c>usage</c>, <c>duration</c>) and cannot be what
/// its name says is left out. Usage is on the last event of a stream only, unless the request sets <c>stream_options.continuous_usage_stats</c>.</para>
/// <para><b>Other differences:</b> redirects are never followed, and an answer is never decompressed. It retries nothing but what the service
/// did not work on (a secret it no longer knows, a connection reset at once), so the library's own retries stay of use; each repeats the call
/// sealed anew. <see cref="HttpClient.Timeout"/> includes the time to verify the deployment, which the first call waits for;
/// <see cref="TransportOptions.ResponseTimeout"/> and <see cref="TransportOptions.IdleTimeout"/> hold too. The body is read once, into memory.
/// Version and version policy of requests are not used.</para>
/// <para><b>Synchronous calls</b> block their thread. Encryption and the body of the answer need no other, but the platform makes connections on the
/// thread pool, and over https it also receives the head of an answer there. When each thread of the pool is blocked in such a call, the calls wait for
/// each other until <see cref="TransportOptions.ResponseTimeout"/> ends them. Use asynchronous calls where there are many at a time, and
/// <see cref="PrivatemodeClient.ConnectAsync"/> or <see cref="PrivatemodeOptions.WarmUp"/> before the first one.</para>
/// <para>Thread-safe. Disposing it does not dispose the client; when the client is disposed, calls fail.</para>
/// </remarks>
public sealed class PrivatemodeHttpMessageHandler : HttpMessageHandler
{
    /// <summary>
    /// Header of every answer: <c>true</c> when the enclave sealed it; <c>false</c> for the list of models, and for errors that anybody between here and
    /// there may have written. It is set here; one on the wire is not read.
    /// </summary>
    public const string AuthenticatedHeader = ProtocolHeaders.Authenticated;

    private readonly HttpCalls _calls;
    private volatile bool _isDisposed;

    /// <summary>A handler over the session of a client.</summary>
    /// <param name="client">The client; it stays the caller's to dispose, after the last call.</param>
    /// <exception cref="ArgumentNullException">The client is null.</exception>
    public PrivatemodeHttpMessageHandler(PrivatemodeClient client)
    {
        ArgumentNullException.ThrowIfNull(client);
        _calls = client.Http;
    }

    /// <summary>Encrypts and sends a request, and blocks the thread until the response is there.</summary>
    /// <param name="request">The request, in the clear. Its address may be relative to <see cref="PrivatemodeOptions.Endpoint"/>.</param>
    /// <param name="cancellationToken">Ends the call, until the response is there.</param>
    /// <returns>The response, opened. Dispose it: a stream that is left open keeps its secret and its connection.</returns>
    /// <exception cref="PrivatemodeWouldLeakException">The request has no sealed form. Nothing was sent.</exception>
    /// <exception cref="PrivatemodeRequestException">The body is not one the service takes. Nothing was sent.</exception>
    /// <exception cref="PrivatemodeConfigurationException">A setting is not acceptable, or the API key was rejected before the call.</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment did not prove itself. No content was sent to it.</exception>
    /// <exception cref="PrivatemodeIntegrityException">The answer was altered, cut, or not sealed.</exception>
    /// <exception cref="PrivatemodeServiceException">
    /// A session could not be made, the answer did not come in time, has a status that is neither success nor error, or holds an error in place of an answer.
    /// </exception>
    /// <exception cref="HttpRequestException">The call could not be sent, or the connection broke before an answer.</exception>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Demand(request);
        return _calls.SendAsync(request, async: false, cancellationToken).Completed();
    }

    /// <summary>Seals and sends a request.</summary>
    /// <inheritdoc cref="Send(HttpRequestMessage, CancellationToken)"/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Demand(request);
        return _calls.SendAsync(request, async: true, cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _isDisposed = true;
        base.Dispose(disposing);
    }

    private void Demand(HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
    }
}
