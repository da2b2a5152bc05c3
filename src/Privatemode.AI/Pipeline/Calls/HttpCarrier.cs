using System.Collections.Frozen;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>A call that was made as an HTTP request.</summary>
internal class HttpCallSource(HttpRequestMessage request, Uri service, CancellationToken cancellationToken) : ICallSource
{
    public string Method => Request.Method.Method;

    public Uri Address { get; } = request.RequestUri is { } address
        ? WithoutBetaFlag(address.IsAbsoluteUri ? address : new Uri(service, address))
        : throw new InvalidOperationException("The request has no address.");

    /// <summary>The only header of the caller that is used. The others are never sent; <see cref="CallerHeaderCheck"/> has checked them.</summary>
    public IEnumerable<KeyValuePair<string, string>> Headers => ContentType is { } type ? [new(ProtocolHeaders.ContentType, type)] : [];

    public string? ContentType => ContentTypeOf(Request);

    public bool HasBody => Request.Content is not null;

    public bool WantsReceipt => true;

    public long? BodyLength => Request.Content?.Headers.ContentLength;

    public CancellationToken CancellationToken { get; } = cancellationToken;

    public string? CacheKey => OptionOf(PrivatemodeRequestOptions.PromptCacheKey);

    public string? Caller => OptionOf(PrivatemodeRequestOptions.Caller);

    public string? AnsweredModel => OptionOf(PrivatemodeRequestOptions.ResponseModelId);

    public ResponseProgress? Progress => OptionOf(PrivatemodeRequestOptions.Progress);

    protected HttpRequestMessage Request { get; } = request;

    public async ValueTask WriteBodyAsync(Stream target, bool async)
    {
        if (async)
        {
            await Request.Content!.CopyToAsync(target, CancellationToken).ConfigureAwait(false);
        }
        else
        {
            Request.Content!.CopyTo(target, null, CancellationToken);
        }

        ReceiptScope.Current?.RequestWritten();
    }

    /// <summary>The value as it was set, or null.</summary>
    public static string? ContentTypeOf(HttpRequestMessage request) => ValueOf(request.Content?.Headers, ProtocolHeaders.ContentType);

