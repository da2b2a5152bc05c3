using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI;
using Privatemode.AI.AspNetCore;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Launch;

/// <summary>The proxy and the models that a coding assistant is configured to use.</summary>
internal sealed record LaunchTarget
{
    /// <summary>The address of the proxy, for example <c>http://127.0.0.1:8080</c>.</summary>
    public required Uri Proxy { get; init; }

    /// <summary>The caller key of the proxy, or null if it has none.</summary>
    public string? Key { get; init; }

    public required ModelInfo Model { get; init; }

    /// <summary>The model for titles and summaries.</summary>
    public required ModelInfo SmallModel { get; init; }

    /// <summary>All models of the service.</summary>
    public required IReadOnlyList<ModelInfo> Models { get; init; }

    /// <summary>Whether the assistant can send hosted tools, which the proxy then leaves out.</summary>
    public bool AllowsHostedTools { get; init; }

    /// <summary>The value of <c>NO_PROXY</c>, with the addresses of this machine.</summary>
    public required string HostsWithoutProxy { get; init; }

    public string BaseUrl => Proxy.GetLeftPart(UriPartial.Authority);
}

/// <summary>The parameters for starting a program.</summary>
/// <param name="Arguments">The arguments before those of the user.</param>
/// <param name="Environment">The environment variables to set.</param>
/// <param name="Files">The contents of files that exist while the program runs, by path.</param>
internal sealed record ProgramStart(
    IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, IReadOnlyDictionary<string, byte[]> Files);

/// <summary>A coding assistant that speaks OpenAI's or Anthropic's API: how it is started and configured.</summary>
internal abstract class Assistant
{
    /// <summary>The variable that holds the caller key, where a configuration names a variable.</summary>
    public const string KeyVariable = "PRIVATEMODE_PROXY_KEY";

    /// <summary>Whether a variable can contain the address or key of another service, which the program would use instead of the proxy.</summary>
    /// <remarks>Names are matched by prefix, because new versions of Claude Code can add variables for other cloud providers.</remarks>
    public static bool IsRemoved(string variable) =>
        variable is PrivatemodeOptions.ApiKeyEnvironmentVariable or "OPENAI_API_KEY" or "OPENAI_BASE_URL" ||
        variable.StartsWith("ANTHROPIC_", StringComparison.Ordinal) ||
        (variable.StartsWith("CLAUDE_CODE_USE_", StringComparison.Ordinal) && !ClaudeCode.LocalFeatures.Contains(variable)) ||
        ClaudeCode.OtherDestinations.Contains(variable);

    /// <summary>The name of the command and of the program.</summary>
    public abstract string Name { get; }

    public abstract string InstallHint { get; }

    /// <summary>Refuses to start the assistant if its own configuration would override the proxy's address.</summary>
    /// <exception cref="ToolException">The assistant's configuration would send prompts somewhere else.</exception>
    public virtual void RequireOurConfigurationCounts(ToolContext context)
    {
    }

    /// <summary>Returns how to start the assistant with a proxy that runs until the assistant ends.</summary>
    /// <param name="target">The address, key and models of the proxy.</param>
    /// <param name="directory">A directory for files that exist only while the assistant runs.</param>
    public abstract ProgramStart Start(LaunchTarget target, string directory);

    /// <summary>Returns the edits of configuration files that point the assistant to a proxy permanently.</summary>
    public abstract IReadOnlyList<ConfigurationEdit> Configure(LaunchTarget target, ToolContext context);

    public static IReadOnlyList<Assistant> All { get; } = [new ClaudeCode(), new Codex(), new OpenCode()];

    protected static string HomeOf(ToolContext context) =>
        context.Variable("HOME") ?? System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile);
}

/// <summary>Claude Code (2.1). Its settings override environment variables, so the settings are used.</summary>
internal sealed class ClaudeCode : Assistant
{
    /// <summary>Variables each of which would make Claude Code send prompts to another address than the base URL if the user's settings set it. An empty value
    /// has no effect.</summary>
    public static readonly IReadOnlyList<string> OtherDestinations =
    [
        "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY", "CLAUDE_CODE_USE_MANTLE", "CLAUDE_CODE_USE_ANTHROPIC_AWS",
        "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD", "CLAUDE_CODE_USE_GATEWAY", "ANTHROPIC_UNIX_SOCKET", "CLAUDE_CODE_RUNNER_MODEL_SOCKET",
    ];

