using System.CommandLine;
using Privatemode.Tool.CommandLine;

namespace Privatemode.Tool.Commands;

/// <summary>Runs a command, and turns what ends it early into one line of error and an exit code.</summary>
internal static class CommandRunner
{
    /// <summary>Sets the function that runs a command. Every command that contacts the service is run by this method.</summary>
    /// <param name="command">The command.</param>
    /// <param name="options">The common flags, which are added to the command.</param>
    /// <param name="context">The console, the environment and the directories of the command.</param>
    /// <param name="run">The function that runs the command and returns the exit code.</param>
    public static void SetRun(
        this Command command, CommonOptions options, ToolContext context, Func<ParseResult, Output, CancellationToken, Task<int>> run)
    {
        options.AddTo(command);
        command.SetAction(async (result, stop) =>
        {
            Output output = options.OutputOf(result, context);
            try
            {
                return await run(result, output, stop);
            }
            catch (Exception exception)
            {
                return output.Error(exception);
            }
        });
    }
}
