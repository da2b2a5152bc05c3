using System.ClientModel;

namespace Privatemode.AI.Pipeline.Transport;

/// <summary>Distinguishes why a request got no answer, because only some failures may be retried.</summary>
internal static class TransportExceptions
{
    /// <summary>Finds the exception of this library inside that of the transport; null if the transport threw for another reason.</summary>
    public static PrivatemodeException? FindOwn(Exception exception) => Find<PrivatemodeException>(exception);

    /// <summary>Creates the exception for an exchange that is sent again: an attacker could combine the two answers.</summary>
    public static PrivatemodeWouldLeakException SentTwice() => new(
        "sent-twice", "A policy or handler below the encryption sent the same request again. Remove its retries: this library retries itself.");

    /// <summary>Whether no connection was opened, so that nothing was sent.</summary>
    public static bool IsConnectFailure(Exception exception) =>
        Http(exception)?.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
            or HttpRequestError.ProxyTunnelError;

    /// <summary>Whether there was an answer that is not HTTP or has too long headers.</summary>
    public static bool IsUnreadable(Exception exception) => UnreadableAnswer.Is(Http(exception));

    /// <summary>Whether the peer reset or closed the connection before the first byte of an answer.</summary>
    /// <remarks>A connection that was closed while in the pool ends in either way. A proxy can cause both, so they are treated alike.</remarks>
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

    /// <summary>The transport's exception, alone or inside the OpenAI client's; null for anything else.</summary>
    private static HttpRequestException? Http(Exception exception) => exception switch
    {
        HttpRequestException http => http,
        ClientResultException { Status: 0, InnerException: HttpRequestException http } => http,
        _ => null,
    };
}

/// <summary>An answer whose headers are not HTTP, or are too long. Something answered, so it is not a network failure.</summary>
internal static class UnreadableAnswer
{
    /// <summary>The rest of the message, after its subject.</summary>
    public const string Advice =
        "begins with headers that cannot be read, or with too many of them. Check Endpoint, and any proxies in between.";

    public static bool Is(HttpRequestException? exception) =>
        exception?.HttpRequestError is HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded;

    /// <summary>Returns a copy without the message of the platform's handler, which quotes the unreadable text: exceptions are logged.</summary>
    public static HttpRequestException WithoutQuote(HttpRequestException exception) =>
        new(exception.HttpRequestError, "The answer is not HTTP, or its headers are too long.");
}

/// <summary>The connection was reset or closed during or after the writing of a request, and before the first byte of an answer; or nothing was written
/// because it could not be used any more.</summary>
/// <param name="inner">The cause of a reset; null if it was closed.</param>
internal sealed class UnansweredIOException(Exception? inner) : HttpIOException(
    inner is null ? HttpRequestError.ResponseEnded : HttpRequestError.Unknown, "The connection ended without an answer.", inner);