    /// <summary>Starts to read a response. The result owns it.</summary>
    public static async ValueTask<ReceivedAnswer> ReceiveAsync(HttpResponseMessage response, bool isBuffered, CallDeadline deadline, bool async)
    {
        AnswerHeaders head = new()
        {
            Status = (int)response.StatusCode,
            ContentType = ValueOf(response.Content.Headers, ProtocolHeaders.ContentType),
            Encrypted = ValueOf(response.Headers, ProtocolHeaders.Encrypted),
            RetryAfter = ValueOf(response.Headers, ProtocolHeaders.RetryAfter),
        };
        try
        {
            Stream body = async && response.Content is not InterruptibleContent
                ? await response.Content.ReadAsStreamAsync(deadline.Token).ConfigureAwait(false)
                : response.Content.ReadAsStream(deadline.Token);
            return new ReceivedAnswer(head, body, response, isBuffered);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>Creates the response for the caller. It contains nothing of the received one except the status.</summary>
    public static HttpResponseMessage Respond(
        HttpRequestMessage request, EncryptedCall call, ReceivedAnswer received, CallAnswer answer, bool isAuthenticated, EncryptionReceipt? receipt)
    {
        HttpResponseMessage response = new((HttpStatusCode)call.StatusFor(received.Head.Status))
        {
            Content = new AnswerHttpContent(answer.Content, received.Response),
            RequestMessage = request,
        };
        _ = response.Content.Headers.TryAddWithoutValidation(ProtocolHeaders.ContentType, TypeOf(answer, call));
        Set(response, ProtocolHeaders.Authenticated, isAuthenticated ? "true" : "false");
        Set(response, ProtocolHeaders.AnswerId, call.RequestId);
        if (call.Translation?.LeftOutTools is { } types)
        {
            Set(response, ProtocolHeaders.LeftOutTools, types);
        }

        if (answer.Error is { } error)
        {
            if (error.RetryAfter is { } wait)
            {
                Set(response, ProtocolHeaders.RetryAfter, RetryAfter.Format(wait));
            }

            request.Options.Set(ServiceErrors.Option, ServiceErrors.From(error));
        }

        request.Options.Set(ReceiptExtensions.Option, receipt);
        return response;
    }

    /// <summary>Drops the flag with which Anthropic's libraries request beta features, which the service does not have. It does not change a call.</summary>
    private static Uri WithoutBetaFlag(Uri address) =>
        address.Query == "?beta=true" && address.AbsolutePath == EndpointRules.Messages.Path && address.Fragment.Length == 0
            ? new Uri(address.GetLeftPart(UriPartial.Path))
            : address;

    /// <summary>Returns the content type for the caller. The received one is ignored, because an attacker on the network can write it.</summary>
    private static string TypeOf(CallAnswer answer, EncryptedCall call)
    {
        if (answer.Error is null && call.Rule.IsEncrypted)
        {
            return call.WantsStream ? "text/event-stream" : "application/json";
        }

        // Unencrypted answers can have any content, for example a proxy's page.
        int first;
        do
        {
            first = answer.Content.ReadByte();
        }
        while (first is ' ' or '\t' or '\r' or '\n');
        answer.Content.Position = 0;
        return first is '{' or '[' ? "application/json" : "text/plain";
    }

    private T? OptionOf<T>(HttpRequestOptionsKey<T> key) => Request.Options.TryGetValue(key, out T? value) ? value : default;

    private static void Set(HttpResponseMessage response, string name, string value) => _ = response.Headers.TryAddWithoutValidation(name, value);

    private static string? ValueOf(HttpHeaders? headers, string name) =>
        headers?.NonValidated.TryGetValues(name, out HeaderStringValues values) == true ? values.ToString() : null;
}

/// <summary>Sends a call that was made as an HTTP request: each attempt is a new request, and the answer a new response.</summary>
internal sealed class HttpCarrier(HttpRequestMessage request, HttpClient http, EndpointAddresses addresses, CancellationToken cancellationToken)
    : HttpCallSource(request, addresses.Service, cancellationToken), ICallCarrier
{

    /// <summary>The response for the caller, once there is one.</summary>
    public HttpResponseMessage? Response { get; private set; }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ReceivedAnswer> SendAsync(CallAttempt attempt, CallDeadline deadline, bool async)
    {
        HttpRequestMessage outgoing = NewRequest(attempt);
        OutboundCheck.ThrowIfWouldLeak(outgoing, attempt, (outgoing.Content as EncryptedHttpContent)?.Content, addresses.Service);
        outgoing.Options.Set(IsolatingHandler.Deadline, deadline);
        outgoing.Options.Set(IsolatingHandler.CallId, attempt.Call.RequestId);
        HttpResponseMessage response;
        try
        {
            // The deadline includes the caller's cancellation. Passing that token too would link it once more.
            response = async
                ? await http.SendAsync(outgoing, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None).ConfigureAwait(false)
                : http.Send(outgoing, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None);
        }
        finally
        {
            // A stream may last long; the body of its request need not stay in memory.
            attempt.Content?.Dispose();
        }

        return await ReceiveAsync(response, isBuffered: false, deadline, async).ConfigureAwait(false);
    }

    public void SetAnswer(EncryptedCall call, ReceivedAnswer received, CallAnswer answer, EncryptionReceipt? receipt) =>
        Response = Respond(Request, call, received, answer, answer.Error?.IsAuthenticated ?? call.Rule.IsEncrypted, receipt);

    /// <summary>Creates the request of one attempt from what was checked, not from the caller's request.</summary>
    private HttpRequestMessage NewRequest(CallAttempt attempt)
    {
        EndpointRule rule = attempt.Call.Rule;
        HttpRequestMessage sent = new(HttpMethod.Parse(rule.Method), addresses.Of(rule.Path))
        {
            Content = attempt.Content is { } content ? new EncryptedHttpContent(content) : null,
        };
        foreach ((string name, string value) in attempt.Headers)
        {
            HttpHeaders headers = name == ProtocolHeaders.ContentType ? sent.Content!.Headers : sent.Headers;
            _ = headers.TryAddWithoutValidation(name, value);
        }

        _ = sent.Headers.TryAddWithoutValidation(ProtocolHeaders.Accept, attempt.Call.WantsStream ? "text/event-stream" : "application/json");
        return sent;
    }
}

/// <summary>The addresses of endpoints at a service. The last address is cached, because nearly all calls of a client are to one endpoint.</summary>
internal sealed class EndpointAddresses(Uri service)
{
    private KeptAddress? _last;

    public Uri Service => service;

    public Uri Of(string path)
    {
        if (_last is not { } last || last.Path != path)
        {
            _last = last = new KeptAddress(path, new Uri(service, path));
        }

        return last.Address;
    }

    private sealed record KeptAddress(string Path, Uri Address);
}

/// <summary>Runs HTTP requests of other libraries as encrypted calls.</summary>
internal sealed class HttpCalls(CallRunner runner, HttpClient http, Uri service, ClientEvents events)
{
    private readonly EndpointAddresses _addresses = new(service);

    /// <summary>Runs one request. The answer is decrypted, or is decrypted while it is read.</summary>
    public async ValueTask<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool async, CancellationToken cancellationToken)
    {
        // The same request may be sent again, and fail this time; information about an earlier answer must be removed.
        request.Options.Set(ReceiptExtensions.Option, null);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            HttpCarrier carrier = new(request, http, _addresses, cancellationToken);
            CallerHeaderCheck.Check(request, service);
            using CallState state = new();
            await runner.RunAsync(carrier, state, async).ConfigureAwait(false);
            return carrier.Response!;
        }
        catch (PrivatemodeWouldLeakException exception)
        {
            events.CallRefused(exception);
            throw;
        }
    }
}

