using System.Globalization;

namespace Privatemode.AI.Diagnostics;

/// <summary>Short stable names of what went wrong, for tags and logs: never a message, which may come from elsewhere.</summary>
internal static class ErrorNames
{
    public static string Of(Exception exception) => exception switch
    {
        PrivatemodeVerificationException verification => verification.Check,
        PrivatemodeIntegrityException integrity => integrity.Failure,
        PrivatemodeWouldLeakException leak => leak.Refused,
        PrivatemodeServiceException service => Of(service.Reason),
        PrivatemodeConfigurationException => "configuration",
        PrivatemodeRequestException => "request",
        OperationCanceledException => "cancelled",
        _ => exception.GetType().FullName ?? exception.GetType().Name,
    };

    /// <summary>The status in digits; <c>unreachable</c> for 0.</summary>
    public static string OfStatus(int status) => status == 0 ? "unreachable" : status.ToString(CultureInfo.InvariantCulture);

    private static string Of(ServiceFailureReason reason) => reason switch
    {
        ServiceFailureReason.Unreachable => "unreachable",
        ServiceFailureReason.Timeout => "timeout",
        ServiceFailureReason.RateLimited => "rate-limited",
        ServiceFailureReason.Unavailable => "unavailable",
        ServiceFailureReason.ModelUnavailable => "model-unavailable",
        ServiceFailureReason.ClientTooOld => "client-too-old",
        ServiceFailureReason.InvalidRequest => "invalid-request",
        _ => "service-other",
    };
}
