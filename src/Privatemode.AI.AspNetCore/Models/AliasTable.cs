using System.Collections.Frozen;
using System.IO.Enumeration;
using Microsoft.Extensions.Options;
using Privatemode.AI.AspNetCore.Status;

namespace Privatemode.AI.AspNetCore.Models;

/// <summary>The kind of model that a name stands for if it is neither a model ID that the service lists nor a configured alias.</summary>
internal enum DefaultModel
{
    None,
    Chat,
    SmallChat,
    Embeddings,
    Transcription,
}

/// <summary>The aliases of the configuration and the default aliases for other providers' model names. They do not depend on a model list.</summary>
internal sealed class AliasTable
{
    // The first match is used. gpt-oss is a model of this service, although its name looks like one of another provider.
    private static readonly (string Pattern, DefaultModel Model)[] Defaults =
    [
        ("gpt-oss*", DefaultModel.None), ("text-embedding-*", DefaultModel.Embeddings),
        ("whisper-1", DefaultModel.Transcription), ("gpt-4o*-transcribe*", DefaultModel.Transcription),
        ("claude-haiku*", DefaultModel.SmallChat), ("claude-3-5-haiku*", DefaultModel.SmallChat), ("claude-*-haiku*", DefaultModel.SmallChat),
        ("gpt-*-mini*", DefaultModel.SmallChat), ("gpt-*-nano*", DefaultModel.SmallChat), ("o?-mini*", DefaultModel.SmallChat),
        ("claude*", DefaultModel.Chat), ("anthropic/*", DefaultModel.Chat), ("gpt-*", DefaultModel.Chat), ("chatgpt-*", DefaultModel.Chat),
        ("o1*", DefaultModel.Chat), ("o3*", DefaultModel.Chat), ("o4*", DefaultModel.Chat), ("codex-*", DefaultModel.Chat),
    ];

    private readonly PrivatemodeProxyOptions _options;
    private readonly Action<string> _reportGone;
    private readonly FrozenDictionary<string, string> _exact;
    private readonly (string Start, string Target)[] _patterns;
    private readonly FrozenSet<string> _targets;

    public AliasTable(IOptions<PrivatemodeProxyOptions> options, ProxyTelemetry telemetry)
        : this(options.Value, telemetry.AliasTargetGone)
    {
    }

    internal AliasTable(PrivatemodeProxyOptions options, Action<string> reportGone)
    {
        (_options, _reportGone) = (options, reportGone);
        _exact = options.Aliases.Where(alias => !alias.Key.EndsWith('*')).ToFrozenDictionary(StringComparer.Ordinal);
        _patterns =
        [
            .. options.Aliases.Where(alias => alias.Key.EndsWith('*')).Select(alias => (alias.Key[..^1], alias.Value))
                .OrderByDescending(alias => alias.Item1.Length),
        ];
        ProxyDefaultModels models = options.DefaultModels;
        _targets = options.Aliases.Values.Concat([models.Chat, models.SmallChat, models.Embeddings, models.Transcription]).OfType<string>()
            .ToFrozenSet(StringComparer.Ordinal);
    }

    /// <summary>The aliases without patterns.</summary>
    public IReadOnlyDictionary<string, string> Exact => _exact;

    public ProxyDefaultModels Models => _options.DefaultModels;

    /// <summary>Returns the model ID that the configuration assigns to a name, or null if it assigns none.</summary>
    public string? TargetOf(string name) => _exact.TryGetValue(name, out string? target) ? target
        : Array.Find(_patterns, pattern => name.StartsWith(pattern.Start, StringComparison.Ordinal)).Target;

    public DefaultModel DefaultOf(string name) => FindDefault(name).Model;

    /// <summary>Returns the alias that a name matches: the name itself or a pattern, or null if it matches none. The result never contains text that only a
    /// caller chose.</summary>
    public string? AliasOf(string name) => _exact.ContainsKey(name) ? name
        : Array.Find(_patterns, pattern => name.StartsWith(pattern.Start, StringComparison.Ordinal)) is { Start: { } start } ? start + "*"
        : FindDefault(name) is { Model: not DefaultModel.None } alias ? alias.Pattern : null;

    /// <summary>Whether the configuration names the model: as the target of an alias, or as a default.</summary>
    public bool IsConfigured(string model) => _targets.Contains(model);

    private (string? Pattern, DefaultModel Model) FindDefault(string name) => _options.UseDefaultAliases
        ? Array.Find(Defaults, alias => FileSystemName.MatchesSimpleExpression(alias.Pattern, name, ignoreCase: false))
        : default;

    /// <summary>Reports that the target of an alias, or a default model of the configuration, is not offered. Each is logged once.</summary>
    public void ReportGone(string model) => _reportGone(model);
}
