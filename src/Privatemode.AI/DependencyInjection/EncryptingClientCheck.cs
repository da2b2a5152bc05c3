namespace Privatemode.AI.DependencyInjection;

/// <summary>Looks once more when a request is sent: an outer filter may put in another primary handler after ours has looked.</summary>
internal sealed class EncryptingClientCheck : DelegatingHandler
{
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HandlerChain.DemandSealed(this);
        return base.Send(request, cancellationToken);
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HandlerChain.DemandSealed(this);
        return base.SendAsync(request, cancellationToken);
    }
}
