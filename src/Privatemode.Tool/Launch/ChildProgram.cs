using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Privatemode.Tool.CommandLine;

namespace Privatemode.Tool.Launch;

/// <summary>Finds a program and runs it in this terminal.</summary>
internal static class ChildProgram
{
    private static readonly string[] LoopbackHosts = ["127.0.0.1", "localhost"];

    /// <summary>Adds this machine to a value of <c>NO_PROXY</c>: requests to this machine must not be sent through a proxy.</summary>
    /// <param name="hosts">The value, or null.</param>
    public static string WithLoopback(string? hosts)
    {
        string[] given = (hosts ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

        // Also to "*", which means all hosts: Codex does not know that, and would send prompts to the proxy of the network.
        return string.Join(',', given.Union(LoopbackHosts));
    }

    /// <summary>Finds a program on the search path.</summary>
    /// <returns>Its full path, or null.</returns>
    public static string? Find(string name, ToolContext context)
    {
        string[] endings = OperatingSystem.IsWindows()
            ? (context.Variable("PATHEXT") ?? ".EXE;.CMD;.BAT").Split(';', StringSplitOptions.RemoveEmptyEntries)
            : [""];
        return (context.Variable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(directory => endings, (directory, ending) => Path.Combine(directory, name + ending))
            .FirstOrDefault(IsProgram);
    }

    public static bool IsProgram(string path) => File.Exists(path) &&
        (OperatingSystem.IsWindows() ||
         (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);

    /// <summary>Runs a program to its end, with this process' terminal.</summary>
    /// <param name="path">The full path.</param>
    /// <param name="start">The arguments and variables of the program.</param>
    /// <param name="arguments">The user's arguments, which follow those of <paramref name="start"/>.</param>
    /// <param name="context">The console, the environment and the directories of the command.</param>
    /// <returns>Its exit code.</returns>
    /// <exception cref="ToolException">The program cannot be started.</exception>
    public static async Task<int> RunAsync(string path, ProgramStart start, IReadOnlyList<string> arguments, ToolContext context)
    {
        ProcessStartInfo info = new(path, [.. start.Arguments, .. arguments]) { UseShellExecute = false, WorkingDirectory = context.CurrentDirectory };
        foreach (string removed in info.Environment.Keys.Where(Assistant.IsRemoved).ToArray())
        {
            _ = info.Environment.Remove(removed);
        }

        foreach ((string name, string value) in start.Environment)
        {
            info.Environment[name] = value;
        }

        foreach (string name in (ReadOnlySpan<string>)["NO_PROXY", "no_proxy"])
        {
            info.Environment[name] = WithLoopback(info.Environment.TryGetValue(name, out string? hosts) ? hosts : null);
        }

        using Process process = new() { StartInfo = info };

        // The terminal sends Ctrl+C to the program too, which decides what it means. Other signals are passed on.
        using IDisposable signals = context.Termination.Handle(signal => signal == PosixSignal.SIGINT || Forward(process, signal, context));
        try
        {
            _ = process.Start();
        }
        catch (Win32Exception exception)
        {
            throw ToolException.Setup($"\"{path}\" cannot be started: {exception.Message}.", exception);
        }

        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode;
    }

    private static bool Forward(Process process, PosixSignal signal, ToolContext context)
    {
        if (signal != PosixSignal.SIGTERM)
        {
            return false;
        }

        if (OperatingSystem.IsWindows())
        {
            process.Kill();
            return true;
        }

        // By its full path: .NET also looks for a program in the current directory, which can be another user's.
        string program = Find("kill", context) ?? "/bin/kill";
        using Process? kill = Process.Start(program, ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill?.WaitForExit();
        return true;
    }
}
