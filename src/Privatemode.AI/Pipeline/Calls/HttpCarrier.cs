using System.Globalization;
using System.Net.Http.Headers;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>Carries a call that came as an HTTP request: each attempt is a request of our own, and the answer a response of our own.</summary>
internal sealed class HttpCarrier(HttpRequestMessage request, HttpClient http, Uri service, CancellationToken cancellationToken) : ICallCarrier
{
    private HttpResponseMessage? _wire;
    private EncryptionReceipt? _receipt;
    private string _requestId = "";
    private bool _isSealed;

    public string Method => request.Method.Method;

    public Uri Address { get; } = request.RequestUri is { } address
        ? new Uri(service, address)
        : throw new InvalidOperationException("The request has no address.");

    /// <summary>Just the one of the caller's headers that means something here. The others never leave; <see cref="ForeignHeaders"/> has seen them.</summary>
    public IEnumerable<KeyValuePair<string, string>> Headers => ContentType is { } type ? [new(ProtocolHeaders.ContentType, type)] : [];

    public string? ContentType => Value(request.Content?.Headers, ProtocolHeaders.ContentType);

    public bool HasBody => request.Content is not null;

    public long? BodyLength => request.Content?.Headers.ContentLength;

    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>The response for the caller, once there is one.</summary>
    public HttpResponseMessage? Response { get; private set; }

    public async ValueTask WriteBodyAsync(Stream target, bool async)
    {
        if (async)
        {
            await request.Content!.CopyToAsync(target, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            request.Content!.CopyTo(target, null, cancellationToken);
        }
    }

    public async ValueTask<CarriedAnswer> SendAsync(SealedCall call, Deadline deadline, bool async)
    {
        HttpRequestMessage attempt = NewRequest(call);
        OutboundCheck.Demand(attempt, call, (attempt.Content as SealedHttpContent)?.Content, service);
        attempt.Options.Set(IsolatingHandler.Deadline, deadline.Token);
        attempt.Options.Set(IsolatingHandler.CallId, call.RequestId);
        HttpResponseMessage wire;
        try
        {
            wire = _wire = async
                ? await http.SendAsync(attempt, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false)
                : http.Send(attempt, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        finally
        {
            // A stream may go on for long; the body that asked for it need not stay in memory.
            call.Current!.Content?.Dispose();
        }

        (_requestId, _isSealed, _receipt) = (call.RequestId, call.Rule.IsSealed, ReceiptFactory.Of(call));
        AnswerHead head = new()
        {
            Status = (int)wire.StatusCode,
            ContentType = Value(wire.Content.Headers, ProtocolHeaders.ContentType),
            Encrypted = Value(wire.Headers, ProtocolHeaders.Encrypted),
            RetryAfter = Value(wire.Headers, ProtocolHeaders.RetryAfter),
        };
        Stream body = async
            ? await wire.Content.ReadAsStreamAsync(deadline.Token).ConfigureAwait(false)
            : wire.Content.ReadAsStream(deadline.Token);
        return new CarriedAnswer(head, body, IsBuffered: false);
    }

    public void Take(OpenedAnswer answer)
    {
        bool isAuthenticated = answer.Error?.IsAuthenticated ?? _isSealed;
        HttpResponseMessage response = new(_wire!.StatusCode)
        {
            Content = new OpenedHttpContent(answer.Content, _wire),
            RequestMessage = request,
        };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue(TypeOf(answer));
        Set(response, ProtocolHeaders.Authenticated, isAuthenticated ? "true" : "false");
        Set(response, ProtocolHeaders.AnswerId, _requestId);
        if (answer.Error?.RetryAfter is { } wait)
        {
            Set(response, ProtocolHeaders.RetryAfter, Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture));
        }

        request.Options.Set(ReceiptExtensions.Option, isAuthenticated ? _receipt : null);
        Response = response;
    }

    public void Drop()
    {
        Response?.Dispose();
        Response = null;
        _wire?.Dispose();
        _wire = null;
    }

    /// <summary>The request of one attempt, made from what was checked and not from what was asked for.</summary>
    private HttpRequestMessage NewRequest(SealedCall call)
    {
        SealedAttempt attempt = call.Current!;
        HttpRequestMessage sent = new(new HttpMethod(call.Rule.Method), new Uri(service, call.Rule.Path))
        {
            Content = attempt.Content is { } content ? new SealedHttpContent(content) : null,
        };
        foreach ((string name, string value) in attempt.Headers)
        {
            HttpHeaders headers = name == ProtocolHeaders.ContentType ? sent.Content!.Headers : sent.Headers;
            _ = headers.TryAddWithoutValidation(name, value);
        }

        _ = sent.Headers.TryAddWithoutValidation(ProtocolHeaders.Accept, call.WantsStream ? "text/event-stream" : "application/json");
        return sent;
    }

    /// <summary>Not what the wire says: anybody on the way can write that.</summary>
    private static string TypeOf(OpenedAnswer answer)
    {
        if (answer.Content is not MemoryStream whole)
        {
            return "text/event-stream";
        }

        // Errors in the clear may be anything, a proxy's page for example.
        int first = whole.ReadByte();
        whole.Position = 0;
        return first is '{' or '[' ? "application/json" : "text/plain";
    }

    private static void Set(HttpResponseMessage response, string name, string value) =>
        _ = response.Headers.TryAddWithoutValidation(name, value);

    private static string? Value(HttpHeaders? headers, string name) =>
        headers?.NonValidated.TryGetValues(name, out HeaderStringValues values) == true ? values.ToString() : null;
}
