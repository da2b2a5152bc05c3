using System.CommandLine;
using Privatemode.AI;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.CommandLine;

/// <summary>The flags of every command that contacts the service.</summary>
internal sealed class CommonOptions
{
    public TextFlag ApiKey { get; init; } = new(
        "--api-key", "KEY|@FILE",
        "The API key, or @ and the path of a file that contains it [default: the environment variable PRIVATEMODE_API_KEY]", "--apiKey");

    public TextFlag ApiEndpoint { get; init; } = new(
        "--api-endpoint", "HOST[:PORT]", "The address of the service [default: api.privatemode.ai:443]", "--apiEndpoint");

    public TextFlag Workspace { get; init; } = new(
        "--workspace", "DIR", "The directory of the manifest log and of cached collateral [default: the state directory]");

    public ListFlag Manifest { get; } = new(
        "--manifest", "SHA256|FILE", "Accept only this manifest: its SHA-256 digest, or the file itself. Can be repeated");

    public BoolFlag Demo { get; } = new("--demo", "Use a test deployment inside this process. It needs no API key and proves nothing");

    public TextFlag DemoScript { get; } = new("--demo-script", "FILE", "The answers of the test deployment, one JSON object per line") { Hidden = true };

    public BoolFlag Json { get; } = new("--json", "Write the result as one line of JSON");

    public BoolFlag Verbose { get; } = new("--verbose", "Show log lines, and details of errors");

    /// <summary>The name of the program part that reads the flags, for messages.</summary>
    public string What { get; init; } = "command";

    /// <summary>Adds the flags to a command, after its own.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[ApiKey, ApiEndpoint, Workspace, Manifest, Demo, DemoScript, Json, Verbose])
        {
            command.Add(option);
        }
    }

    public Output OutputOf(ParseResult result, ToolContext context) => new(context, Json.Read(result), Verbose.Read(result));

    /// <summary>Reads and checks the flags. Nothing is sent.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="context">The console, the environment and the directories of the command.</param>
    /// <param name="needsKey">Whether the command needs an API key.</param>
    /// <exception cref="ToolException">A flag is invalid. The exception contains the message for the user.</exception>
    public ServiceSettings Read(ParseResult result, ToolContext context, bool needsKey = true)
    {
        bool isDemo = Demo.Read(result);
        string? key = ApiKey.Read(result), workspace = Workspace.Read(result);
        RequireNoConflict(result);
        return new ServiceSettings
        {
            IsDemo = isDemo,
            DemoScript = DemoScript.Read(result) is { } script ? context.FullPath(script) : null,
            ApiKey = isDemo ? null : ReadKey(key, context, needsKey),
            Endpoint = ReadEndpoint(result),
            Workspace = workspace is null ? null : context.FullPath(workspace),
            Manifest = ReadManifest(result, context),
            IsJson = Json.Read(result),
            IsVerbose = Verbose.Read(result),
        };
    }

    /// <summary>Returns the address of the service in the flags, or null.</summary>
    public Uri? ReadEndpoint(ParseResult result) =>
        ApiEndpoint.Read(result) is { } endpoint ? ServiceAddress.Parse(endpoint, ApiEndpoint.NameIn(result), What) : null;

    /// <summary>Returns the policy for the manifests in the flags, or null.</summary>
    public ManifestPolicy? ReadManifest(ParseResult result, ToolContext context) => Manifest.Read(result) is { Count: > 0 } values
        ? ManifestPolicy.Pinned([.. values.Select(value => ManifestArgument.ReadDigest(value, context))])
        : null;

    /// <summary>Refuses flags about the service together with <c>--demo</c>. <c>--manifest</c> is allowed: the demo then shows what a pinned manifest
    /// does.</summary>
    public void RequireNoConflict(ParseResult result)
    {
        if (Demo.Read(result) && (ApiKey.Read(result) is not null || ApiEndpoint.Read(result) is not null))
        {
            throw ToolException.Setup("--demo cannot be combined with --api-endpoint or --api-key.");
        }
    }

    private static string? ReadKey(string? given, ToolContext context, bool needsKey)
    {
        string? key = KeyReader.Read(given ?? context.Variable(PrivatemodeOptions.ApiKeyEnvironmentVariable), context);
        return key is null && needsKey
            ? throw ToolException.Setup("No API key. Set PRIVATEMODE_API_KEY, or use --api-key @FILE. Without a key, try --demo.")
            : key;
    }
}
