namespace Privatemode.AI;

/// <summary>The service could not be reached, refused the call or failed. Retry, wait, or update the client, as <see cref="Reason"/> says.</summary>
/// <remarks>Not sealed, because <see cref="PrivatemodeModelUnavailableException"/> is the one named case of it; there are no others outside of this
/// library.</remarks>
public class PrivatemodeServiceException : PrivatemodeException
{
    internal PrivatemodeServiceException(ServiceFailureReason reason, string message, Exception? innerException = null)
        : base(message, innerException) => Reason = reason;

    /// <summary>What kind of failure this is.</summary>
    public ServiceFailureReason Reason { get; }

    /// <summary>HTTP status, 0 when there was no answer.</summary>
    public int Status { get; internal init; }

    /// <summary>The service's error code (<c>error.code</c>), if it gave one.</summary>
    public string? Code { get; internal init; }

    /// <summary>How long to wait; null when nobody says. What the service asks for is never more than 60 seconds, because it is not authenticated.</summary>
    public TimeSpan? RetryAfter { get; internal init; }

    /// <summary>The service's own words. May repeat parts of the prompt: do not log it where prompts must not be.</summary>
    public string? ServerMessage { get; internal init; }

    /// <summary>The gateway refused this API key rather than everybody.</summary>
    internal bool ConcernsKey { get; init; }

    /// <summary>True when <see cref="ServerMessage"/> came sealed from the enclave; false when anybody on the path could have written it.</summary>
    public bool IsServerMessageAuthenticated { get; internal init; }

    /// <summary>The index, within its request, of an unusable vector; null for another failure.</summary>
    internal int? VectorIndex { get; init; }

    /// <summary>Creates the exception for a vector that is authentic but unusable.</summary>
    /// <param name="index">The index of its text.</param>
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
    internal static PrivatemodeServiceException BrokenOff(string reason, string? requestId, bool handedOut) => new(
        ServiceFailureReason.Unavailable, $"The model server ended its answer early ('{reason}').{RestOf(handedOut)} Retry the call.")
    {
        Status = 200,
        Code = reason,
        RequestId = requestId,
    };

    /// <summary>What an error in the middle of an answer says about the part that was returned.</summary>
    internal static string RestOf(bool handedOut) => handedOut ? " What was returned before is authentic but incomplete." : "";

    /// <summary>The same failure once more, for one who waited for what another did.</summary>
    internal PrivatemodeServiceException ForAnother() => new(Reason, Message, this)
    {
        Status = Status,
        RetryAfter = RetryAfter,
    };
}
