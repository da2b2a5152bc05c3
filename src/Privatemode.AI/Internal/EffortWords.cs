namespace Privatemode.AI.Internal;

/// <summary>The words of <c>reasoning_effort</c> that the models of a family support. The table is in docs/chat.md.</summary>
internal static class EffortWords
{
    private const string GptOss = "gpt-oss";
    private const string Glm = "glm";

    /// <summary>Returns the name of the model's family if its models always reason and therefore do not support <c>none</c>; otherwise null.</summary>
    /// <param name="modelId">The model, with or without the name of its publisher in front.</param>
    public static string? FamilyWithoutNone(string? modelId) => IsOf(GptOss, modelId) ? GptOss : IsOf(Glm, modelId) ? "GLM" : null;

    /// <summary>Returns the word to send, or null if the effort is not one of OpenAI's, or the model does not support it.</summary>
    /// <param name="effort">OpenAI's word: none, minimal, low, medium, high, xhigh or max.</param>
    /// <param name="modelId">The model, with or without the name of its publisher in front.</param>
    public static string? Of(string effort, string? modelId) =>
        IsOf(GptOss, modelId) ? OfGptOss(effort) : IsOf(Glm, modelId) ? OfGlm(effort) : OfOthers(effort);

    private static bool IsOf(string family, string? modelId)
    {
        string name = modelId is null ? "" : modelId[(modelId.LastIndexOf('/') + 1)..];
        return name.StartsWith(family, StringComparison.OrdinalIgnoreCase)
            && (name.Length == family.Length || !char.IsAsciiLetter(name[family.Length]));
    }

    private static string? OfGptOss(string effort) => effort switch
    {
        "minimal" or "low" => "low",
        "medium" => "medium",
        "high" or "xhigh" or "max" => "high",
        _ => null,
    };

    private static string? OfGlm(string effort) => effort switch
    {
        "minimal" or "low" => "low",
        "medium" or "high" => "high",
        "xhigh" or "max" => "max",
        _ => null,
    };

    private static string? OfOthers(string effort) => effort is "none" or "minimal" or "low" or "medium" or "high" or "xhigh" or "max" ? effort : null;
}
