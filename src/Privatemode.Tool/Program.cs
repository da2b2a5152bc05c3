using System.CommandLine;

namespace Privatemode.Tool;

internal static class Program
{
    private static int Main(string[] args) => new RootCommand("Privatemode").Parse(args).Invoke();
}
