using Microsoft.AspNetCore.Http;

namespace Privatemode.AI.AspNetCore.Errors;

/// <summary>The form in which a caller expects answers and errors.</summary>
internal enum ProxyDialect
{
    /// <summary>OpenAI's API, except responses.</summary>
    OpenAI,

    /// <summary>OpenAI's responses. Errors differ from <see cref="OpenAI"/> inside a stream only.</summary>
    Responses,

    /// <summary>Anthropic's messages.</summary>
    Anthropic,
}

/// <summary>An error as callers receive it, for the APIs of OpenAI and Anthropic. docs/proxy.md lists all errors. Created by the factories below and by
/// <c>From</c>.</summary>
/// <param name="Status">The HTTP status for callers of OpenAI's API.</param>
/// <param name="Type">OpenAI's <c>error.type</c>.</param>
/// <param name="Code">OpenAI's <c>error.code</c>.</param>
/// <param name="AnthropicStatus">The HTTP status for callers of Anthropic's API.</param>
/// <param name="AnthropicType">Anthropic's <c>error.type</c>.</param>
/// <param name="Message">What happened, and what to do. It may quote the service, so it is never logged.</param>
internal sealed record ProxyError(int Status, string Type, string Code, int AnthropicStatus, string AnthropicType, string Message)
{
    /// <summary>The code for a prompt that is longer than the model's context window. Assistants then shorten their history.</summary>
    public const string ContextLengthExceeded = "context_length_exceeded";

    private const string InvalidRequest = "invalid_request_error";
    private const string ServerError = "server_error";
    private const string ApiError = "api_error";

    /// <summary>The member of the request that is invalid, or null.</summary>
    public string? Param { get; init; }

    /// <summary>The code for the log. It is always a code of this proxy, because a code of the service can be any text.</summary>
    public string LoggedCode => HasCodeOfService ? "invalid_request" : Code;

    /// <summary>Whether the service chose the code.</summary>
    public bool HasCodeOfService { get; init; }

    /// <summary>The time to wait before a retry, or null.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The value of <c>x-should-retry</c>, which the SDKs of OpenAI and Anthropic obey; null lets them decide by the status.</summary>
    public bool? ShouldRetry { get; init; } = false;

    /// <summary>The time for which the answer is delayed, to slow down callers who try many keys.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The exception that a stream of responses reports, or null.</summary>
    public Exception? Cause { get; init; }

    /// <summary>Creates the error for an invalid request body.</summary>
    public static ProxyError BadRequest(string? param, string message, string code = "invalid_request") =>
        new(400, InvalidRequest, code, 400, InvalidRequest, message) { Param = param };

    /// <summary>Creates the error for a missing or wrong caller key.</summary>
    public static ProxyError Unauthorized(string message) => new(401, InvalidRequest, "invalid_api_key", 401, "authentication_error", message);

    /// <summary>Creates the error for a request that the gate refused before it checked the caller key.</summary>
    public static ProxyError Forbidden(string message) => new(403, InvalidRequest, "forbidden", 403, "permission_error", message);

    public static ProxyError NotFound(string message, string code = "unknown_endpoint") =>
        new(404, InvalidRequest, code, 404, "not_found_error", message);

    /// <summary>Creates the error for a model that is not offered, or not for this endpoint.</summary>
    public static ProxyError ModelNotFound(string message) =>
        new(404, InvalidRequest, "model_not_found", 404, "not_found_error", message) { Param = "model" };

    public static ProxyError MethodNotAllowed(string message) => new(405, InvalidRequest, "method_not_allowed", 405, InvalidRequest, message);

    public static ProxyError TooLarge(string message) => new(413, InvalidRequest, "request_too_large", 413, "request_too_large", message);

    public static ProxyError TooSlow() => BadRequest(null, "The request body was sent too slowly.");

    public static ProxyError UnsupportedMediaType(string message) =>
        new(415, InvalidRequest, "unsupported_media_type", 415, InvalidRequest, message);

    /// <summary>Creates the error for every WebSocket handshake. Clients that receive it immediately continue with requests.</summary>
    public static ProxyError UpgradeRequired() => new(426, InvalidRequest, "upgrade_required", 426, InvalidRequest, "WebSockets are not supported.");

