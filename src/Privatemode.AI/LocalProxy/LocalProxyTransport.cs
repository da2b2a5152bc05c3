using System.ClientModel.Primitives;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
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
/// <param name="http">The HTTP client. It connects to loopback addresses only, without a system proxy, redirects or cookies.</param>
/// <param name="apiKeys">The API keys to send; with <see cref="ApiKeys.None"/>, no key is sent.</param>
internal sealed class LocalProxyTransport(
    Uri proxy, HttpClient http, CallPreparation preparation, ApiKeys apiKeys, TransportOptions transport, TimeProvider time, CancellationToken closing)
    : HttpMessageHandler
{
    /// <summary>The state that the attempts of a call share, if it came through the pipeline of the OpenAI client.</summary>
    public static readonly HttpRequestOptionsKey<CallState> State = new("Privatemode.LocalProxy.State");

    /// <summary>Whether the caller requires the complete answer in memory. The library reads it, because the OpenAI client does not limit its size.</summary>
    public static readonly HttpRequestOptionsKey<bool> IsBuffered = new("Privatemode.LocalProxy.IsBuffered");

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
        if (state.Call is null)
        {
            CallerHeaderCheck.Check(request, proxy);
            HttpCallSource source = new(request, proxy, cancellationToken);
            state.Call = await preparation.PrepareAsync(source, state.ApiKey, async).ConfigureAwait(false);
        }

        while (true)
        {
            try
            {
                return await AttemptAsync(request, state, async, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (state.SendBudget.CanRetryUnanswered(exception))
            {
                await state.SendBudget.DelayAsync(async, cancellationToken).ConfigureAwait(false);
            }
            catch (PrivatemodeServiceException exception) when (exception.WasNotSent && state.SendBudget.HasSent && !UserCallback.Threw(exception))
            {
                throw exception.CopyForSentCall();
            }
        }
    }

    private async ValueTask<HttpResponseMessage> AttemptAsync(HttpRequestMessage request, CallState state, bool async, CancellationToken cancellationToken)
    {
        EncryptedCall call = state.Call!;
        RateLimitPermit? permit = transport.RateLimiter is { } limiter && call.Rule.IsEncrypted
            ? await RateLimitGate.AcquireAsync(limiter, call.RequestId, async, cancellationToken, closing).ConfigureAwait(false)
            : null;
        bool isOwnedByAnswer = false;
        try
        {
            using CallDeadline deadline = new(transport.ResponseTimeout, time, async, cancellationToken);
            state.SendBudget.CountSend(time);
            using HttpRequestMessage attempt = NewRequest(request, call, state.ApiKey!, deadline);
            HttpResponseMessage response = await SendAsync(attempt, call, deadline, async).ConfigureAwait(false);
            bool isBuffered = request.Options.TryGetValue(IsBuffered, out bool wanted) && wanted;
            ReceivedAnswer received = await HttpCallSource.ReceiveAsync(response, isBuffered, deadline, async).ConfigureAwait(false);
            try
            {
                CallAnswer answer = await _answers.ReadAsync(received, call, permit, deadline, async).ConfigureAwait(false);
                EncryptionReceipt? receipt = answer.Error is null && call.Members is { } members
                    ? EncryptionReceipt.Unverified(call.RequestId, [.. members.Select(member => member.Name)])
                    : null;
                ReceiptScope.Current?.SetAnswer(answer.Content, receipt, answer.Error);
                HttpResponseMessage result = HttpCallSource.Respond(request, call, received, answer, isAuthenticated: false, receipt);
                isOwnedByAnswer = answer.OwnsAttempt;
                return result;
            }
            catch
            {
                received.Response.Dispose();
                throw;
            }
        }
        finally
        {
            if (!isOwnedByAnswer)
            {
                permit?.Dispose();
            }
        }
    }

    private async ValueTask<HttpResponseMessage> SendAsync(HttpRequestMessage attempt, EncryptedCall call, CallDeadline deadline, bool async)
    {
        try
        {
            return async
                ? await http.SendAsync(attempt, HttpCompletionOption.ResponseHeadersRead, deadline.Caller).ConfigureAwait(false)
                : http.Send(attempt, HttpCompletionOption.ResponseHeadersRead, deadline.Caller);
        }
        catch (Exception exception)
        {
            CallRunner.ThrowIfTranslated(exception, deadline, call, closing);
            throw;
        }
    }

    private HttpRequestMessage NewRequest(HttpRequestMessage asked, EncryptedCall call, string apiKey, CallDeadline deadline)
    {
        HttpRequestMessage request = new(new HttpMethod(call.Rule.Method), new Uri(proxy, call.Rule.Path));
        request.Options.Set(IsolatingHandler.Deadline, deadline);
        request.Options.Set(IsolatingHandler.CallId, call.RequestId);
        if (call.Body is { } body)
        {
            string type = (body as OpaqueRequestBody)?.ContentType ?? HttpCallSource.ContentTypeOf(asked) ?? "application/json";
            request.Content = new UnencryptedContent(body.Plaintext);
            _ = request.Content.Headers.TryAddWithoutValidation(ProtocolHeaders.ContentType, type);
        }

        if (apiKey.Length > 0)
        {
            _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.Authorization, "Bearer " + apiKey);
        }

        _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.UserAgent, ProtocolHeaders.UserAgentValue);
        _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.Accept, call.WantsStream ? "text/event-stream" : "application/json");
        return request;
    }
}

/// <summary>Counts the attempts of a call for the retry policy. It runs directly after that policy.</summary>
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
        state.RetryRounds++;
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
