using System.Net.Http.Headers;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Transport;

/// <summary>
/// Sits directly above the handler that sends and accepts only requests that <see cref="IsolatingHandler"/> passed on, unchanged and once. Handlers in
/// between belong to the application: one that adds a header or sends again is refused, and so is a request that did not come through this library.
/// </summary>
/// <param name="sender">The handler that sends.</param>
/// <param name="isLoopbackOnly">Whether a handler of any kind may send, because nothing leaves this machine.</param>
internal sealed class OutboundGuardHandler(HttpMessageHandler sender, bool isLoopbackOnly) : DelegatingHandler(sender)
{
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ThrowIfNotPrepared(request);
        try
        {
            return base.Send(request, cancellationToken);
        }
        catch (OperationCanceledException exception) when (IsConnectTimeout(exception, cancellationToken))
        {
            throw NotConnected(exception);
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ThrowIfNotPrepared(request);
        try
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (IsConnectTimeout(exception, cancellationToken))
        {
            throw NotConnected(exception);
        }
    }

    private void ThrowIfNotPrepared(HttpRequestMessage request)
    {
        // Settings of a handler can be changed until it sends for the first time.
        HandlerChainCheck.ThrowIfSenderUnsafe(InnerHandler, isLoopbackOnly);
        if (InnerHandler is SocketsHttpHandler { ActivityHeadersPropagator: not null })
        {
            throw new PrivatemodeConfigurationException(
                OptionNames.HttpMessageHandler, "The message handler propagates trace context. Keep its ActivityHeadersPropagator null.");
        }

        RequestSnapshot.ThrowIfChanged(request);
    }

    /// <summary>Whether a connection was not opened in time. The platform's handlers report that as a cancellation, although no token was canceled. Other
    /// handlers may have timeouts of another kind.</summary>
    private bool IsConnectTimeout(OperationCanceledException exception, CancellationToken asked) =>
        InnerHandler is SocketsHttpHandler or LoopbackRoutingHandler && exception.InnerException is TimeoutException && !asked.IsCancellationRequested;

    /// <summary>Converts such a cancellation to a connection failure, which shows that nothing was sent.</summary>
    private static HttpRequestException NotConnected(OperationCanceledException exception) =>
        new(HttpRequestError.ConnectionError, "No connection could be made in time.", exception);
}

/// <summary>A snapshot of a request at the moment when this library passed it on.</summary>
internal sealed class RequestSnapshot(HttpRequestMessage original)
{
    private static readonly HttpRequestOptionsKey<RequestSnapshot> Key = new("Privatemode.Outgoing");

    private readonly HttpRequestMessage _request = original;
    private readonly HttpMethod _method = original.Method;
    private readonly Uri? _address = original.RequestUri;
    private readonly Version _version = original.Version;
    private readonly HttpVersionPolicy _versionPolicy = original.VersionPolicy;
    private readonly HttpContent? _content = original.Content;
    private readonly (string Name, string Value)[] _headers = TextsOf(original.Headers);
    private readonly (string Name, string Value)[] _contentHeaders = TextsOf(original.Content?.Headers);
    private int _sent;

    /// <summary>Takes the snapshot of a request that has passed all checks.</summary>
    public static void Attach(HttpRequestMessage request) => request.Options.Set(Key, new RequestSnapshot(request));

    /// <exception cref="PrivatemodeWouldLeakException">The request is not one of this library's, was changed since, or is sent again.</exception>
    public static void ThrowIfChanged(HttpRequestMessage request)
    {
        if (!request.Options.TryGetValue(Key, out RequestSnapshot? noted))
        {
            throw new PrivatemodeWouldLeakException(
                "unprepared-request", "Other code uses the HTTP client of this library, which sends only what the library has encrypted. Use another one.");
        }

        if (request != noted._request || request.Method != noted._method || request.RequestUri != noted._address || request.Version != noted._version
            || request.VersionPolicy != noted._versionPolicy || request.Content != noted._content
            || !AreSame(request.Headers, noted._headers) || !AreSame(request.Content?.Headers, noted._contentHeaders))
        {
            throw new PrivatemodeWouldLeakException(
                "changed-request", "A message handler changed the request after it was encrypted, so it was not sent. Remove handlers that change requests.");
        }

        if (Interlocked.Exchange(ref noted._sent, 1) == 1)
        {
            throw TransportExceptions.SentTwice();
        }
    }

    /// <summary>Returns each header as one text, because logging splits values. Content-Length is left out, because it is computed on demand.</summary>
    private static (string Name, string Value)[] TextsOf(HttpHeaders? headers)
    {
        HttpHeadersNonValidated all = headers?.NonValidated ?? default;
        (string Name, string Value)[] texts = new (string Name, string Value)[all.Count];
        int count = 0;
        foreach ((string name, HeaderStringValues values) in all)
        {
            if (!name.Equals(ProtocolHeaders.ContentLength, StringComparison.OrdinalIgnoreCase))
            {
                texts[count++] = (name, values.ToString());
            }
        }

        return count == texts.Length ? texts : texts[..count];
    }

    /// <summary>Whether the headers are equal to these texts, in any order.</summary>
    private static bool AreSame(HttpHeaders? headers, (string Name, string Value)[] texts)
    {
        HttpHeadersNonValidated all = headers?.NonValidated ?? default;
        foreach ((string name, string value) in texts)
        {
            if (!all.TryGetValues(name, out HeaderStringValues values) || values.ToString() != value)
            {
                return false;
            }
        }

        return all.Count - (all.Contains(ProtocolHeaders.ContentLength) ? 1 : 0) == texts.Length;
    }
}
