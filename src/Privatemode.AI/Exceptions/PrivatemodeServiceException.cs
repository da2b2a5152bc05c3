using Privatemode.AI.Internal;

namespace Privatemode.AI;

/// <summary>The exception that is thrown when the service could not be reached, refused the call or failed.</summary>
/// <remarks>Retry, wait, or update the client, depending on <see cref="Reason"/>. This class is not sealed because
/// <see cref="PrivatemodeModelUnavailableException"/> derives from it. A call that is refused before anything is sent throws a
/// <see cref="PrivatemodeRequestException"/> instead of one with <see cref="ServiceFailureReason.InvalidRequest"/>.</remarks>
public class PrivatemodeServiceException : PrivatemodeException
{
    /// <summary>Initializes a new instance of the <see cref="PrivatemodeServiceException"/> class.</summary>
    /// <param name="reason">The kind of failure. <see cref="PrivatemodeException.ErrorType"/> is its name in lowercase words with dashes, for example
    /// <c>rate-limited</c>.</param>
    /// <param name="message">The error message. It must not contain prompts, answers or keys, because messages are logged.</param>
    /// <param name="innerException">The exception that caused this one, or <see langword="null"/>, the default.</param>
#pragma warning disable RS0022 // A class that derives from this one can do no more than an exception that an application creates.
    public PrivatemodeServiceException(ServiceFailureReason reason, string message, Exception? innerException = null)
        : base(ErrorTypeOf(reason), message, innerException) => Reason = reason;
#pragma warning restore RS0022

    /// <summary>Gets the kind of failure.</summary>
    public ServiceFailureReason Reason { get; }

    /// <summary>Gets the HTTP status of the answer, or 0 if no answer arrived or the answer could not be read completely.</summary>
    /// <value>If an answer with status 200 contains an error that has a status of its own, that status.</value>
    public int Status { get; init; }

    /// <summary>Gets a value that indicates whether the request is known not to have been sent, so that a retry cannot run it twice.</summary>
    /// <value><see langword="true"/> if the call failed before it was sent: while the deployment was verified, a session established or an image fetched, or
    /// while the call waited for an API key, a free session or connection, or the <see cref="TransportOptions.RateLimiter"/>. Otherwise
    /// <see langword="false"/>: the request was sent, or may have been.</value>
    public bool WasNotSent { get; init; }

    /// <summary>Gets the error code of the service (<c>error.code</c>), or <see langword="null"/> if it returned none.</summary>
    /// <value>If the model server ended its answer early, the finish reason (<c>abort</c> or <c>error</c>).</value>
    /// <remarks>The service chooses this text. Use <see cref="PrivatemodeException.ErrorType"/> for decisions and metrics.</remarks>
    public string? ErrorCode { get; init; }

    /// <summary>Gets the time to wait before a retry, or <see langword="null"/> if it is not known.</summary>
    /// <value>A value from the service is limited to 60 seconds, because its <c>Retry-After</c> header is not authenticated. A value from
    /// <see cref="TransportOptions.RateLimiter"/> is not limited.</value>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Gets the error message of the service, or <see langword="null"/> if it returned none.</summary>
    /// <remarks>It can repeat parts of the prompt: do not log it where prompts must not be logged.</remarks>
    public string? ServerMessage { get; init; }

    /// <summary>Gets a value that indicates whether <see cref="ServerMessage"/> was encrypted by the verified deployment.</summary>
    /// <value><see langword="false"/> if there is no message, or if the gateway or the network could have written it.</value>
    public bool IsServerMessageAuthenticated { get; init; }

    /// <summary>Whether the gateway refused this API key and not all callers.</summary>
    internal bool IsApiKeyError { get; init; }

    /// <summary>The model that the request specified; null if it is not known.</summary>
    internal string? Model { get; init; }

    /// <summary>The index, within its request, of an unusable vector; null for another failure.</summary>
    internal int? VectorIndex { get; init; }

    /// <summary>Creates the exception for a vector that is authentic but unusable.</summary>
    /// <param name="index">The zero-based index of its text.</param>
    /// <param name="requestId">ID of the request, if it is known.</param>
    /// <param name="isWithinRequest">Whether the texts are those of one request, which may be a part of the call.</param>
    internal static PrivatemodeServiceException UnusableVector(int index, string? requestId, bool isWithinRequest = false) => new(
        ServiceFailureReason.Other,
        $"The model server returned a vector that contains null, NaN or infinity, at index {index}. No vector of the answer is returned. " +
        "Check the text with this index, or use another model.")
    {
        Status = 200,
        VectorIndex = isWithinRequest ? index : null,
        RequestId = requestId,
    };

    /// <summary>Creates the exception for an answer that the model server ended, encrypted, with a reason that means it is incomplete.</summary>
    internal static PrivatemodeServiceException BrokenOff(string reason, string? requestId, bool partReturned) => new(
        ServiceFailureReason.Unavailable, $"The model server ended its answer early ('{reason}').{RestOf(partReturned)} Retry the call.")
    {
        Status = 200,
        ErrorCode = reason,
        RequestId = requestId,
    };