/// <summary>Checks the headers that another library adds to its requests: those known to be irrelevant are left out, the others are refused.</summary>
/// <remarks>None of them is ever sent. Refusing a header shows callers that rely on it that it has no effect.</remarks>
internal static class CallerHeaderCheck
{
    private const string StainlessPrefix = "X-Stainless-";

    private static readonly FrozenSet<string> LeftOut = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,

        // Credentials: the client's own is used.
        "Authorization", "x-api-key", "api-key",

        // Versions of another provider's API; the service has one.
        "anthropic-version", "anthropic-beta", "anthropic-dangerous-direct-browser-access", "OpenAI-Beta", "OpenAI-Organization", "OpenAI-Project",

        // Information about the library and its machine, and IDs of calls and traces.
        "User-Agent", "X-Client-Request-Id", "x-ms-client-request-id", "Idempotency-Key", "traceparent", "tracestate", "baggage", "Request-Id",
        "Correlation-Context",

        // The requested form of the answer, which is JSON or events and must not be cached.
        "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Cache-Control", "Pragma", "Date",

        // Headers of the caller's connection; the client uses its own.
        "Connection", "Keep-Alive");

    /// <summary>Checks the headers of a request and its content.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">A header is not known to be irrelevant.</exception>
    public static void Check(HttpRequestMessage request, Uri service)
    {
        foreach ((string name, System.Net.Http.Headers.HeaderStringValues values) in request.Headers.NonValidated)
        {
            if (!IsLeftOut(name, values.ToString(), service))
            {
                throw Refuse();
            }
        }

        if (request.Content is null)
        {
            return;
        }

        foreach ((string name, _) in request.Content.Headers.NonValidated)
        {
            if (!name.Equals(ProtocolHeaders.ContentType, StringComparison.OrdinalIgnoreCase) &&
                !name.Equals(ProtocolHeaders.ContentLength, StringComparison.OrdinalIgnoreCase))
            {
                throw Refuse();
            }
        }
    }

    private static bool IsLeftOut(string name, string value, Uri service) =>
        LeftOut.Contains(name) || name.StartsWith(StainlessPrefix, StringComparison.OrdinalIgnoreCase) || name.ToUpperInvariant() switch
        {
            "HOST" => value.Equals(service.Authority, StringComparison.OrdinalIgnoreCase) || value.Equals(service.Host, StringComparison.OrdinalIgnoreCase),
            "TRANSFER-ENCODING" => value.Equals("chunked", StringComparison.OrdinalIgnoreCase),
            "EXPECT" => value.Equals("100-continue", StringComparison.OrdinalIgnoreCase),
            _ => false,
        };

    private static PrivatemodeWouldLeakException Refuse() => new(
        "unknown-header", "The request has a header that this library does not know, which would be sent in the clear. Remove it.");
}

/// <summary>A decrypted answer as the content of an HTTP response. Disposes the response that it came from.</summary>
internal sealed class AnswerHttpContent(Stream decrypted, IDisposable wire) : StreamContent(decrypted)
{
    protected override void Dispose(bool disposing)
    {
        // The decrypted stream first: it ends the exchange and closes the stream below it.
        base.Dispose(disposing);
        if (disposing)
        {
            wire.Dispose();
        }
    }
}
