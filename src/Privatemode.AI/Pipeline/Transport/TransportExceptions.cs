using System.ClientModel;

namespace Privatemode.AI.Pipeline.Transport;

/// <summary>Tells apart why a request got no answer, because only some failures may be tried again.</summary>
internal static class TransportExceptions
{
    /// <summary>Finds the exception of this library inside that of the transport; null if the transport threw for another reason.</summary>
    public static PrivatemodeException? FindOwn(Exception exception) => Find<PrivatemodeException>(exception);

    /// <summary>What sending the same exchange again is answered with: two answers to one exchange can be spliced on the way.</summary>
    public static PrivatemodeWouldLeakException SentTwice() => new(
        "sent-twice", "A policy or handler below the encryption sent the same request again. Remove its retries: this library retries itself.");

    /// <summary>No connection was made, so nothing was sent.</summary>
    public static bool IsConnectFailure(Exception exception) =>
        Http(exception)?.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
            or HttpRequestError.ProxyTunnelError;

    /// <summary>Something answered, but not with HTTP, or with headers that are too long.</summary>
    public static bool IsUnreadable(Exception exception) => UnreadableAnswer.Is(Http(exception));

    /// <summary>The peer reset or closed the connection before the first byte of an answer.</summary>
    /// <remarks>A connection that went stale in the pool ends in either way. A hop can cause both, so that neither says more than the other.</remarks>
    public static bool IsUnanswered(Exception exception) => Find<UnansweredIOException>(Http(exception)) is not null;

    private static T? Find<T>(Exception? exception)
        where T : Exception
    {
        while (exception is not (null or T))
        {
            exception = exception.InnerException;
        }

        return (T?)exception;
    }

    /// <summary>What the transport says, bare or inside what the OpenAI client makes of it; null for anything else.</summary>
    private static HttpRequestException? Http(Exception exception) => exception switch
    {
        HttpRequestException http => http,
        ClientResultException { Status: 0, InnerException: HttpRequestException http } => http,
        _ => null,
    };
}

/// <summary>An answer whose headers are not HTTP, or are too long: something answered, so the network is not to blame.</summary>
internal static class UnreadableAnswer
{
    /// <summary>What to say of it, after its subject.</summary>
    public const string Advice =
        "begins with headers that cannot be read, or with too many of them. Check Endpoint, and any proxies in between.";

    public static bool Is(HttpRequestException? exception) =>
        exception?.HttpRequestError is HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded;

    /// <summary>The same without the words of the platform's handler: it quotes what it could not read, and exceptions end up in logs.</summary>
    public static HttpRequestException WithoutQuote(HttpRequestException exception) =>
        new(exception.HttpRequestError, "The answer is not HTTP, or its headers are too long.");
}
