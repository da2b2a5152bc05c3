using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Diagnostics;

/// <summary>The log events and counters of a client. They contain names, digests and times only; never content, a key, or text from the service.</summary>
internal sealed class ClientEvents(ILoggerFactory? loggers, Uri endpoint)
{
    private const int ShortDigest = 12;

    private readonly ILogger _logger = loggers?.CreateLogger(Telemetry.Name) ?? NullLogger.Instance;
    private readonly HashSet<string> _leftOutTools = new(StringComparer.Ordinal);
    private int _hasWarnedOfReasoning; // 0 or 1
    private volatile bool _isClosed;

    /// <summary>Whether failed answers are logged or counted.</summary>
    public bool HearsOfAnswers => Telemetry.Refusals.Enabled || _logger.IsEnabled(LogLevel.Error);

    public void DeploymentVerified(VerifiedDeployment deployment)
    {
        if (_logger.IsEnabled(LogLevel.Information))
        {
            Log.DeploymentVerified(_logger, endpoint, deployment.Tee.ToString(), Short(deployment.ManifestSha256), deployment.ValidUntil);
        }
    }

    public void VerificationFailed(PrivatemodeVerificationException exception)
    {
        Refuse("deployment", exception.ErrorType);
        Log.VerificationFailed(_logger, endpoint, exception.ErrorType);
    }

    /// <param name="before">SHA-256 of the manifest adopted before, or null.</param>
    /// <param name="after">SHA-256 of the manifest that is required from now on.</param>
    public void ManifestAdopted(string? before, string after)
    {
        if (before is null)
        {
            Log.ManifestAdopted(_logger, after);
        }
        else
        {
            Log.ManifestChanged(_logger, before, after);
        }
    }

    /// <summary>Logs that the published manifest cannot be retrieved or accepted, so the last adopted one is kept.</summary>
    public void ManifestKept(Exception exception) => Log.ManifestKept(_logger, ErrorNames.Of(exception));

    /// <summary>Logs that the deployment returned to a manifest that had been replaced.</summary>
    public void ManifestReturned(string manifest, DateTimeOffset adoptedBefore) => Log.ManifestReturned(_logger, manifest, adoptedBefore);

    public void ManifestNotApproved(string published, string approved) => Log.ManifestNotApproved(_logger, published, approved);

    /// <summary>Logs that a manifest differs in more than can be shown, so the approval callback is not called.</summary>
    public void ManifestNotShown(string manifest, int omitted) => Log.ManifestNotShown(_logger, manifest, omitted);

    public void DecisionsIgnored() => Log.DecisionsIgnored(_logger);

    /// <param name="exception">The reason why the renewal failed.</param>
    /// <param name="until">The time at which the current verification expires, or null.</param>
    public void RenewalFailed(Exception exception, DateTimeOffset? until) => Log.RenewalFailed(_logger, endpoint, ErrorNames.Of(exception), until);

    public void SecretExchanged(string id, DateTimeOffset until) => Log.SecretExchanged(_logger, endpoint, id, until);

    public void ExchangeFailed(Exception exception)
    {
        if (exception is not OperationCanceledException && !_isClosed)
        {
            Log.ExchangeFailed(_logger, endpoint, ErrorNames.Of(exception));
        }
    }

    /// <param name="exception">Why the secret service did not fit the deployment that was verified before.</param>
    public void DeploymentReplaced(PrivatemodeVerificationException exception) => Log.DeploymentReplaced(_logger, endpoint, exception.ErrorType);

    public void CallRefused(PrivatemodeWouldLeakException exception)
    {
        Refuse("call", exception.ErrorType);
        Log.CallRefused(_logger, exception.ErrorType);
    }

    /// <summary>Logs an answer that failed an integrity check. Other failures are only thrown to the caller.</summary>
    public void AnswerFailed(Exception exception)
    {
        if (exception is PrivatemodeIntegrityException integrity)
        {
            Refuse("answer", integrity.ErrorType);
            Log.IntegrityFailure(_logger, integrity.EndpointPath, integrity.ErrorType, integrity.RequestId);
        }
    }

