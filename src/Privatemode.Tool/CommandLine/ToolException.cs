using Privatemode.Tool.Commands;

namespace Privatemode.Tool.CommandLine;

/// <summary>Ends a command with one line of error and an exit code.</summary>
internal sealed class ToolException : Exception
{
    public ToolException(int exitCode, string type, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        ExitCode = exitCode;
        Type = type;
    }

    public int ExitCode { get; }

    /// <summary>The member <c>type</c> of the error in JSON.</summary>
    public string Type { get; }

    /// <summary>Creates the exception for an invalid command line.</summary>
    public static ToolException Usage(string message) => new(ExitCodes.Usage, "usage", message);

    /// <summary>Creates the exception for something that the command needs to start and that is missing or invalid.</summary>
    public static ToolException Setup(string message, Exception? innerException = null) => new(ExitCodes.Usage, "setup", message, innerException);

    /// <summary>Creates the exception for an operation that failed.</summary>
    public static ToolException Failed(string message, Exception? innerException = null) => new(ExitCodes.Failed, "io", message, innerException);
}
