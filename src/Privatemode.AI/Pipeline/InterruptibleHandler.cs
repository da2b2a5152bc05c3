namespace Privatemode.AI.Pipeline;

/// <summary>Hands out answers that may be disposed at any moment, also while somebody reads them; see <see cref="InterruptibleStream"/>.</summary>
internal sealed class InterruptibleHandler : DelegatingHandler
{
    public InterruptibleHandler(HttpMessageHandler inner)
        : base(inner)
    {
        HttpMessageHandler? last = inner;
        while (last is DelegatingHandler delegating)
        {
            last = delegating.InnerHandler;
        }

        if (last is SocketsHttpHandler sockets)
        {
            _ = ClosableConnection.Prepare(sockets);
        }
    }

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using ClosableConnection.Call call = ClosableConnection.Begin(cancellationToken);
        HttpResponseMessage response = base.Send(request, cancellationToken);
        response.Content = new InterruptibleContent(response.Content, call.IsClosable);
        return response;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        response.Content = new InterruptibleContent(response.Content, isClosable: false);
        return response;
    }
}
