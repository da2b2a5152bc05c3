namespace Privatemode.AI.Pipeline.Transport;

/// <summary>
/// Hands out answers that may be disposed at any moment, also while somebody reads them; see <see cref="InterruptibleStream"/>. Exceptions do not quote
/// an answer that cannot be read.
/// </summary>
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
        try
        {
            HttpResponseMessage response = base.Send(request, cancellationToken);
            response.Content = new InterruptibleContent(response.Content, call.IsClosable);
            return response;
        }
        catch (HttpRequestException exception) when (UnreadableAnswer.Is(exception))
        {
            throw UnreadableAnswer.WithoutQuote(exception);
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            response.Content = new InterruptibleContent(response.Content, isClosable: false);
            return response;
        }
        catch (HttpRequestException exception) when (UnreadableAnswer.Is(exception))
        {
            throw UnreadableAnswer.WithoutQuote(exception);
        }
    }
}
