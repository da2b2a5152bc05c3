using Microsoft.Extensions.AI;
using OpenAI.Chat;

namespace Privatemode.AI.Chat;

/// <summary>Maps <see cref="ReasoningEffort"/> to the efforts that the family of a model supports. The table is in docs/chat.md.</summary>
internal static class ReasoningEfforts
{
    private const string GptOss = "gpt-oss";
    private const string Glm = "glm";

    /// <summary>Returns the effort to send, or null if none is set.</summary>
    /// <param name="effort">The effort that the caller asks for.</param>
    /// <param name="modelId">The model, with or without the name of its publisher in front.</param>
    /// <exception cref="PrivatemodeRequestException">The model cannot answer without reasoning.</exception>
    public static ChatReasoningEffortLevel? ToOpenAI(ReasoningEffort? effort, string? modelId)
    {
        if (effort is not { } wanted)
        {
            return null;
        }

        string name = modelId is null ? "" : modelId[(modelId.LastIndexOf('/') + 1)..];
        bool isGptOss = IsOf(GptOss, name);
        bool isGlm = IsOf(Glm, name);
        if (wanted == ReasoningEffort.None && (isGptOss || isGlm))
        {
            throw new PrivatemodeRequestException(
                "ChatOptions.Reasoning.Effort",
                $"Effort is None, but models of the family {(isGlm ? "GLM" : GptOss)} always reason. Use ReasoningEffort.Low or another model.");
        }

        string? word = isGptOss ? OfGptOss(wanted) : isGlm ? OfGlm(wanted) : OfOthers(wanted);
        return word is null ? null : new ChatReasoningEffortLevel(word);
    }

    private static bool IsOf(string family, string name) => name.StartsWith(family, StringComparison.OrdinalIgnoreCase)
        && (name.Length == family.Length || !char.IsAsciiLetter(name[family.Length]));

    private static string? OfGptOss(ReasoningEffort effort) => effort switch
    {
        ReasoningEffort.Low => "low",
        ReasoningEffort.Medium => "medium",
        ReasoningEffort.High or ReasoningEffort.ExtraHigh => "high",
        _ => null,
    };

    private static string? OfGlm(ReasoningEffort effort) => effort switch
    {
        ReasoningEffort.Low => "low",
        ReasoningEffort.Medium or ReasoningEffort.High => "high",
        ReasoningEffort.ExtraHigh => "max",
        _ => null,
    };

    private static string? OfOthers(ReasoningEffort effort) => effort switch
    {
        ReasoningEffort.None => "none",
        ReasoningEffort.Low => "low",
        ReasoningEffort.Medium => "medium",
        ReasoningEffort.High => "high",
        ReasoningEffort.ExtraHigh => "xhigh",
        _ => null,
    };
}
