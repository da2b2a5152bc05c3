using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Proxy;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Launch;

/// <summary><c>privatemode launch</c>: runs a coding assistant over a proxy of its own, or configures it for a proxy that runs already.</summary>
internal sealed class LaunchCommand
{
    private const int UsualPort = 8080;

    private readonly TextFlag _model = new("--model", "ID", "The model [default: of those that can call tools, the one with the largest known context]");
    private readonly TextFlag _smallModel = new("--small-model", "ID", "The model for titles and summaries [default: --model]");
    private readonly TextFlag _port = new("--port", "PORT", "The port of the proxy [default: a free port; 8080 with --config]");
    private readonly BoolFlag _config = new("--config", "Write the program's configuration for a proxy that you run yourself. The program is not started");
    private readonly BoolFlag _restore = new("--restore", "Remove what --config wrote, and restore the values that it replaced");
    private readonly BoolFlag _print = new("--print", "Print what --config would write, and write nothing");
    private readonly TextFlag _callerKey = new("--caller-key", "KEY|@FILE", "A caller key of the proxy that you run yourself, for --config and --print");
    private readonly TextFlag _program = new("--program", "PATH", "The program [default: found on the search path]");
    private readonly BoolFlag _allowHostedTools = new(
        "--allow-hosted-tools", "Accept requests with tools that run at a provider, such as web search, and leave these tools out");
    private readonly BoolFlag _sessionCache = new("--session-prompt-cache", "Use a separate prompt cache for each session");
    private readonly Argument<string[]> _arguments = new("arguments") { Arity = ArgumentArity.ZeroOrMore, Description = "Arguments for the program, after --" };
    private readonly CommonOptions _common = new();
    private readonly Assistant _assistant;
    private readonly ToolContext _context;

    private LaunchCommand(Assistant assistant, ToolContext context)
    {
        _assistant = assistant;
        _context = context;
    }

    public static Command Create(ToolContext context)
    {
        Command launch = new("launch", "Run a coding assistant with end-to-end encryption");
        foreach (Assistant assistant in Assistant.All)
        {
            launch.Add(new LaunchCommand(assistant, context).Create());
        }

        return launch;
    }

    private Command Create()
    {
        Command command = new(_assistant.Name, $"Run {_assistant.Name} with Privatemode")
        {
            _model, _smallModel, _port, _config, _restore, _print, _callerKey, _program, _allowHostedTools, _sessionCache, _arguments,
        };
        command.SetRun(_common, _context, RunAsync);
        return command;
    }

    private Task<int> RunAsync(ParseResult result, Output output, CancellationToken stop)
    {
        bool isConfig = _config.Read(result), isRestore = _restore.Read(result), isPrint = _print.Read(result);
        if ((isConfig ? 1 : 0) + (isRestore ? 1 : 0) + (isPrint ? 1 : 0) > 1)
        {
            throw ToolException.Usage("--config, --restore and --print cannot be combined.");
        }

        if (_callerKey.Read(result) is not null && !isConfig && !isPrint)
        {
            throw ToolException.Usage("--caller-key needs --config or --print: a program that is run gets a key of its own.");
        }

        return isRestore ? Task.FromResult(Restore(output))
            : isConfig || isPrint ? ConfigureAsync(result, output, isPrint, stop)
            : RunProgramAsync(result, output, stop);
    }