    /// <summary>Logs that the host could not establish a session when it started, and runs without one.</summary>
    public void WarmUpFailed(Exception exception)
    {
        if (_isClosed)
        {
            return;
        }

        // The message of an exception that the application created can contain anything, even a key.
        string message = exception is PrivatemodeException && !UserCallback.Threw(exception) ? exception.Message
            : "It is not an exception of this library. If a callback of the application, such as ApiKeyAccessor, throws it, correct the callback.";
        Log.WarmUpFailed(_logger, endpoint, ErrorNames.Of(exception), exception.GetType().Name, message);
    }

    public void UnverifiedLocalProxy() => Log.UnverifiedLocalProxy(_logger, endpoint);

    /// <summary>Records that the client is disposed. Operations that fail because of this are not logged as warnings.</summary>
    public void Close() => _isClosed = true;

    public void SecretForgotten(string path, string requestId) => Log.SecretForgotten(_logger, path, requestId);

    public void RateLimited(string path, string requestId, TimeSpan? wait) => Log.RateLimited(_logger, path, requestId, wait?.TotalSeconds);

    /// <summary>Logs that hosted tools were left out of a request for a response. Each set of types is logged once for each client, because assistants send the
    /// same tools with each request.</summary>
    /// <param name="types">Types that this library knows, separated by commas.</param>
    public void HostedToolsLeftOut(string types, string requestId)
    {
        // The same types in any order are the same set, and there are few sets: a caller must not fill memory and log with different orders.
        string set = string.Join(',', types.Split(", ").Order(StringComparer.Ordinal));
        lock (_leftOutTools)
        {
            if (!_leftOutTools.Add(set))
            {
                return;
            }
        }

        Log.HostedToolsLeftOut(_logger, types, requestId);
    }

    /// <summary>Logs that reasoning that the caller sent cannot be decrypted and was left out.</summary>
    /// <param name="count">The number of items with such reasoning.</param>
    public void ForeignReasoningDropped(int count, string requestId)
    {
        if (Interlocked.Exchange(ref _hasWarnedOfReasoning, 1) == 0)
        {
            Log.ForeignReasoningDropped(_logger, count, requestId);
        }
        else
        {
            Log.ForeignReasoningDroppedAgain(_logger, count, requestId);
        }
    }

    private static void Refuse(string what, string name) => Telemetry.Refusals.Add(1, new(TelemetryTags.Refused, what), new(TelemetryTags.ErrorType, name));

    private static string Short(string digest) => digest[..Math.Min(ShortDigest, digest.Length)];
}

