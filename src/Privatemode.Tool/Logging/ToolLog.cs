using Microsoft.Extensions.Logging;

namespace Privatemode.Tool.Logging;

/// <summary>The log lines of the tool's own parts.</summary>
internal static partial class ToolLog
{
    [LoggerMessage(Message = "{Text}")]
    public static partial void Note(ILogger logger, LogLevel level, string text);

    [LoggerMessage(LogLevel.Warning, "No API key provided. The proxy will not authenticate with the API. Each caller's key is used.")]
    public static partial void Keyless(ILogger logger);

    [LoggerMessage(LogLevel.Warning, "{Variable} is set, but this command does not read it. Use --apiKey.")]
    public static partial void VariableNotRead(ILogger logger, string variable);

    [LoggerMessage(
        LogLevel.Information, "The proxy can be reached from this machine only. Privatemode's own proxy listens on all addresses; for that, use --listen.")]
    public static partial void LoopbackOnly(ILogger logger);

    [LoggerMessage(LogLevel.Information, "Every user of this machine can use the proxy, and with it your API key. To restrict that, use --caller-keys.")]
    public static partial void OpenToAllUsers(ILogger logger);

    [LoggerMessage(LogLevel.Information, "The proxy is stopping. Answers in progress have {Seconds} s to finish.")]
    public static partial void Stopping(ILogger logger, int seconds);

    [LoggerMessage(LogLevel.Warning, "The deployment could not be verified yet: {Reason}")]
    public static partial void NotVerifiedYet(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Information, "The TLS certificate was reloaded.")]
    public static partial void CertificateLoaded(ILogger logger);

    [LoggerMessage(LogLevel.Error, "The changed TLS certificate cannot be used. The previous one is kept: {Reason}")]
    public static partial void CertificateRefused(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Warning, "The manifest log for Privatemode's own proxy could not be written: {Reason}")]
    public static partial void MirrorFailed(ILogger logger, string reason);

    [LoggerMessage(
        LogLevel.Warning, "Requests and answers are written to {Directory}, unencrypted. Switch --dumpRequests off when you no longer need it.")]
    public static partial void Dumping(ILogger logger, string directory);
}
