namespace Privatemode.AI;

/// <summary>The service could not be reached, refused the call or failed. Retry, wait, or update the client, as <see cref="Reason"/> says.</summary>
/// <remarks>Not sealed, because <see cref="PrivatemodeModelUnavailableException"/> is the one named case of it; there are no others outside of this
/// library.</remarks>
public class PrivatemodeServiceException : PrivatemodeException
{
    internal PrivatemodeServiceException(PrivatemodeServiceFailure reason, string message, Exception? innerException = null)
        : base(message, innerException) => Reason = reason;

    /// <summary>What kind of failure this is.</summary>
    public PrivatemodeServiceFailure Reason { get; }

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

    /// <summary>The same failure once more, for one who waited for what another did.</summary>
    internal PrivatemodeServiceException ForAnother() => new(Reason, Message, this)
    {
        Status = Status,
        RetryAfter = RetryAfter,
    };
}
