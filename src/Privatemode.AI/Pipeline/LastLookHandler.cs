namespace Privatemode.AI.Pipeline;

/// <summary>
/// Sits right before the socket and lets through only what <see cref="IsolatingHandler"/> passed on, unchanged and once: handlers in between
/// belong to the application and may add headers, send again, or be used by somebody else.
/// </summary>
internal sealed class LastLookHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        OutgoingRequest.DemandUnchanged(request);
        return base.Send(request, cancellationToken);
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        OutgoingRequest.DemandUnchanged(request);
        return base.SendAsync(request, cancellationToken);
    }
}
