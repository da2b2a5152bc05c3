using Privatemode.AI;

namespace AspNetChat;

/// <summary>Tells a user of the page what happened and what to do. The operator finds the details in the log.</summary>
/// <param name="Kind"><c>retry</c> if the same message may succeed later, <c>not-verified</c> if the deployment was refused, and <c>stop</c> otherwise.</param>
internal sealed record Problem(string Kind, string Title, string Text)
{
    public static Problem From(PrivatemodeException exception) => exception switch
    {
        PrivatemodeVerificationException => new(
            "not-verified", "The deployment could not be verified", "Nothing was sent to it. Do not try again. Tell the operator of this page: " +
            $"the check “{exception.ErrorType}” failed."),
        PrivatemodeIntegrityException => new(
            "stop", "The answer cannot be trusted", $"It was changed or cut short on its way ({exception.ErrorType}). Do not use it, and tell the operator."),
        PrivatemodeServiceException { Reason: ServiceFailureReason.RateLimited, RetryAfter: var wait } => new(
            "retry", "Too many requests", $"Wait {(wait is { } time ? $"{Math.Ceiling(time.TotalSeconds)} seconds" : "a minute")}, then try again."),
        PrivatemodeServiceException { Reason: ServiceFailureReason.Unreachable or ServiceFailureReason.Unavailable or ServiceFailureReason.Timeout } => new(
            "retry", "The service does not answer", "Check the network connection, wait a minute, then try again."),
        PrivatemodeServiceException { Reason: ServiceFailureReason.InvalidRequest } or PrivatemodeRequestException => new(
            "stop", "The service does not accept this message", "The conversation may be too long. Start a new chat, or shorten the message."),
        PrivatemodeModelUnavailableException => new(
            "stop", "The model is not available", "Ask the operator of this page to choose another model."),
        PrivatemodeConfigurationException configuration => new(
            "stop", "This page is not set up correctly", $"Ask its operator to check the setting {configuration.Setting}."),
        _ => new(
            "stop", "The message was not answered", $"Tell the operator of this page: {exception.ErrorType}, request {exception.RequestId ?? "not sent"}."),
    };
}
