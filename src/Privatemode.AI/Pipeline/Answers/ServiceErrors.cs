using System.ClientModel;
using System.Text.Json;
using System.Text.RegularExpressions;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Maps the exceptions of the OpenAI client to those of this library. Used by adapters, outside of the retry policy.</summary>
internal static class ServiceErrors
{
    /// <summary>The HTTP request option in which the message handler stores the exception that adapters throw for an error answer. The package
    /// Privatemode.AI.AspNetCore reads the option by its name, so that its callers get the same advice.</summary>
    public static readonly HttpRequestOptionsKey<PrivatemodeException> Option = new("Privatemode.AI.ServiceError");

    /// <summary>Returns the exception to throw instead; the same object if it is not the OpenAI client's.</summary>
    /// <param name="exception">The original exception.</param>
    /// <param name="key">The name of the API key, see <see cref="ApiKeys.Source"/>.</param>
    /// <param name="error">The last error of this call: the OpenAI client's exception does not contain all of it.</param>
    public static Exception Map(Exception exception, string key = ApiKeyErrors.AnyKey, ServiceError? error = null) => exception switch
    {
        _ when UserCallback.Threw(exception) => exception,
        AggregateException { InnerExceptions: [.., Exception last] } => Map(last, key, error),
        ClientResultException { Status: 0 } when TransportExceptions.IsUnreadable(exception) => new PrivatemodeServiceException(
            ServiceFailureReason.Other, $"The answer {UnreadableAnswer.Advice}", exception.InnerException),
        ClientResultException { Status: 0 } => new PrivatemodeServiceException(
            ServiceFailureReason.Unreachable, "The service could not be reached. Check the network, then retry.", exception.InnerException),
        ClientResultException result => From(error?.Status == result.Status ? error : new ServiceError(result.Status), key),
        _ when IsOfAParser(exception) => Unreadable(exception, null),
        _ => exception,
    };

    public static PrivatemodeException From(ServiceError error, string key = ApiKeyErrors.AnyKey)
    {
        if (error.Status == 401)
        {
            return ApiKeyErrors.Rejected(key, error.RequestId);
        }

        (ServiceFailureReason reason, string advice) = Classify(error, key);
        return Create(error, reason, $"The service answered with status {error.Status}: {advice}");
    }

    /// <summary>Maps an error in an answer with status 200. Its code is treated as an HTTP status. The error was encrypted, except from a local
    /// proxy.</summary>
    /// <param name="text">The error: an object with a message and a code.</param>
    /// <param name="requestId">The request ID.</param>
    /// <param name="partReturned">Whether a part of the answer was returned to the caller.</param>
    /// <param name="isAuthenticated">False for the answer of a local proxy.</param>
    public static PrivatemodeException FromErrorInAnswer(ReadOnlySpan<byte> text, string requestId, bool partReturned, bool isAuthenticated = true)
    {
        ServiceError error = ServiceError.Read(ErrorText.StatusOf(text) ?? 200, text, isAuthenticated) with { RequestId = requestId };
        string rest = PrivatemodeServiceException.RestOf(partReturned);
        if (error.Status == 200)
        {
            return Create(error, ServiceFailureReason.Other, $"The model server failed while answering; see ServerMessage.{rest} Retry the call.");
        }

        if (error.Status == 401)
        {
            return From(error);
        }

        (ServiceFailureReason reason, string advice) = Classify(error, ApiKeyErrors.AnyKey);
        return Create(error, reason, $"The model server reported status {error.Status} in its answer: {advice}{rest}");
    }

    /// <summary>Creates the exception for an answer without a choice.</summary>
    public static PrivatemodeServiceException NoChoice(string requestId) => new(
        ServiceFailureReason.Other, "The answer has no choice: the model server returned an empty list. Retry the call, or use another model.")
    {
        Status = 200,
        RequestId = requestId,
    };

