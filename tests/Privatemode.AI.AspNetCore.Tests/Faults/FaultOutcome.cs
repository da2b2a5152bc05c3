namespace Privatemode.AI.AspNetCore.Tests.Faults;

/// <summary>What a fault means, whatever the entry is.</summary>
internal abstract record FaultOutcome
{
    /// <summary>The answer is right, and the request was sent once.</summary>
    internal sealed record Right : FaultOutcome;

    /// <summary>The service did not process the request: it is sent again at once, whatever the entry is.</summary>
    internal sealed record SentAgain : FaultOutcome;

    /// <summary>The service does not know any secret: the request is not sent without end.</summary>
    internal sealed record NeverKnown : FaultOutcome;

    /// <summary>An error after which the service may be asked again.</summary>
    internal sealed record Busy(int Status) : FaultOutcome;

    /// <summary>An error that is final.</summary>
    internal sealed record Refused(int Status) : FaultOutcome;

    /// <summary>An error of the model server in place of an event.</summary>
    internal sealed record ErrorInStream : FaultOutcome;

    /// <summary>The answer has a format that this library does not know.</summary>
    internal sealed record TooOld : FaultOutcome;

    /// <summary>The deployment is not the one it should be.</summary>
    internal sealed record Unverified(string ErrorType) : FaultOutcome;

    /// <summary>The answer is not authentic.</summary>
    internal sealed record Altered(string ErrorType) : FaultOutcome;

    /// <summary>The answer ends too early.</summary>
    internal sealed record Cut : FaultOutcome;

    /// <summary>There is no answer, however often the request is sent.</summary>
    internal sealed record Unreachable : FaultOutcome;

    /// <summary>Nothing comes until a timeout.</summary>
    internal sealed record TimedOut : FaultOutcome;

    /// <summary>An evidence source gives something that cannot be used.</summary>
    internal sealed record BadSource : FaultOutcome;
}

/// <summary>A failure, as each kind of caller sees it. The columns for callers of the proxy are those of docs/proxy.md.</summary>
/// <param name="Exception">The type of exception, with its error type.</param>
/// <param name="OpenAI">Status, type and code in OpenAI's API.</param>
/// <param name="Anthropic">Status and type in Anthropic's API.</param>
internal sealed record MatrixFailure(string Exception, string OpenAI, string Anthropic)
{
    public static MatrixFailure Configuration { get; } = new("PrivatemodeConfigurationException configuration", "500 server_error proxy_configuration",
        "500 api_error");

    public static MatrixFailure RateLimited { get; } = Service("rate-limited", "429 rate_limit_error rate_limit_exceeded", "429 rate_limit_error");

    public static MatrixFailure Unavailable { get; } = Service("unavailable", "503 server_error service_unavailable", "529 overloaded_error");

    public static MatrixFailure Timeout { get; } = Service("timeout", "504 server_error timeout", "504 timeout_error");

    public static MatrixFailure Unreachable { get; } = Service("unreachable", "502 server_error unreachable", "502 api_error");

    public static MatrixFailure TooOld { get; } = Service("client-too-old", "502 server_error client_too_old", "502 api_error");

    public static MatrixFailure Invalid { get; } = Service("invalid-request", "400 invalid_request_error invalid_request", "400 invalid_request_error");

    public static MatrixFailure Forbidden { get; } = Service("other", "403 invalid_request_error permission_denied", "403 permission_error");

    public static MatrixFailure Other { get; } = Service("other", "502 server_error service_error", "502 api_error");

    public static MatrixFailure Integrity(string errorType) =>
        new($"PrivatemodeIntegrityException {errorType}", $"502 server_error {errorType}", "502 api_error");

    public static MatrixFailure Verification(string errorType) =>
        new($"PrivatemodeVerificationException {errorType}", $"502 server_error {errorType}", "502 api_error");

    private static MatrixFailure Service(string reason, string openAI, string anthropic) => new($"PrivatemodeServiceException {reason}", openAI, anthropic);
}
