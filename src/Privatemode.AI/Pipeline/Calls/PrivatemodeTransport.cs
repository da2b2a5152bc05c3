using System.ClientModel.Primitives;
using System.Net.Http.Headers;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>The transport: the last check before the socket.</summary>
internal sealed class PrivatemodeTransport(HttpClient http, Uri service) : HttpClientPipelineTransport(http)
{
    protected override void OnSendingRequest(PipelineMessage message, HttpRequestMessage httpRequest)
    {
        CallState? state = CallState.Of(message);
        OutboundCheck.Demand(httpRequest, state?.Call, message.Request.Content, service);
        httpRequest.Options.Set(IsolatingHandler.Deadline, state!.Deadline);
        httpRequest.Options.Set(IsolatingHandler.CallId, state.Call!.RequestId);
    }

    protected override void OnReceivedResponse(PipelineMessage message, HttpResponseMessage httpResponse) => DropUnsafeHeaders(httpResponse);

    /// <summary>Drops headers, and the reason phrase, that are not printable ASCII of at most 128 characters. Anybody on the way can
    /// write them; callers and logs read them.</summary>
    internal static void DropUnsafeHeaders(HttpResponseMessage response)
    {
        Drop(response.Headers);
        Drop(response.Content.Headers);
        if (response.ReasonPhrase is { } phrase && !PlainMembers.IsPrintable(phrase))
        {
            // What the status stands for, or nothing.
            response.ReasonPhrase = null;
        }
    }

    private static void Drop(HttpHeaders headers)
    {
        List<string> names = [];
        foreach ((string name, HeaderStringValues values) in headers.NonValidated)
        {
            if (!PlainMembers.IsPrintable(values.ToString()))
            {
                names.Add(name);
            }
        }

        foreach (string name in names)
        {
            _ = headers.Remove(name);
        }
    }
}