    /// <summary>Returns the sentence that an error in the middle of an answer adds about the part that was returned.</summary>
    internal static string RestOf(bool partReturned) => partReturned ? " What was returned before is authentic but incomplete." : "";

    /// <summary>Creates the same failure for another caller that waited for the same operation.</summary>
    internal PrivatemodeServiceException CopyForOtherCaller() => Copy(Message, requestId: null, WasNotSent);

    /// <summary>Creates the same failure for a call of which something else was sent.</summary>
    internal PrivatemodeServiceException CopyForSentCall(string what = "An earlier attempt of the call was sent, and may have run.") =>
        Copy($"{Message} {what}", RequestId, wasNotSent: false);

    private PrivatemodeServiceException Copy(string message, string? requestId, bool wasNotSent) => new(Reason, message, this)
    {
        RequestId = requestId,
        Status = Status,
        ErrorCode = ErrorCode,
        RetryAfter = RetryAfter,
        ServerMessage = ServerMessage,
        IsServerMessageAuthenticated = IsServerMessageAuthenticated,
        IsApiKeyError = IsApiKeyError,
        WasNotSent = wasNotSent,
    };

    private static string ErrorTypeOf(ServiceFailureReason reason) => reason switch
    {
        ServiceFailureReason.Unreachable => "unreachable",
        ServiceFailureReason.Timeout => "timeout",
        ServiceFailureReason.RateLimited => "rate-limited",
        ServiceFailureReason.Unavailable => "unavailable",
        ServiceFailureReason.ModelUnavailable => "model-unavailable",
        ServiceFailureReason.ClientTooOld => "client-too-old",
        ServiceFailureReason.InvalidRequest => "invalid-request",
        _ => "other",
    };
}

/// <summary>Specifies why the service did not answer a call.</summary>
/// <remarks>Later versions can add values. Treat an unknown value like <see cref="Other"/>.</remarks>
public enum ServiceFailureReason
{
    /// <summary>The service refused the call or failed for another reason. See <see cref="PrivatemodeServiceException.Status"/> and
    /// <see cref="PrivatemodeServiceException.ServerMessage"/>.</summary>
    Other,

    /// <summary>No connection could be made, or it ended before an answer arrived. Retry later.</summary>
    Unreachable,

    /// <summary>The answer, or the next event of a stream, did not arrive within the configured time. Retry if
    /// <see cref="PrivatemodeServiceException.WasNotSent"/> is <see langword="true"/>, or if it is safe to run the call twice. Otherwise raise the
    /// timeout.</summary>
    /// <remarks>This is also the reason if the service answered with status 408, or if a stream was still running when the encryption key of its session
    /// expired, one hour after the key exchange. It is the reason, with <see cref="PrivatemodeServiceException.WasNotSent"/>, if the deployment was not
    /// verified in time, if the verification expired during the key exchange several times in a row, if all sessions
    /// (<see cref="PrivatemodeOptions.MaxSessions"/>) or connections were in use, or if <see cref="PrivatemodeOptions.ApiKeyAccessor"/> did not return in
    /// time.</remarks>
    Timeout,

    /// <summary>There were too many requests or tokens. Wait for <see cref="PrivatemodeServiceException.RetryAfter"/>, then retry.</summary>
    /// <remarks>This is also the reason if <see cref="TransportOptions.RateLimiter"/> refused the call; <see cref="PrivatemodeServiceException.Status"/>
    /// is 0 then.</remarks>
    RateLimited,

    /// <summary>The service is overloaded or restarting. Retry later.</summary>
    /// <remarks>This is also the reason if the model server ended its answer early, with the finish reason <c>abort</c> or <c>error</c>.</remarks>
    Unavailable,

    /// <summary>The service does not offer the model. Choose another one.</summary>
    /// <remarks>The chat, embedding, speech, document and completion clients throw a <see cref="PrivatemodeModelUnavailableException"/> then, which lists the
    /// models.</remarks>
    ModelUnavailable,

    /// <summary>The service requires a newer client. Update this package.</summary>
    /// <remarks>This is also the reason if the service refused an encrypted request with status 400 without decrypting it. If there is no newer version of
    /// this package yet, see <see cref="TransportOptions.UseDangerousUnverifiedLocalProxy"/>.</remarks>
    ClientTooOld,

    /// <summary>The service rejected the content of the request. Change the request.</summary>
    /// <remarks>A web API that passes on the input of its users should respond with status 400, as for a <see cref="PrivatemodeRequestException"/>, which is
    /// thrown if this library refuses the request before anything is sent.</remarks>
    InvalidRequest,
}

/// <summary>The advice in errors if the service requires a newer version of the protocol than this library speaks.</summary>
internal static class ClientTooOldAdvice
{
    /// <summary>The version of the protocol, and the advice.</summary>
    public static string Advice { get; } =
        $"This version of the library speaks protocol {ProtocolHeaders.ProtocolVersion}. Update this package. If there is no update yet, read " +
        $"docs/local-proxy.md in its repository, which describes how to use Privatemode's own proxy on this machine " +
        $"({nameof(PrivatemodeOptions.Transport)}.{nameof(TransportOptions.UseDangerousUnverifiedLocalProxy)}) and which protection that gives up.";
}