    /// <summary>Creates the error for a rate limit of this proxy.</summary>
    public static ProxyError RateLimited(TimeSpan wait) => RateLimited("The rate limit of this proxy is reached.", wait);

    /// <summary>Creates the error for a proxy that has no memory for the request, or too many callers.</summary>
    public static ProxyError Overloaded(string message, TimeSpan wait) =>
        new(503, ServerError, "overloaded", 529, "overloaded_error", message) { RetryAfter = wait, ShouldRetry = true };

    /// <summary>Creates the error for an application that is stopping and does not wait for the answer.</summary>
    public static ProxyError Stopping() =>
        Unavailable("The proxy was stopped before the answer was complete. Call again.", TimeSpan.FromSeconds(1));

    /// <summary>Creates the error for an invalid setting of the proxy. The status is never 401, because assistants would ask their user to log in to another
    /// provider.</summary>
    public static ProxyError Configuration(string message) => Failed(500, "proxy_configuration", message, retry: false);

    /// <summary>Returns the error for an exception of a call.</summary>
    /// <param name="exception">The exception. If it is not an exception of this library, its message is not used.</param>
    /// <param name="isCallersApiKey">Whether the API key of the service comes from the caller.</param>
    public static ProxyError From(Exception exception, bool isCallersApiKey = false) => exception is ProxyRefusalException refusal
        ? refusal.Error
        : Map(exception, isCallersApiKey) with { Cause = exception };

    /// <summary>Returns what callers may know about a refused deployment. The message can contain directories of this machine.</summary>
    public static string RefusalOf(PrivatemodeVerificationException exception) =>
        $"The deployment was refused: the check {exception.ErrorType} failed.";

