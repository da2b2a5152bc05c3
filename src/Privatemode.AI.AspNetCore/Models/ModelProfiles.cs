namespace Privatemode.AI.AspNetCore.Models;

/// <summary>Properties of a model that the service does not return: the size of its context window, and how its reasoning is controlled.</summary>
/// <param name="ContextWindow">The maximum number of tokens of a prompt and its answer together.</param>
/// <param name="Efforts">The reasoning efforts that the model supports, in ascending order. Empty if it supports none.</param>
/// <param name="DefaultEffort">The effort if a request does not specify one.</param>
/// <param name="ThinkingSwitch">The member of <c>chat_template_kwargs</c> that is false for an answer without thinking, or null.</param>
internal sealed record ModelProfile(int ContextWindow, IReadOnlyList<string> Efforts, string? DefaultEffort = null, string? ThinkingSwitch = null)
{
    /// <summary>Returns the effort that the model supports and that is nearest to the one that the caller requested.</summary>
    /// <param name="asked">The caller's word.</param>
    /// <returns>One of <see cref="Efforts"/>, or low, medium or high if the model has none; null if the requested effort is unknown.</returns>
    public string? EffortFor(string asked)
    {
        int rank = Array.IndexOf(Ranks, asked);
        return rank < 0 ? null
            : HasMaximum ? (rank <= 1 ? "low" : rank <= 3 ? "high" : "max")
            : rank <= 1 ? "low" : rank == 2 ? "medium" : "high";
    }

    private static readonly string[] Ranks = ["minimal", "low", "medium", "high", "xhigh", "max"];

    private bool HasMaximum => Efforts.Contains("max", StringComparer.Ordinal);
}

/// <summary>The profiles of the service's models, by the beginning of their IDs. Keep the table up to date: the service does not return it.</summary>
internal static class ModelProfiles
{
    private static readonly ModelProfile Unknown = new(131_072, []);

    private static readonly (string Prefix, ModelProfile Profile)[] Known =
    [
        ("gpt-oss", new ModelProfile(131_072, ["low", "medium", "high"], "medium")),
        ("glm-5.3", new ModelProfile(1_048_576, ["low", "high", "max"], "high")),
        ("gemma-4", new ModelProfile(262_144, [], ThinkingSwitch: "enable_thinking")),
        ("gemma-3", new ModelProfile(131_072, [])),
        ("kimi", new ModelProfile(262_144, [], ThinkingSwitch: "thinking")),
        ("deepseek-ocr", new ModelProfile(8_192, [])),
    ];

    /// <summary>Returns the profile of a model. Only the part of the ID after the last slash counts: <c>openai/gpt-oss-120b</c> is
    /// <c>gpt-oss-120b</c>.</summary>
    public static ModelProfile Of(string model)
    {
        string id = model[(model.LastIndexOf('/') + 1)..];
        return Known.FirstOrDefault(known => id.StartsWith(known.Prefix, StringComparison.Ordinal)).Profile ?? Unknown;
    }
}
