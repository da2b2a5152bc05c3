using Microsoft.Extensions.Logging;

namespace Privatemode.Tool.Logging;

/// <summary>The log lines of the tool's own parts.</summary>
internal static partial class ToolLog
{
    [LoggerMessage(Message = "{Text}")]
    public static partial void Note(ILogger logger, LogLevel level, string text);

    [LoggerMessage(LogLevel.Warning, "No API key provided. The proxy will not authenticate with the API. The key of each caller is used.")]
    public static partial void Keyless(ILogger logger);

    [LoggerMessage(LogLevel.Warning, "{Variable} is set, but this command does not read it. Use --apiKey.")]
    public static partial void VariableNotRead(ILogger logger, string variable);

    [LoggerMessage(
        LogLevel.Information, "Only programs on this machine can use the proxy. The reference's proxy listens on all addresses; for that, use --listen.")]
    public static partial void LoopbackOnly(ILogger logger);

    [LoggerMessage(LogLevel.Information, "The proxy stops. Answers in progress have {Seconds} s.")]
    public static partial void Stopping(ILogger logger, int seconds);

    [LoggerMessage(LogLevel.Warning, "The deployment could not be verified yet: {Reason}")]
    public static partial void NotVerifiedYet(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Information, "The TLS certificate was loaded again.")]
    public static partial void CertificateLoaded(ILogger logger);

    [LoggerMessage(LogLevel.Error, "The changed TLS certificate is not used, the one before is kept: {Reason}")]
    public static partial void CertificateRefused(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Warning, "The log of manifests for the reference's proxy could not be written: {Reason}")]
    public static partial void MirrorFailed(ILogger logger, string reason);

    [LoggerMessage(
        LogLevel.Warning, "Requests and answers are written to {Directory}, unencrypted. Switch --dumpRequests off when you no longer need it.")]
    public static partial void Dumping(ILogger logger, string directory);
}
