namespace Privatemode.AI;

/// <summary>Why the service did not answer as asked.</summary>
public enum ServiceFailureReason
{
    /// <summary>The service refused or failed for another reason; see the status and the server's message.</summary>
    Other,

    /// <summary>No connection could be made, or it broke before an answer. Retry later.</summary>
    Unreachable,

    /// <summary>No answer, or no further byte of it, within the configured time. Raise the timeout, or retry if the call may run twice.
    /// Also: the service answered 408, or all sessions were in use (<see cref="PrivatemodeOptions.MaxSessions"/>).</summary>
    Timeout,

    /// <summary>Too many requests or tokens. Wait as long as <see cref="PrivatemodeServiceException.RetryAfter"/> says. Also:
    /// <see cref="TransportOptions.RateLimiter"/> refused; then <see cref="PrivatemodeServiceException.Status"/> is 0.</summary>
    RateLimited,

    /// <summary>The service is overloaded or restarting. Retry later.</summary>
    Unavailable,

    /// <summary>The service does not offer the model. Choose another one; ids live for months, not years. The exception is then a
    /// <see cref="PrivatemodeModelUnavailableException"/>.</summary>
    ModelUnavailable,

    /// <summary>The service needs a newer client. Update this package.</summary>
    ClientTooOld,

    /// <summary>The service rejected the content of the request. Change the request.</summary>
    InvalidRequest,
}
