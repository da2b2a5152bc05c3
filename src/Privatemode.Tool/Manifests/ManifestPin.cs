using System.CommandLine;
using System.Text.Json;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Services;
using Privatemode.Tool.Verify;

namespace Privatemode.Tool.Manifests;

/// <summary><c>privatemode manifest pin</c>: verifies the deployment against one manifest, and says how to accept only that one from now on.</summary>
internal sealed class ManifestPin
{
    private readonly Argument<string?> _source = new("source")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = $"The manifest to pin: {ManifestCommands.Sources} [default: published]",
    };

    private readonly BoolFlag _yes = new("--yes", "Do not ask for confirmation");
    private readonly TextFlag _out = new("--out", "FILE", "Also write the manifest to a file, for --manifestPath of the proxy");
    private readonly BoolFlag _force = new("--force", "Replace the file of --out if it exists");
    private readonly CommonOptions _common = new();
    private readonly ToolContext _context;

    private ManifestPin(ToolContext context) => _context = context;

    public static Command Create(ToolContext context)
    {
        ManifestPin pin = new(context);
        Command command = new("pin", "Verify the deployment against one manifest, and show the settings that accept only it")
        {
            pin._source, pin._yes, pin._out, pin._force,
        };
        command.SetRun(pin._common, context, pin.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, Output output, CancellationToken stop)
    {
        ServiceSettings settings = _common.Read(result, _context);
        if (!_yes.Read(result) && !_context.Console.IsInputTerminal)
        {
            throw ToolException.Usage("manifest pin asks for confirmation, but stdin is not a terminal. Use --yes.");
        }

        OutputFile? target = _out.Read(result) is { } given ? new OutputFile(given, _force.Read(result), _context) : null;
        await using ClientConnection connection = await ClientFactory.OpenAsync(settings, _context);
        ManifestFinder finder = new(_context, connection.EntriesDirectory, connection.Demo?.Deployment.Evidence.Manifest.ToArray());
        FoundManifest manifest = await finder.FindAsync(result.GetValue(_source) ?? ManifestFinder.Published, stop);
        FoundManifest? adopted = finder.LastAdopted();
        ManifestComparison comparison = ManifestCommands.Compare(adopted, manifest);

        VerifyOutcome outcome = await VerifyPinnedAsync(manifest, connection, stop);
        if (outcome.Kind != VerifyOutcomeKind.Verified)
        {
            new VerifyOutput(output, outcome, settings.IsDemo).Write(isOffline: false, saved: null);
            return outcome.ExitCode;
        }

        if (!output.IsJson)
        {
            output.Line($"The deployment proves that it runs manifest {manifest.Sha256}.");
            output.Line(adopted is null ? "No manifest was adopted before. This one contains:"
                : adopted.Sha256 == manifest.Sha256 ? "It is the manifest that was adopted last."
                : $"Changes since the manifest that was adopted last ({adopted.Sha256[..8]}…):");
            ManifestCommands.WriteLines(comparison.Changes, output);
        }

        if (!_yes.Read(result) && !await AskAsync(manifest, stop))
        {
            throw ToolException.Failed("Nothing was pinned.");
        }

        target?.Write(manifest.Bytes);
        Write(manifest, target?.Path, output);
        return ExitCodes.Success;
    }

    // The client of the connection would accept the latest manifest.
    private async Task<VerifyOutcome> VerifyPinnedAsync(FoundManifest manifest, ClientConnection connection, CancellationToken stop)
    {
        PrivatemodeOptions options = new();
        connection.Configure(options);
        options.Verification.Manifest = ManifestPolicy.Pinned(manifest.Sha256);
        await using PrivatemodeClient client = new(options);
        return await VerifyCommand.VerifyAsync(client, _context.Time, stop);
    }

    private async Task<bool> AskAsync(FoundManifest manifest, CancellationToken stop)
    {
        await _context.Console.Error.WriteAsync($"Pin {manifest.Sha256}? [y/N] ");
        return (await _context.Console.ReadLineAsync(stop))?.Trim() is "y" or "Y" or "yes";
    }

    private static void Write(FoundManifest manifest, string? file, Output output)
    {
        if (output.IsJson)
        {
            output.Json(json => WriteJson(json, manifest, file));
            return;
        }

        output.Line("appsettings.json:");
        output.Line($$"""  { "Privatemode": { "Verification": { "Manifest": { "Mode": "Pinned", "Sha256": [ "{{manifest.Sha256}}" ] } } } }""");
        output.Line("environment:");
        output.Line("  Privatemode__Verification__Manifest__Mode=Pinned");
        output.Line($"  Privatemode__Verification__Manifest__Sha256__0={manifest.Sha256}");
        output.Line("this tool:");
        output.Line($"  --manifest {manifest.Sha256}");
        if (file is not null)
        {
            output.Line($"proxy:\n  --manifestPath {Output.Escape(file)}");
        }
    }

    private static void WriteJson(Utf8JsonWriter json, FoundManifest manifest, string? file)
    {
        json.WriteStartObject();
        json.WriteString("schema", "privatemode.manifest-pin/1");
        json.WriteString("sha256", manifest.Sha256);
        json.WriteString("file", file);
        json.WriteEndObject();
    }
}
