using System.ClientModel.Primitives;
using System.Net.Http.Headers;
using System.Runtime.ExceptionServices;
using System.Threading.RateLimiting;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.LocalProxy;

/// <summary>
/// Sends requests unencrypted to Privatemode's own proxy on this machine, see <see cref="TransportOptions.DangerousUnverifiedLocalProxy"/>. It does
/// not verify anything, and has no session, secret or cipher.
/// </summary>
/// <remarks>
/// Endpoints, bodies and headers are checked by the same rules as encrypted requests, because the proxy encrypts the bodies in the same way. Requests and
/// responses are created anew: no header of the caller is sent, and no header of the proxy is returned.
/// </remarks>
/// <param name="proxy">The address of the proxy.</param>
/// <param name="http">The HTTP client. It connects to loopback addresses only, without a system proxy, redirects or cookies.</param>
/// <param name="engine">Checks and completes bodies. It is not used to encrypt them.</param>
/// <param name="media">Applies the policy for images by URL.</param>
/// <param name="apiKeys">The API keys to send; with <see cref="ApiKeys.None"/>, no key is sent.</param>
/// <param name="transport">The timeouts and the rate limiter.</param>
/// <param name="time">The clock.</param>
/// <param name="closing">Cancelled when the client is disposed.</param>
internal sealed class LocalProxyTransport(
    Uri proxy, HttpClient http, RequestEncryptor engine, RemoteMediaResolver media, ApiKeys apiKeys, TransportOptions transport, TimeProvider time,
    CancellationToken closing) : HttpMessageHandler
{
    /// <summary>The state that the attempts of a call share, if it came through the pipeline of the OpenAI client.</summary>
    public static readonly HttpRequestOptionsKey<CallState> State = new("Privatemode.LocalProxy.State");

    /// <summary>Whether the caller wants the whole answer in memory. The library reads it, because the OpenAI client does not limit its size.</summary>
    public static readonly HttpRequestOptionsKey<bool> IsBuffered = new("Privatemode.LocalProxy.IsBuffered");

    private static readonly TimeSpan PauseAfterEnd = TimeSpan.FromMilliseconds(50);

    // A stale pooled connection ends immediately. After this time, the proxy may already be processing the call.
    private static readonly TimeSpan LatestEnd = TimeSpan.FromSeconds(5);

    private readonly LocalProxyAnswers _answers = new(transport.IdleTimeout, time);

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        RunAsync(request, async: false, cancellationToken).Completed();

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        RunAsync(request, async: true, cancellationToken).AsTask();

    private async ValueTask<HttpResponseMessage> RunAsync(HttpRequestMessage request, bool async, CancellationToken cancellationToken)
    {
        _ = request.Options.TryGetValue(State, out CallState? shared);
        using CallState? own = shared is null ? new CallState() : null;
        CallState state = shared ?? own!;
        state.ApiKey ??= await apiKeys.ReadAsync(async, cancellationToken).ConfigureAwait(false);
        state.Call ??= await PrepareAsync(request, state.ApiKey, async, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            try
            {
                return await AttemptAsync(request, state, async, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (
                TransportExceptions.IsUnanswered(exception) && time.GetElapsedTime(state.SentAt) < LatestEnd && state.Repeats.MayRepeatUnanswered())
            {
                await time.DelayAsync(PauseAfterEnd, async, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Reads the body once, for all attempts.</summary>
    private async ValueTask<EncryptedCall> PrepareAsync(HttpRequestMessage request, string apiKey, bool async, CancellationToken cancellationToken)
    {
        CallerHeaderCheck.Check(request, proxy);
        Uri address = new(proxy, request.RequestUri ?? throw new InvalidOperationException("The request has no address."));
        string? type = Value(request.Content?.Headers, ProtocolHeaders.ContentType);
        EndpointRule rule = engine.Match(request.Method.Method, address, type is null ? [] : [new(ProtocolHeaders.ContentType, type)]);
        if (!rule.IsSealed)
        {
            return request.Content is null ? engine.PrepareWithoutBody(rule) : throw new PrivatemodeWouldLeakException(
                "unexpected-body", $"The endpoint {rule.Path} does not accept a body. Send the request without one.");
        }

        PooledBytes bytes = await SnapshotAsync(request.Content, rule.PlainLimit, async, cancellationToken).ConfigureAwait(false);
        RequestBody body = RequestEncryptor.Read(rule, bytes, type);
        ReceiptScope.Current?.RequestWritten();
        try
        {
            if (body is JsonRequestBody json)
            {
                await media.ResolveAsync(rule, json, async, cancellationToken).ConfigureAwait(false);
            }
        }
        catch
        {
            body.Dispose();
            throw;
        }

        EncryptedCall call = engine.Prepare(rule, body, apiKey);
        call.ContentType = (body as OpaqueRequestBody)?.ContentType ?? type ?? "application/json";
        return call;
    }

    private static async ValueTask<PooledBytes> SnapshotAsync(HttpContent? content, int limit, bool async, CancellationToken cancellationToken)
    {
        long length = content?.Headers.ContentLength ?? 0;
        PooledWriteStream.Demand(length, limit);
        PooledBytes body = CallRunner.NewSnapshot(length);
        try
        {
            using PooledWriteStream writer = new(body, limit);
            if (async && content is not null)
            {
                await content.CopyToAsync(writer, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                content?.CopyTo(writer, null, cancellationToken);
            }

            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    private async ValueTask<HttpResponseMessage> AttemptAsync(HttpRequestMessage request, CallState state, bool async, CancellationToken cancellationToken)
    {
        EncryptedCall call = state.Call!;
        RateLimitLease? permit = transport.RateLimiter is { } limiter && call.Rule.IsSealed
            ? await RateLimitGate.AcquireAsync(limiter, call.RequestId, async, cancellationToken, closing).ConfigureAwait(false)
            : null;
        HttpResponseMessage? wire = null;
        bool isHandedOver = false;
        try
        {
            using CallDeadline deadline = new(transport.ResponseTimeout, time, async, cancellationToken);
            state.Repeats.CountSend();
            state.SentAt = time.GetTimestamp();
            wire = await SendAsync(call, state.ApiKey!, deadline, async, cancellationToken).ConfigureAwait(false);
            Stream body = async
                ? await wire.Content.ReadAsStreamAsync(deadline.Token).ConfigureAwait(false)
                : wire.Content.ReadAsStream(deadline.Token);
            bool isBuffered = request.Options.TryGetValue(IsBuffered, out bool wanted) && wanted;
            LocalProxyAnswer answer = await _answers.ReadAsync(wire, body, call, isBuffered, permit, deadline, async).ConfigureAwait(false);
            isHandedOver = answer.IsStream;
            return Respond(request, wire, answer, call);
        }
        catch
        {
            wire?.Dispose();
            throw;
        }
        finally
        {
            if (!isHandedOver)
            {
                permit?.Dispose();
            }
        }
    }

    private async ValueTask<HttpResponseMessage> SendAsync(
        EncryptedCall call, string apiKey, CallDeadline deadline, bool async, CancellationToken cancellationToken)
    {
        using HttpRequestMessage attempt = NewRequest(call, apiKey);
        attempt.Options.Set(IsolatingHandler.Deadline, deadline.Token);
        attempt.Options.Set(IsolatingHandler.CallId, call.RequestId);
        try
        {
            return async
                ? await http.SendAsync(attempt, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false)
                : http.Send(attempt, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw deadline.ToException(CallDeadline.NoAnswer, call.RequestId, closing.IsCancellationRequested);
        }
        catch (ObjectDisposedException) when (closing.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(PrivatemodeClient));
        }
        catch (HttpRequestException exception) when (TransportExceptions.FindOwn(exception) is { } own)
        {
            ExceptionDispatchInfo.Throw(own);
            throw;
        }
    }

    private HttpRequestMessage NewRequest(EncryptedCall call, string apiKey)
    {
        HttpRequestMessage request = new(new HttpMethod(call.Rule.Method), new Uri(proxy, call.Rule.Path));
        if (call.Body is { } body)
        {
            request.Content = new UnencryptedContent(body.Plaintext);
            _ = request.Content.Headers.TryAddWithoutValidation(ProtocolHeaders.ContentType, call.ContentType);
        }

        if (apiKey.Length > 0)
        {
            _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.Authorization, "Bearer " + apiKey);
        }

        _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.UserAgent, ProtocolHeaders.UserAgentValue);
        _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.Accept, call.WantsStream ? "text/event-stream" : "application/json");
        return request;
    }

    private static HttpResponseMessage Respond(HttpRequestMessage request, HttpResponseMessage wire, LocalProxyAnswer answer, EncryptedCall call)
    {
        EncryptionReceipt? receipt = answer.Error is not null || !call.Rule.IsSealed ? null : EncryptionReceipt.Unverified(
            call.RequestId, [.. call.Members.Select(member => member.Name)]);
        HttpResponseMessage response = new(wire.StatusCode) { Content = new AnswerHttpContent(answer.Content, wire), RequestMessage = request };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue(answer.ContentType);
        _ = response.Headers.TryAddWithoutValidation(ProtocolHeaders.Authenticated, "false");
        _ = response.Headers.TryAddWithoutValidation(ProtocolHeaders.AnswerId, call.RequestId);
        if (answer.Error?.RetryAfter is { } wait)
        {
            _ = response.Headers.TryAddWithoutValidation(ProtocolHeaders.RetryAfter, RetryAfter.Format(wait));
        }

        request.Options.Set(ReceiptExtensions.Option, receipt);
        ReceiptScope.Current?.SetAnswer(answer.Content, receipt, answer.Error);
        return response;
    }

    private static string? Value(HttpHeaders? headers, string name) =>
        headers?.NonValidated.TryGetValues(name, out HeaderStringValues values) == true ? values.ToString() : null;
}

/// <summary>Counts the attempts of a call for the retry policy, which it follows.</summary>
internal sealed class LocalProxyPolicy : PipelinePolicy
{
    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        Begin(message);
        ProcessNext(message, pipeline, currentIndex);
    }

    public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        Begin(message);
        return ProcessNextAsync(message, pipeline, currentIndex);
    }

    private static void Begin(PipelineMessage message)
    {
        CallState state = CallState.Of(message) ?? throw new InvalidOperationException("The call policy is missing from the pipeline.");
        state.Tries++;
        state.ForgetUnless(message.Request.Content);

        // The transport has its own timeout, which uses the injected clock.
        message.NetworkTimeout = Timeout.InfiniteTimeSpan;
    }
}

/// <summary>Passes the state that the attempts of a call share to <see cref="LocalProxyTransport"/>.</summary>
internal sealed class LocalProxyPipelineTransport(HttpClient http) : HttpClientPipelineTransport(http)
{
    protected override void OnSendingRequest(PipelineMessage message, HttpRequestMessage httpRequest)
    {
        httpRequest.Options.Set(LocalProxyTransport.State, CallState.Of(message)!);
        httpRequest.Options.Set(LocalProxyTransport.IsBuffered, message.BufferResponse);
    }
}
