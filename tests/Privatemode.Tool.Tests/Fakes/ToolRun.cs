using Privatemode.AI;
using Privatemode.AI.Tests.Fakes;
using Privatemode.Tool.CommandLine;

namespace Privatemode.Tool.Tests.Fakes;

/// <summary>Runs commands in the test's process, with streams, environment and directories of their own.</summary>
internal sealed class ToolRun : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("privatemode-tool-");
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);

    public ToolRun()
    {
        _environment["PRIVATEMODE_STATE"] = Path.Combine(_directory.FullName, "state");
    }

    /// <summary>The current directory of the commands; deleted at the end.</summary>
    public string WorkingDirectory => _directory.FullName;

    public string StateDirectory => _environment["PRIVATEMODE_STATE"];

    public Termination Termination { get; } = new(TimeProvider.System);

    public FakeConsole Console { get; } = new();

    public Action<PrivatemodeOptions>? ConfigureClient { get; set; }

    public TimeProvider Time { get; set; } = TimeProvider.System;

    public ToolContext Context => new(Console, name => _environment.GetValueOrDefault(name), Termination, Time)
    {
        CurrentDirectory = WorkingDirectory,
        ConfigureClient = ConfigureClient,
    };

    public void SetVariable(string name, string value) => _environment[name] = value;

    public string WriteFile(string name, string content)
    {
        string path = Path.Combine(WorkingDirectory, name);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Runs a command to its end.</summary>
    /// <returns>The exit code and what it wrote.</returns>
    public async Task<(int ExitCode, string Out, string Error)> InvokeAsync(params string[] args)
    {
        Console.Clear();
        int exitCode = await Root.InvokeAsync(args, Context).OrTimeout();
        return (exitCode, Console.OutText, Console.ErrorText);
    }

    public void Dispose()
    {
        Termination.Dispose();
        _directory.Delete(recursive: true);
    }
}

/// <summary>Streams in memory.</summary>
internal sealed class FakeConsole : IConsoleStreams
{
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public FakeConsole()
    {
        Out = TextWriter.Synchronized(_out);
        Error = TextWriter.Synchronized(_error);
    }

    public TextReader In { get; set; } = TextReader.Null;

    public byte[] InputBytes { get; set; } = [];

    public TextWriter Out { get; set; }

    public TextWriter Error { get; set; }

    public bool IsInputTerminal { get; set; }

    public bool IsOutputTerminal { get; set; }

    public bool IsErrorTerminal { get; set; }

    public string OutText => Locked(Out, _out);

    public string ErrorText => Locked(Error, _error);

    public MemoryStream OutputBytes { get; } = new();

    public Stream OpenInput() => new MemoryStream(InputBytes);

    public Stream OpenOutput() => OutputBytes;

    public void Clear()
    {
        _ = _out.GetStringBuilder().Clear();
        _ = _error.GetStringBuilder().Clear();
    }

    private static string Locked(TextWriter synchronized, StringWriter writer)
    {
        // Synchronized writers lock themselves.
        lock (synchronized)
        {
            return writer.ToString();
        }
    }
}
