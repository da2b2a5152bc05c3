using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Privatemode.AI;
using Privatemode.AI.Tests.Fakes;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Doctor;

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

    public IProbe? Probe { get; set; }

    public HttpMessageHandler? ManifestHandler { get; set; }

    public TimeProvider Time { get; set; } = TimeProvider.System;

    public ToolContext Context => new(Console, name => _environment.GetValueOrDefault(name), Termination, Time)
    {
        CurrentDirectory = WorkingDirectory,
        ConfigureClient = ConfigureClient,
        Probe = Probe,
        ManifestHandler = ManifestHandler,
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

    /// <summary>Starts a command that runs until a signal, and waits until it has written a line.</summary>
    public async Task<RunningTool> StartAsync(params string[] args)
    {
        Console.Clear();
        Task<int> ended = Task.Run(() => Root.InvokeAsync(args, Context));
        Task first = Console.FirstLine;
        return await Task.WhenAny(first, ended).OrTimeout() == first
            ? new RunningTool(this, ended)
            : throw new InvalidOperationException($"The command ended with {await ended}: {Console.ErrorText}");
    }

    public void Dispose()
    {
        Termination.Dispose();
        _directory.Delete(recursive: true);
    }
}

/// <summary>A command that runs until a signal.</summary>
internal sealed class RunningTool : IAsyncDisposable
{
    private readonly ToolRun _run;
    private readonly Task<int> _ended;

    public RunningTool(ToolRun run, Task<int> ended)
    {
        _run = run;
        _ended = ended;
        FirstLine = run.Console.OutText.Split('\n')[0];
    }

    public string FirstLine { get; }

    /// <summary>The address of the JSON line that <c>proxy --json</c> writes.</summary>
    public Uri Url => new(JsonDocument.Parse(FirstLine).RootElement.GetProperty("urls")[0].GetString()!);

    public Task<int> Ended => _ended.OrTimeout();

    /// <summary>Sends SIGTERM and waits for the end.</summary>
    public async Task<int> StopAsync()
    {
        _ = _run.Termination.Raise(PosixSignal.SIGTERM);
        return await Ended;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_ended.IsCompleted)
        {
            _ = await StopAsync();
        }
    }
}

/// <summary>Streams in memory.</summary>
internal sealed class FakeConsole : IConsoleStreams
{
    private readonly SignalingWriter _out = new();
    private readonly SignalingWriter _error = new();

    public TextReader In { get; set; } = TextReader.Null;

    public byte[] InputBytes { get; set; } = [];

    public TextWriter Out => _out;

    public TextWriter Error => _error;

    public bool IsInputTerminal { get; set; }

    public bool IsOutputTerminal { get; set; }

    public bool IsErrorTerminal { get; set; }

    public string OutText => _out.ToString();

    public string ErrorText => _error.ToString();

    /// <summary>Ends when stdout has its first line.</summary>
    public Task FirstLine => _out.WaitForAsync(text => text.Contains('\n', StringComparison.Ordinal));

    public MemoryStream OutputBytes { get; } = new();

    /// <summary>Standard input if it is not <see cref="InputBytes"/>.</summary>
    public Stream? Input { get; set; }

    public Stream OpenInput() => Input ?? new MemoryStream(InputBytes);

    public Stream OpenOutput() => OutputBytes;

    /// <summary>Waits until stdout meets a condition.</summary>
    public Task WaitForOutAsync(Func<string, bool> condition) => _out.WaitForAsync(condition).OrTimeout();

    /// <summary>Waits until stderr meets a condition.</summary>
    public Task WaitForErrorAsync(Func<string, bool> condition) => _error.WaitForAsync(condition).OrTimeout();

    public void Clear()
    {
        _out.Clear();
        _error.Clear();
    }

    /// <summary>A writer that several threads can use, and that says when its text meets a condition.</summary>
    private sealed class SignalingWriter : TextWriter
    {
        private readonly StringBuilder _text = new();
        private readonly List<(Func<string, bool> Condition, TaskCompletionSource Met)> _waiting = [];
        private readonly Lock _gate = new();

        public override Encoding Encoding => Encoding.UTF8;

        public override string NewLine => "\n";

        public override void Write(char value) => Write(value.ToString());

        public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

        public override void WriteLine(string? value) => Write($"{value}\n");

        public override void Write(string? value)
        {
            lock (_gate)
            {
                _ = _text.Append(value);
                string text = _text.ToString();
                foreach ((_, TaskCompletionSource met) in _waiting.Where(wait => wait.Condition(text)))
                {
                    _ = met.TrySetResult();
                }
            }
        }

        public Task WaitForAsync(Func<string, bool> condition)
        {
            lock (_gate)
            {
                TaskCompletionSource met = new(TaskCreationOptions.RunContinuationsAsynchronously);
                if (condition(_text.ToString()))
                {
                    met.SetResult();
                }

                _waiting.Add((condition, met));
                return met.Task;
            }
        }

        public void Clear()
        {
            lock (_gate)
            {
                _ = _text.Clear();
            }
        }

        public override string ToString()
        {
            lock (_gate)
            {
                return _text.ToString();
            }
        }
    }
}
