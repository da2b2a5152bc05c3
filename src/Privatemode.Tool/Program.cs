using Privatemode.Tool.CommandLine;

namespace Privatemode.Tool;

internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        using Termination termination = new(TimeProvider.System);
        termination.ListenToSignals();
        return await Root.InvokeAsync(args, new ToolContext(new ProcessConsole(), Environment.GetEnvironmentVariable, termination));
    }
}
