using Privatemode.AI;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.CommandLine;

/// <summary>The environment of a command: streams, environment variables, clock and signals.</summary>
/// <param name="console">The streams.</param>
/// <param name="environment">Returns the value of an environment variable, or null.</param>
/// <param name="termination">The signals that end a command.</param>
/// <param name="time">The clock, or null for that of the system.</param>
internal sealed class ToolContext(IConsoleStreams console, Func<string, string?> environment, Termination termination, TimeProvider? time = null)
{
    public IConsoleStreams Console => console;

    public Termination Termination => termination;

    public TimeProvider Time { get; } = time ?? TimeProvider.System;

    /// <summary>The directory to which relative paths in flags refer.</summary>
    public string CurrentDirectory { get; init; } = Directory.GetCurrentDirectory();

    /// <summary>Changes the options of every client, after the flags; tests point clients at a test deployment with it.</summary>
    public Action<PrivatemodeOptions>? ConfigureClient { get; init; }

    /// <summary>The probe that <c>doctor</c> uses instead of the network; null for the network.</summary>
    public Doctor.IProbe? Probe { get; init; }

    /// <summary>The handler that downloads the published manifest; null for the network.</summary>
    public HttpMessageHandler? ManifestHandler { get; init; }

    /// <summary>The directory for what commands keep between runs.</summary>
    public StateDirectory State => StateDirectory.Find(this);

    /// <summary>Returns an environment variable, or null if it is missing or empty.</summary>
    public string? Variable(string name) => environment(name) is { Length: > 0 } value ? value : null;

    public string FullPath(string path) => Path.GetFullPath(path, CurrentDirectory);
}
