using Privatemode.AI;
using Privatemode.Tool.CommandLine;

namespace Privatemode.Tool.Commands;

/// <summary>The exit codes, and their assignment to exceptions.</summary>
internal static class ExitCodes
{
    /// <summary>Done, or verified.</summary>
    public const int Success = 0;

    /// <summary>The operation failed: the service, the network, or a file while the command ran.</summary>
    public const int Failed = 1;

    /// <summary>The flags or the setup are wrong. Nothing was sent.</summary>
    public const int Usage = 2;

    /// <summary>The deployment or its answer was refused.</summary>
    public const int Refused = 3;

    /// <summary>The result could not be determined.</summary>
    public const int Unknown = 4;

    /// <summary>Canceled by Ctrl+C or SIGTERM.</summary>
    public const int Canceled = 130;

    /// <summary>Returns the exit code, the type for JSON, and the sentence for an exception that ended a command.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="isEnding">Whether a signal asked the command to end.</param>
    public static (int ExitCode, string Type, string Message) Of(Exception exception, bool isEnding) => exception switch
    {
        ToolException tool => (tool.ExitCode, tool.Type, tool.Message),
        OperationCanceledException when isEnding => (Canceled, "cancelled", "The command was canceled."),
        PrivatemodeConfigurationException or PrivatemodeRequestException => (Usage, ((PrivatemodeException)exception).ErrorType, exception.Message),
        PrivatemodeVerificationException or PrivatemodeIntegrityException or PrivatemodeWouldLeakException =>
            (Refused, ((PrivatemodeException)exception).ErrorType, exception.Message),
        PrivatemodeException privatemode => (Failed, privatemode.ErrorType, exception.Message),
        IOException or UnauthorizedAccessException => (Failed, "io", exception.Message),
        _ => (Failed, "internal", $"unexpected error ({exception.GetType().Name}). Run again with --verbose."),
    };
}