    /// <summary>Variables that have names like <see cref="OtherDestinations"/> but send nothing.</summary>
    public static readonly IReadOnlyList<string> LocalFeatures = ["CLAUDE_CODE_USE_NATIVE_FILE_SEARCH", "CLAUDE_CODE_USE_POWERSHELL_TOOL"];

    // It refuses to start without a token, and sends it to our proxy only.
    private const string AnyToken = "privatemode";

    private static readonly string[] NoProxy = ["NO_PROXY", "no_proxy"];

    public override string Name => "claude";

    public override string InstallHint => "npm install -g @anthropic-ai/claude-code";

    public override ProgramStart Start(LaunchTarget target, string directory)
    {
        string file = Path.Combine(directory, "claude.json");
        JsonObject settings = new() { ["model"] = target.Model.Id, ["env"] = new JsonObject(), ["skipWebFetchPreflight"] = true };
        Dictionary<string, string> variables = Variables(target);
        foreach (string name in NoProxy)
        {
            variables[name] = target.HostsWithoutProxy;
        }

        foreach ((string name, string value) in variables)
        {
            settings["env"]![name] = value;
        }

        // Its settings cannot change the provider then, not even with a variable that is not listed here. It counts only outside of settings.
        variables["CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST"] = "1";
        return new ProgramStart(["--settings", file], variables, new Dictionary<string, byte[]> { [file] = ConfigurationText.Encode(settings) });
    }

    public override IReadOnlyList<ConfigurationEdit> Configure(LaunchTarget target, ToolContext context)
    {
        string directory = context.Variable("CLAUDE_CONFIG_DIR") ?? Path.Combine(HomeOf(context), ".claude");
        List<JsonMember> members = [new(["model"], target.Model.Id), new(["skipWebFetchPreflight"], true)];
        members.AddRange(Variables(target).Select(variable => new JsonMember(["env", variable.Key], variable.Value)));
        members.AddRange(NoProxy.Select(name => new JsonMember(["env", name], before => ChildProgram.WithLoopback(before switch
        {
            JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
            _ => target.HostsWithoutProxy,
        }))));
        return [new JsonEdit(Path.Combine(directory, "settings.json"), members) { HoldsKey = target.Key is not null }];
    }