    private async Task<int> RunProgramAsync(ParseResult result, Output output, CancellationToken stop)
    {
        ServiceSettings service = _common.Read(result, _context);
        string program = FindProgram(result);
        _assistant.RequireOurConfigurationCounts(_context);
        string key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)).Replace('+', '-').Replace('/', '_').TrimEnd('=');
        string directory = Path.Combine(_context.State.Create("launch"), $"{_assistant.Name}-{Guid.NewGuid():N}");
        StateDirectory.CreateDirectory(directory);
        try
        {
            await using ProxyHost host = await ProxyHost.StartAsync(Settings(result, service, key), _context);
            VerifiedDeployment verified = await ProgressDisplay.WhileAsync(_context, output, "Verifying the deployment…", host.Client.VerifyAsync(stop));
            LaunchTarget target = await TargetAsync(result, host.Client, host.Urls[0], key, stop);
            output.Hint($"verified: {verified.Tee}, manifest {verified.ManifestSha256[..8]}…; {_assistant.Name} uses {target.Model.Id}");
            ProgramStart start = _assistant.Start(target, directory);
            foreach ((string path, byte[] content) in start.Files)
            {
                await using FileStream file = StateDirectory.CreateFile(path, FileMode.CreateNew);
                await file.WriteAsync(content, stop);
            }

            return await ChildProgram.RunAsync(program, start, result.GetValue(_arguments) ?? [], _context);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private ProxySettings Settings(ParseResult result, ServiceSettings service, string key) => new()
    {
        Service = service,
        DefaultWorkspace = _context.State.Path,
        Port = Port(result, 0),
        CallerKeys = [key],
        LeavesOutHostedTools = _allowHostedTools.Read(result),
        UsesSessionPromptCache = _sessionCache.Read(result),

        // The terminal belongs to the program.
        LogLevel = service.IsVerbose ? LogLevel.Information : LogLevel.Warning,
    };

    private async Task<LaunchTarget> TargetAsync(ParseResult result, PrivatemodeClient client, Uri proxy, string? key, CancellationToken stop)
    {
        ModelInfo model = await ModelChoice.FindAsync(client, _model.Read(result), CanCode, stop);
        return new LaunchTarget
        {
            Proxy = proxy,
            Key = key,
            Model = model,
            SmallModel = _smallModel.Read(result) is { } small ? await ModelChoice.FindAsync(client, small, CanCode, stop) : model,
            Models = await client.Models.ListAsync(stop),
            AllowsHostedTools = _allowHostedTools.Read(result),
            HostsWithoutProxy = ChildProgram.WithLoopback(_context.Variable("NO_PROXY") ?? _context.Variable("no_proxy")),
        };
    }

    private static bool CanCode(ModelInfo model) => model.SupportsChat && model.SupportsTools;

    private async Task<int> ConfigureAsync(ParseResult result, Output output, bool isPrint, CancellationToken stop)
    {
        ServiceSettings service = _common.Read(result, _context);
        string? key = KeyReader.Read(_callerKey.Read(result), _context);
        Uri proxy = new(FormattableString.Invariant($"http://127.0.0.1:{Port(result, UsualPort)}"));
        await using ClientConnection connection = await ClientFactory.OpenAsync(service, _context);
        LaunchTarget target = await TargetAsync(result, connection.Client, proxy, isPrint && key is not null ? "…" : key, stop);
        IReadOnlyList<ConfigurationEdit> edits = _assistant.Configure(target, _context);
        if (isPrint)
        {
            Print(edits, output);
            return ExitCodes.Success;
        }

        Write("config", new LaunchState(_context, _assistant.Name).Write(edits), output);
        if (!output.IsJson)
        {
            output.Hint($"Start the proxy with: privatemode proxy --port {proxy.Port}{(key is null ? "" : " --caller-keys @FILE")}");
            output.Hint(
                $"While no proxy listens on port {proxy.Port}, another user of this machine could listen there and read what {_assistant.Name} sends. " +
                "Undo this with --restore before you stop using the proxy.");
        }

        return ExitCodes.Success;
    }

    private void Print(IReadOnlyList<ConfigurationEdit> edits, Output output)
    {
        (string Path, string Content)[] files = [.. edits.Select(edit => (edit.Path, Encoding.UTF8.GetString(edit.Apply(null, []))))];
        if (!output.IsJson)
        {
            foreach ((string path, string content) in files)
            {
                output.Line($"{path}:");
                output.Line(content);
            }

            return;
        }

        output.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("schema", "privatemode.launch/1");
            json.WriteString("program", _assistant.Name);
            json.WriteString("action", "print");
            json.WriteStartArray("files");
            foreach ((string path, string content) in files)
            {
                json.WriteStartObject();
                json.WriteString("path", path);
                json.WriteString("content", content);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private int Restore(Output output)
    {
        IReadOnlyList<FileChange> changes = new LaunchState(_context, _assistant.Name).Restore();
        Write("restore", changes, output);
        if (changes.Count == 0 && !output.IsJson)
        {
            output.Line("Nothing to restore.");
        }

        return ExitCodes.Success;
    }

    private void Write(string action, IReadOnlyList<FileChange> changes, Output output)
    {
        if (output.IsJson)
        {
            output.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("schema", "privatemode.launch/1");
                json.WriteString("program", _assistant.Name);
                json.WriteString("action", action);
                json.WriteStartArray("files");
                foreach (FileChange change in changes)
                {
                    json.WriteStartObject();
                    json.WriteString("path", change.Path);
                    json.WriteString("action", change.Action);
                    json.WriteString("backup", change.Backup);
                    json.WriteTexts("kept", change.Kept ?? []);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            });
            return;
        }

        foreach (FileChange change in changes)
        {
            output.Line(change.Backup is null ? $"{change.Action} {change.Path}" : $"{change.Action} {change.Path} (as it was: {change.Backup})");
            foreach (string member in change.Kept ?? [])
            {
                output.Line($"  kept \"{member}\": it was changed after this command wrote it");
            }
        }
    }

    private string FindProgram(ParseResult result)
    {
        if (_program.Read(result) is { } given)
        {
            string path = _context.FullPath(given);
            return ChildProgram.IsProgram(path) ? path : throw ToolException.Setup($"--program: \"{given}\" is not a program.");
        }

        return ChildProgram.Find(_assistant.Name, _context)
            ?? throw ToolException.Setup($"\"{_assistant.Name}\" is not installed. Install it with: {_assistant.InstallHint}");
    }

    private int Port(ParseResult result, int usual) => _port.Read(result) switch
    {
        null => usual,
        { } text when ushort.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out ushort port) => port,
        { } text => throw ToolException.Usage($"invalid argument \"{text}\" for \"--port\" flag"),
    };
}
