using Microsoft.Extensions.Logging;

namespace Privatemode.AI.Diagnostics;

/// <summary>The events of the log. Ids and names are stable; <c>docs/telemetry.md</c> lists them, and a test compares.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "The deployment at {Endpoint} is verified: {Tee}, manifest {Manifest}, counts until {ValidUntil:u}.")]
    public static partial void DeploymentVerified(ILogger logger, Uri endpoint, string tee, string manifest, DateTimeOffset validUntil);

    [LoggerMessage(2, LogLevel.Error, "The deployment at {Endpoint} did not prove itself: {Check}. Nothing is sent to it.")]
    public static partial void VerificationFailed(ILogger logger, Uri endpoint, string check);

    [LoggerMessage(3, LogLevel.Information, "The manifest {Manifest} is adopted, the first one.")]
    public static partial void ManifestAdopted(ILogger logger, string manifest);

    [LoggerMessage(4, LogLevel.Warning, "The manifest has changed: {Manifest} is adopted in place of {Before}.")]
    public static partial void ManifestChanged(ILogger logger, string before, string manifest);

    [LoggerMessage(5, LogLevel.Warning, "The published manifest cannot be used ({Error}); the one adopted last counts.")]
    public static partial void ManifestKept(ILogger logger, string error);

    [LoggerMessage(
        6, LogLevel.Warning, "The verdict about {Endpoint} could not be renewed ({Error}); that is tried again. The one there is counts until {ValidUntil:u}.")]
    public static partial void RenewalFailed(ILogger logger, Uri endpoint, string error, DateTimeOffset? validUntil);

    [LoggerMessage(7, LogLevel.Debug, "The secret {SecretId} is agreed with {Endpoint}, for calls until {ValidUntil:u}.")]
    public static partial void SecretExchanged(ILogger logger, Uri endpoint, string secretId, DateTimeOffset validUntil);

    [LoggerMessage(8, LogLevel.Warning, "No secret could be agreed with {Endpoint} ({Error}).")]
    public static partial void ExchangeFailed(ILogger logger, Uri endpoint, string error);

    [LoggerMessage(9, LogLevel.Warning, "A call was refused, because it would have sent content in the clear: {Refused}. Nothing was sent.")]
    public static partial void CallRefused(ILogger logger, string refused);

    [LoggerMessage(10, LogLevel.Error, "The answer of {Path} to {RequestId} is not what the enclave sealed: {Failure}. Somebody may be interfering.")]
    public static partial void IntegrityFailure(ILogger logger, string? path, string failure, string? requestId);

    [LoggerMessage(11, LogLevel.Information, "The service does not know the secret of {RequestId} to {Path} any more.")]
    public static partial void SecretForgotten(ILogger logger, string path, string requestId);

    [LoggerMessage(12, LogLevel.Warning, "The service limits the rate: {RequestId} to {Path} was not taken. It asks to wait {RetryAfterSeconds} s.")]
    public static partial void RateLimited(ILogger logger, string path, string requestId, double? retryAfterSeconds);

    [LoggerMessage(13, LogLevel.Warning, "The deployment returned to the manifest {Manifest}, which was adopted before at {AdoptedBefore:u}.")]
    public static partial void ManifestReturned(ILogger logger, string manifest, DateTimeOffset adoptedBefore);

    [LoggerMessage(
        14, LogLevel.Warning,
        "The publisher names the manifest {Published}, which was not approved; the approved manifest {Manifest} counts, which the deployment proves.")]
    public static partial void ManifestNotApproved(ILogger logger, string published, string manifest);

    [LoggerMessage(
        15, LogLevel.Warning,
        "The manifest {Manifest} differs in more than can be shown ({Omitted} differences are left out), so that nobody was asked about it; it is refused.")]
    public static partial void ManifestNotShown(ILogger logger, string manifest, int omitted);

    [LoggerMessage(
        16, LogLevel.Warning,
        "The warm-up for {Endpoint} failed ({Error}, {ExceptionType}): {Reason} The host keeps running. The first call tries again and throws if it fails.")]
    public static partial void WarmUpFailed(ILogger logger, Uri endpoint, string error, string exceptionType, string reason);

    [LoggerMessage(
        17, LogLevel.Warning,
        "This client does not verify or encrypt anything: requests are sent unencrypted to the proxy at {Endpoint}. The program that listens on this port " +
        "can read all prompts and files.")]
    public static partial void UnverifiedLocalProxy(ILogger logger, Uri endpoint);
}