    private static ProxyError Map(Exception exception, bool isCallersApiKey) => exception switch
    {
        PrivatemodeRequestException request => BadRequest(request.Member, request.Message),
        PrivatemodeWouldLeakException leak => BadRequest(null, leak.Message, leak.ErrorType),
        PrivatemodeModelUnavailableException model => ModelNotFound(model.Message),
        PrivatemodeServiceException service => FromService(service),
        PrivatemodeVerificationException verification => Failed(
            502, verification.ErrorType, $"{RefusalOf(verification)} The log of this proxy has the details. See /verification.", retry: false),
        PrivatemodeIntegrityException integrity => Failed(502, integrity.ErrorType, integrity.Message, retry: false),
        PrivatemodeConfigurationException configuration => FromConfiguration(configuration, isCallersApiKey),
        HttpRequestException => Failed(502, "unreachable", "The service could not be reached.", retry: null),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => TooLarge("The request body is too large."),
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } => TooSlow(),
        BadHttpRequestException => BadRequest(null, "The request is not well-formed HTTP."),
        _ => Failed(500, "internal_error", "The proxy failed. Its log names the type of the error.", retry: false),
    };

    /// <summary>Returns the error for an answer of the service with a status of 400 or more.</summary>
    /// <param name="answer">The content of the answer.</param>
    /// <param name="isCallersApiKey">Whether the API key of the service comes from the caller.</param>
    /// <param name="failure">The exception that the library's adapters throw for this answer, if it is known.</param>
    public static ProxyError From(ServiceErrorAnswer answer, bool isCallersApiKey, PrivatemodeServiceException? failure = null) => answer.Status switch
    {
        // What these mean depends on who wrote them, which only the library knows.
        _ when failure is { Reason: ServiceFailureReason.ClientTooOld } or { Status: 404 } => FromService(failure),
        401 => RejectedKey("The service rejected the API key.", isCallersApiKey),
        402 => Denied(answer.Text, "insufficient_quota"),
        403 => Denied(answer.Text, "permission_denied"),
        408 or 504 => TimedOut(answer.Text), // the call may have run
        429 => RateLimited(answer.Text, answer.RetryAfter),
        502 or 503 => Unavailable(answer.Text, answer.RetryAfter),
        >= 400 and < 500 when answer.IsContextLength =>
            BadRequest(answer.Param, answer.Text, ContextLengthExceeded) with { Status = answer.Status },
        >= 400 and < 500 => Refused(answer),
        _ => Failed(502, "service_error", answer.Text, retry: null),
    };

    private static ProxyError Refused(ServiceErrorAnswer answer) =>
        BadRequest(answer.Param, answer.Text, answer.Code ?? "invalid_request") with { Status = answer.Status, HasCodeOfService = answer.Code is not null };

    private static ProxyError FromService(PrivatemodeServiceException service)
    {
        // Where the service or the model server said something, its words help the caller more than ours, which refer to a property.
        string text = service.ServerMessage is { Length: > 0 } words
            ? ServiceErrorAnswer.Quote(words, service.IsServerMessageAuthenticated)
            : service.Message;
        return service.Reason switch
        {
            ServiceFailureReason.RateLimited => RateLimited(text, service.RetryAfter),
            ServiceFailureReason.Unavailable when service.Status == 504 => TimedOut(text),
            ServiceFailureReason.Unavailable => Unavailable(text, service.RetryAfter),
            ServiceFailureReason.Timeout when service.WasNotSent => Unavailable(service.Message, service.RetryAfter ?? TimeSpan.FromSeconds(1)),
            ServiceFailureReason.Timeout => TimedOut(service.Message),
            ServiceFailureReason.Unreachable => Failed(502, "unreachable", service.Message, retry: null),
            ServiceFailureReason.ClientTooOld => ClientTooOld(Advised(service, text)),
            ServiceFailureReason.Other when service.Status == 404 => Failed(502, "service_error", Advised(service, text), retry: null),
            ServiceFailureReason.ModelUnavailable => ModelNotFound(text),
            ServiceFailureReason.InvalidRequest when ServiceErrorAnswer.SpeaksOfContextLength(text) => BadRequest(null, text, ContextLengthExceeded),
            ServiceFailureReason.InvalidRequest => BadRequest(null, text),
            ServiceFailureReason.Other when service.Status == 402 => Denied(text, "insufficient_quota"),
            ServiceFailureReason.Other when service.Status == 403 => Denied(text, "permission_denied"),
            _ => Failed(502, "service_error", text, retry: null),
        };
    }

    /// <summary>Returns the library's advice, followed by the message of the service.</summary>
    private static string Advised(PrivatemodeServiceException service, string text) => text == service.Message ? text : $"{service.Message} {text}";

    private static ProxyError FromConfiguration(PrivatemodeConfigurationException exception, bool isCallersApiKey) =>
        IsOfApiKey(exception) ? RejectedKey(exception.Message, isCallersApiKey)
            : Configuration($"A setting of this proxy is wrong: {exception.Setting}. Its log has the message.");

    /// <summary>Returns whether the exception is about the API key of the service. Its setting is a path of options or of the configuration.</summary>
    public static bool IsOfApiKey(PrivatemodeConfigurationException exception) => exception.Setting.Split('.', ':')[^1] is
        nameof(PrivatemodeOptions.ApiKey) or nameof(PrivatemodeOptions.Credential) or nameof(PrivatemodeOptions.ApiKeyAccessor);

    private static ProxyError RejectedKey(string message, bool isCallersApiKey) =>
        isCallersApiKey ? Unauthorized(message) : Configuration("The API key of this proxy was rejected.");

    private static ProxyError Denied(string message, string code) => new(403, InvalidRequest, code, 403, "permission_error", message);

    private static ProxyError ClientTooOld(string message) => Failed(502, "client_too_old", message, retry: false);

    // The call may have run: SDKs would run it again.
    private static ProxyError TimedOut(string message) => new(504, ServerError, "timeout", 504, "timeout_error", message);

    private static ProxyError Unavailable(string message, TimeSpan? wait) =>
        new(503, ServerError, "service_unavailable", 529, "overloaded_error", message) { RetryAfter = wait, ShouldRetry = true };

    private static ProxyError RateLimited(string message, TimeSpan? wait) =>
        new(429, "rate_limit_error", "rate_limit_exceeded", 429, "rate_limit_error", wait is { } time
            ? $"{message.TrimEnd()} Please try again in {ErrorBody.Seconds(time)}s."
            : message)
        {
            RetryAfter = wait,
            ShouldRetry = true,
        };

    private static ProxyError Failed(int status, string code, string message, bool? retry) =>
        new(status, ServerError, code, status, ApiError, message) { ShouldRetry = retry };
}

/// <summary>The exception that ends a request with an error, before anything is sent to the caller or in a stream that has begun.</summary>
internal sealed class ProxyRefusalException(ProxyError error) : Exception(error.Code)
{
    public ProxyError Error { get; } = error;
}
