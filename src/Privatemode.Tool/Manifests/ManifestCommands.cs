using System.CommandLine;
using System.Text.Json;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Manifests;

/// <summary><c>privatemode manifest</c>: shows, compares, lists and pins manifests.</summary>
internal static class ManifestCommands
{
    internal const string Sources = "'published', 'adopted', the first 8 or more digits of a digest in the log, a manifest file, or an evidence file";

    /// <summary>The exit code of <c>diff</c> for manifests that differ, as that of diff.</summary>
    private const int Different = 1;

    public static Command Create(ToolContext context) => new("manifest", "Show, compare and pin manifests, which name all code that can see prompts")
    {
        Show(context), Diff(context), Log(context), ManifestPin.Create(context),
    };

    private static Command Show(ToolContext context)
    {
        Argument<string?> source = new("source") { Arity = ArgumentArity.ZeroOrOne, Description = $"{Sources} [default: adopted, else published]" };
        BoolFlag raw = new("--raw", "Write the exact bytes of the manifest, and nothing else");
        TextFlag log = LogDirectory();
        Command command = new("show", "Show a manifest") { source, raw, log };
        CommonOptions options = new();
        command.SetRun(options, context, async (result, output, stop) =>
        {
            ServiceSettings settings = options.Read(result, context, needsKey: false);
            await using ManifestSources sources = await ManifestSources.OpenAsync(settings, log.Read(result), context, stop);
            FoundManifest manifest = await sources.Finder.FindAsync(result.GetValue(source), stop);
            if (raw.Read(result))
            {
                RequireHarmless(manifest, context);
                await using Stream target = context.Console.OpenOutput();
                await target.WriteAsync(manifest.Bytes, stop);
                return ExitCodes.Success;
            }

            // Against nothing, every member is added: without the sign, that is a list of the content.
            string[] content = [.. Compare(null, manifest).Changes.Select(change => change.StartsWith("+ ", StringComparison.Ordinal) ? change[2..] : change)];
            if (output.IsJson)
            {
                output.Json(json => WriteShown(json, manifest));
                return ExitCodes.Success;
            }

            output.Line($"manifest {manifest.Sha256}");
            output.Line($"  {manifest.Bytes.Length} bytes, {Output.Escape(manifest.Source)}{(manifest.IsProved ? "" : "; not verified")}");
            WriteLines(content, output);
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command Diff(ToolContext context)
    {
        Argument<string> first = new("before") { Description = Sources };
        Argument<string?> second = new("after")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "The manifest to compare it with, named in the same way [default: published]",
        };
        TextFlag log = LogDirectory();
        Command command = new("diff", "Compare two manifests. Exit code 0: equal, 1: different, 4: a manifest could not be downloaded") { first, second, log };
        CommonOptions options = new();
        command.SetRun(options, context, async (result, output, stop) =>
        {
            ServiceSettings settings = options.Read(result, context, needsKey: false);
            await using ManifestSources sources = await ManifestSources.OpenAsync(settings, log.Read(result), context, stop);
            FoundManifest before = await FindForDiffAsync(sources.Finder, result.GetValue(first), stop);
            FoundManifest after = await FindForDiffAsync(sources.Finder, result.GetValue(second) ?? ManifestFinder.Published, stop);
            ManifestComparison comparison = Compare(before, after);
            bool isEqual = before.Sha256 == after.Sha256;
            if (output.IsJson)
            {
                output.Json(json => WriteDifference(json, comparison, isEqual));
            }
            else
            {
                output.Line($"- {before.Sha256} ({Output.Escape(before.Source)})");
                output.Line($"+ {after.Sha256} ({Output.Escape(after.Source)})");
                WriteLines(comparison.Changes, output);
                if (!isEqual && comparison.Changes.Count == 0)
                {
                    output.Line("Only white space or the order of members differs.");
                }
            }

            return isEqual ? ExitCodes.Success : Different;
        });
        return command;
    }

    // Exit code 1 means that the manifests differ: a job that compares them every day must not take a failed download for a new manifest.
    private static async Task<FoundManifest> FindForDiffAsync(ManifestFinder finder, string? word, CancellationToken stop)
    {
        try
        {
            return await finder.FindAsync(word, stop);
        }
        catch (ToolException exception) when (exception.ExitCode == ExitCodes.Failed)
        {
            throw new ToolException(ExitCodes.Unknown, exception.Type, exception.Message, exception);
        }
    }

    private static Command Log(ToolContext context)
    {
        TextFlag directory = LogDirectory(), head = new(
            "--head", "SHA256", "A head of the log that you kept elsewhere. Exit code 3: the log does not contain it, so entries were removed or replaced");
        Command command = new("log", "List the manifests that were adopted on this machine, or by an application") { directory, head };
        CommonOptions options = new();
        command.SetRun(options, context, async (result, output, stop) =>
        {
            ServiceSettings settings = options.Read(result, context, needsKey: false);
            await using ManifestSources sources = await ManifestSources.OpenAsync(settings, directory.Read(result), context, stop);
            ManifestLog log = ManifestLog.Read(sources.LogDirectory);
            string? kept = head.Read(result)?.ToLowerInvariant();
            RequireHead(log, kept);
            ManifestLogOutput.Write(log, sources.Workspace, isGiven: settings.Workspace is not null, output);
            if (kept is not null && !output.IsJson)
            {
                output.Hint($"The log contains the head {kept}. All entries that it had then are still there.");
            }

            return ExitCodes.Success;
        });
        return command;
    }

    private static TextFlag LogDirectory() => new(
        "--log-directory", "DIR", "The manifest log of an application: the logDirectory of its ManifestPolicy [default: the log of the workspace]");

    private static void RequireHead(ManifestLog log, string? head)
    {
        if (head is not null && (head.Length != 64 || !head.All(char.IsAsciiHexDigit)))
        {
            throw ToolException.Usage("--head must be 64 hexadecimal digits.");
        }

        if (head is not null && !log.ContainsHead(head))
        {
            throw new ToolException(
                ExitCodes.Refused, "manifest-log",
                $"The log does not contain the head {head}: entries were removed or replaced. Find out who changed the log. Its head is {log.HeadSha256}.");
        }
    }

    // The bytes can come from a server that is not verified. A pipe or a file gets them as they are.
    private static void RequireHarmless(FoundManifest manifest, ToolContext context)
    {
        if (context.Console.IsOutputTerminal && manifest.Bytes.Any(value => value is (< 32 and not 9 and not 10 and not 13) or > 126))
        {
            throw ToolException.Setup("The manifest contains bytes that can change what this terminal shows. Write it to a file: --raw > manifest.json");
        }
    }

    /// <summary>Compares two manifests.</summary>
    /// <exception cref="ToolException">One of them is not a manifest.</exception>
    public static ManifestComparison Compare(FoundManifest? before, FoundManifest after)
    {
        try
        {
            return ManifestComparison.Compare(before?.Bytes, after.Bytes);
        }
        catch (PrivatemodeVerificationException exception)
        {
            throw ToolException.Setup($"This is not a manifest that can be compared: {exception.Message}", exception);
        }
    }

    public static void WriteLines(IReadOnlyList<string> lines, Output output)
    {
        foreach (string line in lines)
        {
            output.Line($"  {Output.Escape(line)}");
        }
    }

    private static void WriteShown(Utf8JsonWriter json, FoundManifest manifest)
    {
        json.WriteStartObject();
        json.WriteString("schema", "privatemode.manifest/1");
        json.WriteString("sha256", manifest.Sha256);
        json.WriteNumber("size", manifest.Bytes.Length);
        json.WriteString("source", manifest.Source);
        json.WriteBoolean("proved", manifest.IsProved);
        json.WritePropertyName("manifest");
        using JsonDocument document = JsonDocument.Parse(manifest.Bytes);
        document.RootElement.WriteTo(json);
        json.WriteEndObject();
    }

    private static void WriteDifference(Utf8JsonWriter json, ManifestComparison comparison, bool isEqual)
    {
        json.WriteStartObject();
        json.WriteString("schema", "privatemode.manifest-diff/1");
        json.WriteString("before", comparison.BeforeSha256);
        json.WriteString("after", comparison.AfterSha256);
        json.WriteBoolean("equal", isEqual);
        json.WriteBoolean("omitted", comparison.HasOmittedChanges);
        json.WriteTexts("changes", comparison.Changes);
        json.WriteEndObject();
    }
}

/// <summary>The sources of manifests for a command: the log of the workspace or of an application and, with <c>--demo</c>, the deployment of the
/// demo.</summary>
internal sealed class ManifestSources : IAsyncDisposable
{
    private readonly ClientConnection? _demo;

    private ManifestSources(string? workspace, string logDirectory, ManifestFinder finder, ClientConnection? demo)
    {
        Workspace = workspace;
        LogDirectory = logDirectory;
        Finder = finder;
        _demo = demo;
    }

    /// <summary>Null for the log of an application.</summary>
    public string? Workspace { get; }

    public string LogDirectory { get; }

    public ManifestFinder Finder { get; }

    /// <summary>Opens the sources. The log of the demo's own workspace is empty at first, so the deployment of the demo is verified, which adopts its
    /// manifest.</summary>
    public static async Task<ManifestSources> OpenAsync(ServiceSettings settings, string? logDirectory, ToolContext context, CancellationToken stop)
    {
        if (logDirectory is not null)
        {
            if (settings.IsDemo || settings.Workspace is not null)
            {
                throw ToolException.Usage("--log-directory cannot be combined with --demo or --workspace, which have a log of their own.");
            }

            string path = context.FullPath(logDirectory);
            RequireEntries(path, logDirectory);
            return new ManifestSources(workspace: null, path, new ManifestFinder(context, path, demo: null), demo: null);
        }

        if (!settings.IsDemo)
        {
            string workspace = settings.Workspace ?? context.State.Path;
            string log = Path.Combine(workspace, "manifests", "verified");
            return new ManifestSources(workspace, log, new ManifestFinder(context, log, demo: null), demo: null);
        }

        ClientConnection demo = await ClientFactory.OpenAsync(settings, context);
        try
        {
            if (settings.Workspace is null)
            {
                _ = await demo.Client.VerifyAsync(stop);
            }

            ManifestFinder finder = new(context, demo.EntriesDirectory, demo.Demo!.Deployment.Evidence.Manifest.ToArray());
            return new ManifestSources(demo.Workspace, demo.EntriesDirectory, finder, demo);
        }
        catch
        {
            await demo.DisposeAsync();
            throw;
        }
    }

    // A wrong path must not look like an empty log.
    private static void RequireEntries(string path, string shown)
    {
        if (ManifestLog.Read(path).Entries is not [])
        {
            return;
        }

        bool hasTests = ManifestLog.Read(Path.Combine(path, ManifestLog.InsecureLoopbackDirectoryName)).Entries is not [];
        throw ToolException.Setup($"There is no manifest log in \"{shown}\"." + (hasTests
            ? $" The log of clients with a test deployment is in \"{Path.Combine(shown, ManifestLog.InsecureLoopbackDirectoryName)}\"."
            : " Name the logDirectory of the application's ManifestPolicy, which contains log.txt."));
    }

    public ValueTask DisposeAsync() => _demo?.DisposeAsync() ?? ValueTask.CompletedTask;
}
