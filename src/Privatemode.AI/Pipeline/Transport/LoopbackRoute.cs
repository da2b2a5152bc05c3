namespace Privatemode.AI.Pipeline.Transport;

/// <summary>Sends what must stay on this machine with a handler that reaches nothing else, and the rest with an ordinary one.</summary>
/// <param name="local">Connects to loopback addresses only.</param>
/// <param name="outside">For https elsewhere; null when nothing may leave this machine.</param>
internal sealed class LoopbackRoute(HttpMessageHandler local, HttpMessageHandler? outside) : HttpMessageHandler
{
    private readonly HttpMessageInvoker _local = new(local);
    private readonly HttpMessageInvoker? _outside = outside is null ? null : new HttpMessageInvoker(outside);

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return Route(request.RequestUri!).Send(request, cancellationToken);
        }
        catch (OperationCanceledException exception) when (ConnectTimeouts.Is(exception, cancellationToken))
        {
            throw ConnectTimeouts.NotConnected(exception);
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await Route(request.RequestUri!).SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (ConnectTimeouts.Is(exception, cancellationToken))
        {
            throw ConnectTimeouts.NotConnected(exception);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _local.Dispose();
            _outside?.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Whatever is not https stays here, whatever its name.</summary>
    private HttpMessageInvoker Route(Uri address) =>
        _outside is null || address.IsLoopback || address.Scheme != Uri.UriSchemeHttps ? _local : _outside;
}