    private static PrivatemodeServiceException Create(ServiceError error, ServiceFailureReason reason, string message) => new(reason, message)
    {
        Status = error.Status,
        ErrorCode = error.IsAuthenticated || error.Code is null || ClearMemberValidator.IsPrintable(error.Code) ? error.Code : null,
        RetryAfter = error.RetryAfter,
        ServerMessage = error.IsAuthenticated ? error.Message : PrintableText.Printable(error.Message),
        IsServerMessageAuthenticated = error.IsAuthenticated,
        Model = error.Model,
        RequestId = error.RequestId,
    };

    /// <summary>Whether the OpenAI client threw an exception because it cannot write the request or cannot read the answer.</summary>
    public static bool IsOfAParser(Exception exception) => exception is
        ArgumentException or InvalidOperationException and not ObjectDisposedException or FormatException or JsonException or NullReferenceException
            or OverflowException
        && !UserCallback.Threw(exception);

    /// <summary>Creates the exception for a request that the client cannot write, without the original exception, whose message may quote it.</summary>
    /// <param name="exception">The client's exception.</param>
    /// <param name="member">The member of the request; null if it is not known.</param>
    public static PrivatemodeRequestException Unwritable(Exception exception, string? member) => new(
        member ?? "body",
        $"The request cannot be written{(member is null ? "" : $": '{member}' contains an invalid value")} ({exception.GetType().Name}). Nothing was sent. " +
            "Look for numbers that are not finite, text with half a surrogate pair, and malformed raw JSON.");

    /// <summary>Creates the exception for an authentic answer the client cannot read, without the original exception, whose message may quote it.</summary>
    /// <param name="exception">The client's exception.</param>
    /// <param name="member">The JSON path of the member; null if it is not known.</param>
    public static PrivatemodeServiceException Unreadable(Exception exception, string? member) => new(
        ServiceFailureReason.Other,
        $"The answer cannot be read{(member is null ? "" : $": '{member}' has an unsupported form")} ({exception.GetType().Name}). " +
            "Update this package and the OpenAI package, or use another model.");

    /// <summary>Creates the exception for a call that failed in code that the application put between the client and the network.</summary>
    public static PrivatemodeServiceException Interrupted(Exception exception) => new(
        ServiceFailureReason.Other,
        $"The call failed after the request was written and before an answer arrived ({exception.GetType().Name}). " +
            "Check the handlers and policies that the application added.");

    private static (ServiceFailureReason Reason, string Advice) Classify(ServiceError error, string key) => error.Status switch
    {
        426 => (ServiceFailureReason.ClientTooOld, $"it requires a newer client. {ClientTooOldAdvice.Advice}"),
        415 => (ServiceFailureReason.ClientTooOld, $"it does not accept the format of the request. {ClientTooOldAdvice.Advice}"),
        < 400 => (ServiceFailureReason.Other, "the service does not use this status for answers. Check Endpoint, and any proxies in between."),
        _ when error.Kind == ServiceErrorKind.ClientTooOld => (ServiceFailureReason.ClientTooOld, $"it requires a newer client. {ClientTooOldAdvice.Advice}"),
        _ when error.ConcernsProtocol => (
            ServiceFailureReason.ClientTooOld,
            $"it refused the encrypted request without decrypting it, as services with a newer format do. {ClientTooOldAdvice.Advice}"),
        404 when error.Kind == ServiceErrorKind.WrongTask => (
            ServiceFailureReason.ModelUnavailable,
            $"{ModelIds.Describe(error.Model, "the model")} does not support this task. Choose another model."),
        404 when error.Kind == ServiceErrorKind.UnknownModel => (
            ServiceFailureReason.ModelUnavailable,
            $"it does not offer {ModelIds.Describe(error.Model, "this model")} for this endpoint. Check the model ID."),
        404 => (ServiceFailureReason.Other, "this address does not exist. Check Endpoint, and any proxies in between."),
        408 => (ServiceFailureReason.Timeout, "it stopped waiting. Retry later."),
        429 => (ServiceFailureReason.RateLimited, "too many requests or tokens. Wait, then retry."),
        502 or 503 or 504 => (ServiceFailureReason.Unavailable, "it is overloaded or restarting. Retry later."),
        400 or 413 or 422 when error.IsTooLong => (
            ServiceFailureReason.InvalidRequest,
            "it rejects the request with an error that is too long to be read, because model servers repeat the input. Check the options and " +
                "additional members of the request, or send it without attachments to read the error."),
        400 or 413 or 422 => (ServiceFailureReason.InvalidRequest, "it rejects the request; see ServerMessage. Change the request."),
        402 or 403 => (ServiceFailureReason.Other, ApiKeyErrors.NotAllowed(key)),
        >= 500 => (ServiceFailureReason.Other, "it failed; see ServerMessage. The call may have run: send it again only if it can safely run twice."),
        _ => (ServiceFailureReason.Other, "see ServerMessage. Change the request."),
    };
}

