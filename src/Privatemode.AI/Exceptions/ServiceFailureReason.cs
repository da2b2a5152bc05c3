namespace Privatemode.AI;

/// <summary>Specifies why the service did not answer a call.</summary>
/// <remarks>Later versions can add values. Treat an unknown value like <see cref="Other"/>.</remarks>
public enum ServiceFailureReason
{
    /// <summary>The service refused the call or failed for another reason. See <see cref="PrivatemodeServiceException.Status"/> and
    /// <see cref="PrivatemodeServiceException.ServerMessage"/>.</summary>
    Other,

    /// <summary>No connection could be made, or it ended before an answer arrived. Retry later.</summary>
    Unreachable,

    /// <summary>No answer, or no further byte of it, arrived within the configured time. Raise the timeout, or retry if the call may run twice.</summary>
    /// <remarks>This is also the reason if the service answered with status 408, or if all sessions were in use
    /// (<see cref="PrivatemodeOptions.MaxSessions"/>).</remarks>
    Timeout,

    /// <summary>There were too many requests or tokens. Wait for <see cref="PrivatemodeServiceException.RetryAfter"/>, then retry.</summary>
    /// <remarks>This is also the reason if <see cref="TransportOptions.RateLimiter"/> refused the call; <see cref="PrivatemodeServiceException.Status"/>
    /// is 0 then.</remarks>
    RateLimited,

    /// <summary>The service is overloaded or restarting. Retry later.</summary>
    Unavailable,

    /// <summary>The service does not offer the model. Choose another one.</summary>
    /// <remarks>The clients of this library throw a <see cref="PrivatemodeModelUnavailableException"/> then, which lists the models.</remarks>
    ModelUnavailable,

    /// <summary>The service requires a newer client. Update this package.</summary>
    /// <remarks>This is also the reason if the service refused an encrypted request with status 400 without decrypting it. If there is no newer version of
    /// this package yet, see <see cref="TransportOptions.UseDangerousUnverifiedLocalProxy"/>.</remarks>
    ClientTooOld,

    /// <summary>The service rejected the content of the request. Change the request.</summary>
    /// <remarks>A web API that passes on the input of its users responds with status 400, as for a <see cref="PrivatemodeRequestException"/>, which is
    /// thrown if this library refuses the request before anything is sent.</remarks>
    InvalidRequest,
}
