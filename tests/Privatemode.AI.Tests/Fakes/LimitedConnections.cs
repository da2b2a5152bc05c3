namespace Privatemode.AI.Tests.Fakes;

/// <summary>A handler as an application brings it, which makes a limited number of connections.</summary>
internal static class LimitedConnections
{
    /// <summary>Makes the options use such a handler, which the caller disposes of.</summary>
    public static SocketsHttpHandler LimitConnections(this PrivatemodeOptions options, int most)
    {
        SocketsHttpHandler handler = new()
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            MaxConnectionsPerServer = most,
            ResponseDrainTimeout = TimeSpan.FromMilliseconds(250),
        };
        (options.Transport.HttpMessageHandler, options.Transport.InsecureAcceptAnyHandlerOnLoopback) = (handler, true);
        return handler;
    }
}
