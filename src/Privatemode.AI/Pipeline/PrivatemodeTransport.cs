using System.ClientModel.Primitives;

namespace Privatemode.AI.Pipeline;

/// <summary>The transport: the last check before the socket, and no redirect after it.</summary>
internal sealed class PrivatemodeTransport(HttpClient http, Uri service) : HttpClientPipelineTransport(http)
{
    protected override void OnSendingRequest(PipelineMessage message, HttpRequestMessage httpRequest)
    {
        CallState? state = CallState.Of(message);
        OutboundCheck.Demand(httpRequest, state?.Call, message.Request.Content, service);
        httpRequest.Options.Set(IsolatingHandler.Deadline, state!.Deadline);
    }

    protected override void OnReceivedResponse(PipelineMessage message, HttpResponseMessage httpResponse) =>
        OutboundCheck.DemandNoRedirect(httpResponse, httpResponse.RequestMessage, message.Request.Uri!);
}
