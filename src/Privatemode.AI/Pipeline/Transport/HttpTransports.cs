using System.Net;
using System.Net.Sockets;

namespace Privatemode.AI.Pipeline.Transport;

/// <summary>Creates the HTTP client that sends everything.</summary>
internal static class HttpTransports
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(10);

    // After a caller abandons a stream: long enough to read its last bytes and keep the connection, short enough to stop a generation.
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromMilliseconds(250);

    /// <summary>Creates an HTTP client with the application's handler, or with a new one.</summary>
    /// <param name="custom">The application's handler; not disposed with the client.</param>
    /// <param name="isTestTrust">Whether forgeable evidence is accepted, so that no connection may leave this machine.</param>
    /// <param name="isLoopbackOnly">Whether the application's handler may be of any kind, and all addresses must be on this machine.</param>
    /// <exception cref="PrivatemodeConfigurationException">The application's handler is not acceptable.</exception>
    public static HttpClient Create(HttpMessageHandler? custom, bool isTestTrust, bool isLoopbackOnly = false)
    {
        HttpMessageHandler handler = custom is null ? CreateOwn(isTestTrust) : HandlerChainCheck.Guard(custom, isLoopbackOnly);
        IsolatingHandler isolating = new(handler, isLoopbackOnly);
        return new HttpClient(new InterruptibleHandler(isolating), disposeHandler: custom is null) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <inheritdoc cref="CreateOwn(bool, TimeSpan, Func{string, CancellationToken, Task{IPAddress[]}})"/>
    public static HttpMessageHandler CreateOwn(bool isTestTrust) => CreateOwn(isTestTrust, ConnectTimeout, Dns.GetHostAddressesAsync);

    /// <summary>Creates the client's own handler, with its guard; a factory may put others in front of it.</summary>
    /// <param name="isTestTrust">Whether forgeable evidence is accepted, so that no connection may leave this machine.</param>
    /// <param name="connectTimeout">The maximum time to open a connection.</param>
    /// <param name="resolve">Resolves a name whose addresses must be loopback.</param>
    public static HttpMessageHandler CreateOwn(
        bool isTestTrust, TimeSpan connectTimeout, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        SocketsHttpHandler local = CreateSockets(connectTimeout);
        local.UseProxy = false;
        local.ConnectCallback = (context, cancellationToken) => ConnectToLoopbackAsync(context.DnsEndPoint, resolve, cancellationToken);
        return HandlerChainCheck.Guard(new LoopbackRoutingHandler(local, isTestTrust ? null : CreateSockets(connectTimeout)), isLoopbackOnly: false);
    }

    private static SocketsHttpHandler CreateSockets(TimeSpan connectTimeout) => ClosableConnection.Prepare(new()
    {
        ActivityHeadersPropagator = null,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = connectTimeout,
        PooledConnectionLifetime = ConnectionLifetime,
        ResponseDrainTimeout = DrainTimeout,
    });

    /// <summary>Connects to a loopback address. A name may resolve to any address, so the resolved one is checked.</summary>
    private static async ValueTask<Stream> ConnectToLoopbackAsync(
        DnsEndPoint target, Func<string, CancellationToken, Task<IPAddress[]>> resolve, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = IPAddress.TryParse(target.Host, out IPAddress? literal)
            ? [literal]
            : await resolve(target.Host, cancellationToken).ConfigureAwait(false);
        if (addresses.Length == 0 || !addresses.All(IPAddress.IsLoopback))
        {
            throw new PrivatemodeConfigurationException(
                nameof(PrivatemodeOptions.Endpoint),
                "The endpoint is not a loopback address; plain http and test roots are accepted on this machine only.");
        }

        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, target.Port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>Sends requests that must stay on this machine with a handler that reaches nothing else, and the others with an ordinary one.</summary>
/// <param name="local">Connects to loopback addresses only.</param>
/// <param name="outside">Sends https requests to other machines; null if nothing may leave this machine.</param>
internal sealed class LoopbackRoutingHandler(HttpMessageHandler local, HttpMessageHandler? outside) : HttpMessageHandler
{
    private readonly HttpMessageInvoker _local = new(local);
    private readonly HttpMessageInvoker? _outside = outside is null ? null : new HttpMessageInvoker(outside);

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Route(request.RequestUri!).Send(request, cancellationToken);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Route(request.RequestUri!).SendAsync(request, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _local.Dispose();
            _outside?.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Requests that are not https stay on this machine, regardless of the host name.</summary>
    private HttpMessageInvoker Route(Uri address) =>
        _outside is null || address.IsLoopback || address.Scheme != Uri.UriSchemeHttps ? _local : _outside;
}