    private static Dictionary<string, string> Variables(LaunchTarget target) => new(OtherDestinations.Select(name => KeyValuePair.Create(name, "")))
    {
        // Without /v1: the program adds /v1/messages.
        ["ANTHROPIC_BASE_URL"] = target.BaseUrl,
        ["ANTHROPIC_AUTH_TOKEN"] = target.Key ?? AnyToken,
        ["ANTHROPIC_MODEL"] = target.Model.Id,
        ["ANTHROPIC_DEFAULT_OPUS_MODEL"] = target.Model.Id,
        ["ANTHROPIC_DEFAULT_SONNET_MODEL"] = target.Model.Id,
        ["ANTHROPIC_DEFAULT_HAIKU_MODEL"] = target.SmallModel.Id,
        ["ANTHROPIC_SMALL_FAST_MODEL"] = target.SmallModel.Id,
        ["CLAUDE_CODE_SUBAGENT_MODEL"] = target.Model.Id,

        // Of models that it does not know, it assumes a million tokens, and would shorten a conversation too late.
        ["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] = ModelChoice.ContextOf(target.Model).ToString(CultureInfo.InvariantCulture),
        ["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "1",
        ["DISABLE_TELEMETRY"] = "1",

        // At its first start in a terminal it would fetch a list of plugins from github.com.
        ["CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL"] = "1",
        ["DISABLE_ERROR_REPORTING"] = "1",
        ["DISABLE_AUTOUPDATER"] = "1",
        ["CLAUDE_CODE_ATTRIBUTION_HEADER"] = "0",
        ["API_TIMEOUT_MS"] = "600000",
    };
}

/// <summary>Codex CLI (0.171). It speaks the Responses API only.</summary>
internal sealed class Codex : Assistant
{
    private const string Provider = "privatemode", Profile = "profile";
    private const int MaxSettingsSize = 4 << 20;

    public override string Name => "codex";

    public override string InstallHint => "npm install -g @openai/codex";

    public override ProgramStart Start(LaunchTarget target, string directory)
    {
        string catalog = Path.Combine(directory, "codex-models.json");
        List<string> arguments = [];
        (string Key, string Value)[] settings =
        [
            .. RootKeys(target, catalog), ($"model_providers.{Provider}", InlineTable(ProviderKeys(target))),

            // Not in config.toml, where a dotted key and a table of the user with the same name would exclude each other.
            ("analytics.enabled", "false"),

            // With plugins, it fetches lists of them from github.com and chatgpt.com at each start.
            ("features.plugins", "false"),
        ];
        foreach ((string key, string value) in settings)
        {
            arguments.AddRange(["-c", $"{key}={value}"]);
        }

        return new ProgramStart(
            arguments,
            target.Key is { } key2 ? new Dictionary<string, string> { [KeyVariable] = key2 } : [],
            new Dictionary<string, byte[]> { [catalog] = Catalog(target) });
    }

    public override IReadOnlyList<ConfigurationEdit> Configure(LaunchTarget target, ToolContext context)
    {
        string home = HomeOfCodex(context);
        string catalog = Path.Combine(home, "privatemode-models.json");
        return
        [
            new WholeFileEdit(catalog, Catalog(target)),
            new TomlEdit(Path.Combine(home, "config.toml"), RootKeys(target, catalog), $"model_providers.{Provider}", ProviderKeys(target), Profile),
        ];
    }

    // A profile has a model and a provider of its own, and wins over -c. The variables in .env win over those of the process.
    public override void RequireOurConfigurationCounts(ToolContext context)
    {
        string file = Path.Combine(HomeOfCodex(context), "config.toml");
        if (File.Exists(file) && TomlEdit.HasRootKey(BoundedFile.Read(file, MaxSettingsSize), Profile))
        {
            throw ToolException.Setup(
                $"\"{file}\" selects a profile, whose provider would be used instead of this proxy. Put a # before the line \"{Profile} = …\".");
        }

        string variables = Path.Combine(HomeOfCodex(context), ".env");
        if (File.Exists(variables) && Encoding.UTF8.GetString(BoundedFile.Read(variables, MaxSettingsSize)).Split('\n').Any(HidesLoopback))
        {
            throw ToolException.Setup(
                $"\"{variables}\" sets NO_PROXY without 127.0.0.1. Prompts could go to a proxy of the network unencrypted. Add 127.0.0.1 to the value.");
        }
    }

    private static bool HidesLoopback(string line)
    {
        string[] parts = line.TrimStart('\uFEFF').Split('=', 2);
        string[] words = parts[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return parts.Length == 2 && words is [.. [] or ["export"], var name] && name.Equals("NO_PROXY", StringComparison.OrdinalIgnoreCase) &&
            !parts[1].Split('#')[0].Split(',').Any(host => host.Trim().Trim('"', '\'').Trim() == "127.0.0.1");
    }

    private static string HomeOfCodex(ToolContext context) => context.Variable("CODEX_HOME") ?? Path.Combine(HomeOf(context), ".codex");

    private static (string Key, string Value)[] RootKeys(LaunchTarget target, string catalog) =>
    [
        ("model", TomlEdit.Text(target.Model.Id)),
        ("model_provider", TomlEdit.Text(Provider)),
        ("model_catalog_json", TomlEdit.Text(catalog)),
        .. target.AllowsHostedTools ? [] : ((string, string)[])[("web_search", TomlEdit.Text("disabled"))],
        ("check_for_update_on_startup", "false"),
    ];

    private static (string Key, string Value)[] ProviderKeys(LaunchTarget target) =>
    [
        ("name", TomlEdit.Text("Privatemode")),
        ("base_url", TomlEdit.Text($"{target.BaseUrl}/v1")),
        ("wire_api", TomlEdit.Text("responses")),
        .. target.Key is null ? [] : ((string, string)[])[("env_key", TomlEdit.Text(KeyVariable))],
        ("requires_openai_auth", "false"),
        ("supports_websockets", "false"),
        ("request_max_retries", "2"),
        ("stream_max_retries", "2"),
        ("stream_idle_timeout_ms", "300000"),
    ];

    private static string InlineTable(IEnumerable<(string Key, string Value)> members) =>
        $"{{{string.Join(',', members.Select(member => $"{member.Key}={member.Value}"))}}}";

    private static byte[] Catalog(LaunchTarget target)
    {
        ArrayBufferWriter<byte> catalog = new();
        CodexCatalog.Write(catalog, target.Models, new Dictionary<string, string>());
        return catalog.WrittenSpan.ToArray();
    }
}

/// <summary>opencode (1.18).</summary>
internal sealed class OpenCode : Assistant
{
    private const int MaxAnswerLength = 32_768;

    public override string Name => "opencode";

    public override string InstallHint => "npm install -g opencode-ai";

    public override ProgramStart Start(LaunchTarget target, string directory)
    {
        // In a variable, which wins over the project's file, and in a file, for versions that do not know the variable.
        string file = Path.Combine(directory, "opencode.json");
        JsonObject settings = new(Members(target).Select(member => KeyValuePair.Create(member.Name, (JsonNode?)member.Value)));
        Dictionary<string, string> variables = new(StringComparer.Ordinal)
        {
            ["OPENCODE_CONFIG"] = file,
            ["OPENCODE_CONFIG_CONTENT"] = settings.ToJsonString(),
            ["OPENCODE_DISABLE_AUTOUPDATE"] = "1",
            ["OPENCODE_DISABLE_MODELS_FETCH"] = "1",
            ["OPENCODE_DISABLE_LSP_DOWNLOAD"] = "1",
        };
        if (target.Key is { } key)
        {
            variables[KeyVariable] = key;
        }

        return new ProgramStart([], variables, new Dictionary<string, byte[]> { [file] = ConfigurationText.Encode(settings) });
    }

    public override IReadOnlyList<ConfigurationEdit> Configure(LaunchTarget target, ToolContext context)
    {
        string directory = Path.Combine(context.Variable("XDG_CONFIG_HOME") ?? Path.Combine(HomeOf(context), ".config"), "opencode");
        string commented = Path.Combine(directory, "opencode.jsonc");
        return File.Exists(commented)
            ? throw ToolException.Setup(
                $"\"{commented}\" would be used instead of opencode.json, and its comments would be lost. Use --print and edit it yourself.")
            : [new JsonEdit(
                Path.Combine(directory, "opencode.json"),
                [.. Members(target).Select(member => member.Name == "provider"
                    ? new JsonMember(["provider", "privatemode"], member.Value["privatemode"]!)
                    : new JsonMember([member.Name], member.Value))])];
    }

    // With any other provider enabled, some versions sent titles to a hosted model.
    private static IEnumerable<(string Name, JsonNode Value)> Members(LaunchTarget target) =>
    [
        ("model", $"privatemode/{target.Model.Id}"),
        ("small_model", $"privatemode/{target.SmallModel.Id}"),
        ("enabled_providers", new JsonArray("privatemode")),
        ("share", "disabled"),
        ("autoupdate", false),
        ("provider", new JsonObject
        {
            ["privatemode"] = new JsonObject
            {
                ["npm"] = "@ai-sdk/openai-compatible",
                ["name"] = "Privatemode",
                ["options"] = new JsonObject
                {
                    ["baseURL"] = $"{target.BaseUrl}/v1",
                    ["apiKey"] = target.Key is null ? "privatemode" : $"{{env:{KeyVariable}}}",
                },
                ["models"] = new JsonObject(
                    target.Models.Where(model => model.SupportsChat).Select(model => KeyValuePair.Create(model.Id, (JsonNode?)Model(model)))),
            },
        }),
    ];

    private static JsonObject Model(ModelInfo model) => new()
    {
        ["name"] = model.Id,
        ["tool_call"] = model.SupportsTools,
        ["reasoning"] = true,
        ["attachment"] = model.SupportsVision,
        ["limit"] = new JsonObject { ["context"] = ModelChoice.ContextOf(model), ["output"] = MaxAnswerLength },
    };
}