/// <summary>The events of the log. IDs and names are stable; <c>docs/telemetry.md</c> lists them, and a test compares.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "The deployment at {Endpoint} is verified: {Tee}, manifest {Manifest}, valid until {ValidUntil:u}.")]
    public static partial void DeploymentVerified(ILogger logger, Uri endpoint, string tee, string manifest, DateTimeOffset validUntil);

    [LoggerMessage(2, LogLevel.Error, "The verification of the deployment at {Endpoint} failed: {Check}. No further content is sent to it.")]
    public static partial void VerificationFailed(ILogger logger, Uri endpoint, string check);

    [LoggerMessage(3, LogLevel.Information, "The first manifest was adopted: {Manifest}.")]
    public static partial void ManifestAdopted(ILogger logger, string manifest);

    [LoggerMessage(4, LogLevel.Warning, "The manifest has changed: {Manifest} was adopted and replaces {Before}.")]
    public static partial void ManifestChanged(ILogger logger, string before, string manifest);

    [LoggerMessage(5, LogLevel.Warning, "The published manifest cannot be used ({Error}). The last adopted manifest is used instead.")]
    public static partial void ManifestKept(ILogger logger, string error);

    [LoggerMessage(
        6, LogLevel.Warning, "The verification of {Endpoint} could not be renewed ({Error}) and is retried. The current one is valid until {ValidUntil:u}.")]
    public static partial void RenewalFailed(ILogger logger, Uri endpoint, string error, DateTimeOffset? validUntil);

    [LoggerMessage(7, LogLevel.Debug, "The secret {SecretId} was established with {Endpoint}. New calls can use it until {ValidUntil:u}.")]
    public static partial void SecretExchanged(ILogger logger, Uri endpoint, string secretId, DateTimeOffset validUntil);

    [LoggerMessage(8, LogLevel.Warning, "No secret could be established with {Endpoint} ({Error}).")]
    public static partial void ExchangeFailed(ILogger logger, Uri endpoint, string error);

    [LoggerMessage(9, LogLevel.Warning, "A call was refused, because it would have sent content in the clear: {Refused}. Nothing was sent.")]
    public static partial void CallRefused(ILogger logger, string refused);

    [LoggerMessage(10, LogLevel.Error, "The answer of {Path} to the request {RequestId} was rejected: {Failure}. It may have been altered.")]
    public static partial void IntegrityFailure(ILogger logger, string? path, string failure, string? requestId);

    [LoggerMessage(11, LogLevel.Information, "The service no longer knows the secret of the request {RequestId} to {Path}.")]
    public static partial void SecretForgotten(ILogger logger, string path, string requestId);

    [LoggerMessage(12, LogLevel.Warning, "The service refused the request {RequestId} to {Path}: rate limit. It asks to wait {RetryAfterSeconds} s.")]
    public static partial void RateLimited(ILogger logger, string path, string requestId, double? retryAfterSeconds);

    [LoggerMessage(13, LogLevel.Warning, "The deployment returned to the manifest {Manifest}, which was adopted earlier, at {AdoptedBefore:u}.")]
    public static partial void ManifestReturned(ILogger logger, string manifest, DateTimeOffset adoptedBefore);

    [LoggerMessage(
        14, LogLevel.Warning,
        "The publisher names the manifest {Published}, which was not approved. The approved manifest {Manifest}, which the deployment proves, is still used.")]
    public static partial void ManifestNotApproved(ILogger logger, string published, string manifest);

    [LoggerMessage(
        15, LogLevel.Warning,
        "The manifest {Manifest} has more differences than can be shown ({Omitted} are left out). It was refused, and approval was not requested.")]
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

    [LoggerMessage(
        18, LogLevel.Information, "The hosted tools {Types} were left out of the request {RequestId} for a response: the service does not run tools.")]
    public static partial void HostedToolsLeftOut(ILogger logger, string types, string requestId);

    [LoggerMessage(
        19, LogLevel.Warning,
        "Encrypted reasoning of {Count} items was left out of the request {RequestId}: it is of another service, client or caller, or damaged. Clients that " +
        "serve the same conversations need the same Responses.ReasoningKey. Further cases are logged at Debug.")]
    public static partial void ForeignReasoningDropped(ILogger logger, int count, string requestId);

    [LoggerMessage(20, LogLevel.Debug, "Encrypted reasoning of {Count} items was left out of the request {RequestId}.")]
    public static partial void ForeignReasoningDroppedAgain(ILogger logger, int count, string requestId);

    [LoggerMessage(
        21, LogLevel.Information,
        "The deployment at {Endpoint} has a new mesh CA or manifest, so its secret service no longer matched the earlier verification ({Check}). It was " +
        "verified again.")]
    public static partial void DeploymentReplaced(ILogger logger, Uri endpoint, string check);

    [LoggerMessage(
        22, LogLevel.Warning,
        "The decisions about manifests in the log directory cannot be read and are ignored: the file is damaged. Approval is requested again.")]
    public static partial void DecisionsIgnored(ILogger logger);
}

/// <summary>Writes the log of an underlying library, with its Information events at Debug, because it logs them for each call.</summary>
/// <param name="loggers">The factory of the application, which is not disposed with this one.</param>
internal sealed class LoweredLoggers(ILoggerFactory loggers) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new LoweredLogger(loggers.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider) => loggers.AddProvider(provider);

    public void Dispose()
    {
    }

    private sealed class LoweredLogger(ILogger logger) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => logger.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => logger.IsEnabled(Lowered(logLevel));

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            LogLevel lowered = Lowered(logLevel);
            if (logger.IsEnabled(lowered))
            {
                logger.Log(lowered, eventId, state, exception, formatter);
            }
        }

        private static LogLevel Lowered(LogLevel level) => level == LogLevel.Information ? LogLevel.Debug : level;
    }
}