/// <summary>The error in an answer of status 400 or more, or inside an answer with status 200.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Message">The message of the error, or the text of the body if it has no known form.</param>
/// <param name="Code">The code of the error.</param>
/// <param name="IsAuthenticated">Whether the deployment encrypted the error; otherwise, anything on the path can have written it.</param>
internal sealed partial record ServiceError(int Status, string? Message = null, string? Code = null, bool IsAuthenticated = false)
{
    public ServiceErrorKind Kind { get; } = Classify(Status, Message, Code, IsAuthenticated);

    /// <summary>Whether the body was too long to be read, so that only the status is known.</summary>
    public bool IsTooLong { get; init; }

    /// <summary>Whether the gateway or the inference proxy refused an encrypted request without decrypting it, or answered in a newer format.</summary>
    public bool ConcernsProtocol { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    public string? RequestId { get; init; }

    /// <summary>The model that the request specified, which was checked before it was sent; null if it is not known.</summary>
    public string? Model { get; init; }

    /// <summary>Reads the body of an error.</summary>
    public static ServiceError Read(int status, ReadOnlySpan<byte> text, bool isAuthenticated = false)
    {
        (string? message, string? code) = ErrorText.Read(text);
        return new ServiceError(status, message, code, isAuthenticated);
    }

    private static ServiceErrorKind Classify(int status, string? message, string? code, bool isAuthenticated) => status switch
    {
        // Never encrypted, because the secret is missing. An encrypted error with these words quotes them, possibly from the prompt.
        500 when !isAuthenticated && message?.Contains("no secret for ID", StringComparison.Ordinal) == true => ServiceErrorKind.UnknownSecret,

        // The words were reported by third parties; the gateway's source is not public.
        >= 400 and < 500 when message?.Contains("client version", StringComparison.OrdinalIgnoreCase) == true => ServiceErrorKind.ClientTooOld,

        // From the server of a model that does not support the requested task.
        404 when isAuthenticated && message == "Not Found" => ServiceErrorKind.WrongTask,

        // An encrypted 404 comes from the model server, which knows the address; an unencrypted one must mention the model.
        404 when isAuthenticated || code == "model_not_found" || (message is not null
            && ModelWord().IsMatch(message) && message.Contains("not", StringComparison.OrdinalIgnoreCase)) => ServiceErrorKind.UnknownModel,
        _ => ServiceErrorKind.Other,
    };

    // Not the word 'models' in an address.
    [GeneratedRegex(@"\bmodel\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ModelWord();
}

/// <summary>The meaning of the text of an error, in addition to its status.</summary>
internal enum ServiceErrorKind
{
    Other,

    /// <summary>The service no longer knows the secret; it did not process the call.</summary>
    UnknownSecret,

    /// <summary>The service requires a newer client.</summary>
    ClientTooOld,

    /// <summary>The model does not support this task: its server does not have this endpoint.</summary>
    WrongTask,

    /// <summary>The service does not offer the model.</summary>
    UnknownModel,
}
