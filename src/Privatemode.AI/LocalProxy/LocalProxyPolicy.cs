using System.ClientModel.Primitives;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Calls;

namespace Privatemode.AI.LocalProxy;

/// <summary>Counts the attempts of a call for the retry policy, and keeps the details of an error for the adapters. It follows the retry policy.</summary>
internal sealed class LocalProxyPolicy(TimeProvider time) : PipelinePolicy
{
    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        Begin(message);
        ProcessNext(message, pipeline, currentIndex);
        End(message);
    }

    public override async ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        Begin(message);
        await ProcessNextAsync(message, pipeline, currentIndex).ConfigureAwait(false);
        End(message);
    }

    private static void Begin(PipelineMessage message)
    {
        CallState state = CallState.Of(message) ?? throw new InvalidOperationException("The call policy is missing from the pipeline.");
        state.Tries++;
        state.ForgetUnless(message.Request.Content);

        // The transport has its own timeout, which uses the injected clock.
        message.NetworkTimeout = Timeout.InfiniteTimeSpan;
    }

    private void End(PipelineMessage message)
    {
        if (message.Response is not { Status: >= 400 } response)
        {
            return;
        }

        // The response is already in memory.
        byte[] text = response.BufferContent(message.CancellationToken).ToArray();
        (string? said, string? code) = ErrorText.Read(text);
        ServiceErrors.Remember(response, new ServiceError
        {
            Status = response.Status,
            Message = said,
            Code = code,
            RetryAfter = ServiceErrors.ParseRetryAfter(Header(response, ProtocolHeaders.RetryAfter), time.GetUtcNow()),
            RequestId = Header(response, ProtocolHeaders.AnswerId),
        });
    }

    private static string? Header(PipelineResponse response, string name) => response.Headers.TryGetValue(name, out string? value) ? value : null;
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
