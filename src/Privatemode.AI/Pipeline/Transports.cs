using System.Net;
using System.Net.Sockets;

namespace Privatemode.AI.Pipeline;

/// <summary>Makes the HTTP client everything is sent with, and refuses settings under which something would leak.</summary>
internal static class Transports
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(10);

    // After a caller leaves a stream early: long enough to read its last bytes and keep the connection, short enough to stop a generation.
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromMilliseconds(250);

    /// <summary>An HTTP client over the user's handler, or over one of our own.</summary>
    /// <param name="service">Address of the service.</param>
    /// <param name="custom">The user's handler; not disposed with the client.</param>
    /// <param name="maxConnections">Connections at a time; null for no limit.</param>
    /// <param name="resolve">Finds the addresses of a loopback name; null for the system's way.</param>
    public static HttpClient Create(
        Uri service, HttpMessageHandler? custom, int? maxConnections = null, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        HttpMessageHandler handler = custom ?? CreateHandler(service, maxConnections, resolve ?? Dns.GetHostAddressesAsync);
        return new HttpClient(new IsolatingHandler(handler), disposeHandler: custom is null) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <exception cref="PrivatemodeConfigurationException">The handler follows redirects or keeps cookies.</exception>
    public static void DemandSafe(HttpMessageHandler handler)
    {
        (bool redirects, bool cookies) = handler switch
        {
            SocketsHttpHandler sockets => (sockets.AllowAutoRedirect, sockets.UseCookies),
            HttpClientHandler client => (client.AllowAutoRedirect, client.UseCookies),
            _ => (false, false),
        };
        if (redirects || cookies)
        {
            throw new PrivatemodeConfigurationException(
                nameof(PrivatemodeOptions.HttpMessageHandler),
                    "The message handler must not follow redirects or keep cookies: set AllowAutoRedirect and UseCookies to false.");
        }

        if (handler is DelegatingHandler { InnerHandler: { } inner })
        {
            DemandSafe(inner);
        }
    }

    /// <summary>The handler that sends, for a factory that puts others in front of it.</summary>
    public static HttpMessageHandler CreatePrimary(Uri service) =>
        new LastLookHandler(CreateHandler(service, maxConnections: null, Dns.GetHostAddressesAsync));

    private static SocketsHttpHandler CreateHandler(
        Uri service, int? maxConnections, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        SocketsHttpHandler handler = new()
        {
            ActivityHeadersPropagator = null,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = ConnectionLifetime,
            ResponseDrainTimeout = DrainTimeout,
            MaxConnectionsPerServer = maxConnections ?? int.MaxValue,
        };
        if (service.IsLoopback)
        {
            handler.UseProxy = false;
            handler.ConnectCallback = (context, cancellationToken) => ConnectToLoopbackAsync(context.DnsEndPoint, resolve, cancellationToken);
        }

        return handler;
    }

    /// <summary>A name may resolve to anything: what counts is the address the connection is made to.</summary>
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
                "The endpoint is not a loopback address; plain http and test trust work on this machine only.");
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
