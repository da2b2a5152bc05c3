using System.ClientModel;
using System.Net.Sockets;

namespace Privatemode.AI.Pipeline;

/// <summary>Tells apart why a request got no answer, because only some failures may be tried again.</summary>
internal static class TransportFailure
{
    /// <summary>Our own exception, thrown while connecting, inside what the transport made of it; null if there is none.</summary>
    public static PrivatemodeException? Own(Exception exception)
    {
        for (Exception? inner = exception; inner is not null; inner = inner.InnerException)
        {
            if (inner is PrivatemodeException own)
            {
                return own;
            }
        }

        return null;
    }

    /// <summary>No connection was made, so nothing was sent.</summary>
    public static bool IsConnectFailure(Exception exception) =>
        Http(exception)?.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
            or HttpRequestError.ProxyTunnelError;

    /// <summary>Something answered, but not with HTTP, or with headers that are too long.</summary>
    public static bool IsUnreadable(Exception exception) => UnreadableAnswer.Is(Http(exception));

    /// <summary>The peer reset the connection before the first byte of an answer.</summary>
    public static bool IsReset(Exception exception)
    {
        if (Http(exception) is not { } http || IsConnectFailure(exception))
        {
            return false;
        }

        for (Exception? inner = http; inner is not null; inner = inner.InnerException)
        {
            if (inner is SocketException { SocketErrorCode: SocketError.ConnectionReset })
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What the transport says, bare or inside what the OpenAI client makes of it; null for anything else.</summary>
    private static HttpRequestException? Http(Exception exception) => exception switch
    {
        HttpRequestException http => http,
        ClientResultException { Status: 0, InnerException: HttpRequestException http } => http,
        _ => null,
    };
}
