using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Privatemode.AI.ChecksOff;

/// <param name="ExitCode">The exit code; null when the command was ended because it took too long.</param>
/// <param name="Output">What it printed.</param>
internal sealed record CommandResult(int? ExitCode, string Output);

/// <summary>Runs other programs, and ends those that run when this program is told to end.</summary>
internal static class Command
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<Process> Running = [];
    private static bool _isEnding;

    /// <summary>Whether this program was told to end (Ctrl-C, SIGTERM or a closed terminal). Every command fails from then on.</summary>
    public static bool IsEnding
    {
        get
        {
            lock (Gate)
            {
                return _isEnding;
            }
        }
    }

    /// <summary>Makes the signals that end a program end its commands first, so that the rest runs as after an error.</summary>
    public static IReadOnlyList<IDisposable> HandleSignals() =>
    [
        .. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT }.Select(signal => PosixSignalRegistration.Create(
            signal,
            context =>
            {
                context.Cancel = true;
                EndAll();
            })),
    ];

    public static string Output(string program, string folder, params string[] arguments)
    {
        CommandResult result = Run(program, folder, TimeSpan.FromMinutes(1), null, arguments);
        return result.ExitCode == 0 ? result.Output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed:\n{result.Output}");
    }

    /// <exception cref="OperationCanceledException">This program was told to end.</exception>
    public static CommandResult Run(
        string program, string folder, TimeSpan timeout, IReadOnlyDictionary<string, string?>? environment, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        using Process process = Start(start);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            int? exitCode = null;
            if (process.WaitForExit(timeout))
            {
                exitCode = process.ExitCode;
            }
            else
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit();
            }

            string text = output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult();
            return IsEnding ? throw new OperationCanceledException() : new CommandResult(exitCode, text);
        }
        finally
        {
            lock (Gate)
            {
                _ = Running.Remove(process);
            }
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        lock (Gate)
        {
            if (_isEnding)
            {
                throw new OperationCanceledException();
            }

            Process process = Process.Start(start)!;
            _ = Running.Add(process);
            return process;
        }
    }

    private static void EndAll()
    {
        lock (Gate)
        {
            _isEnding = true;
            foreach (Process process in Running)
            {
                try
                {
                    process.Kill(entireProcessTree: true);
                }
                catch (Exception exception) when (exception is InvalidOperationException or Win32Exception or AggregateException)
                {
                    // It, or a process below it, has ended by itself.
                }
            }
        }
    }
}
