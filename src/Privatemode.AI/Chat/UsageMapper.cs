using System.ClientModel.Primitives;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Chat;

/// <summary>Token counts. They travel in the clear and are not authenticated.</summary>
internal static class UsageMapper
{
    /// <summary>The usage of an answer or event; null when there is none.</summary>
    /// <param name="answer">What the OpenAI client keeps of the answer or event.</param>
    public static UsageDetails? FromOpenAI(in JsonPatch answer)
    {
        JsonElement usage = UsageCounts.Of(answer);
        if (usage.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        JsonElement input = UsageCounts.Details(usage, "prompt_tokens_details");
        JsonElement output = UsageCounts.Details(usage, "completion_tokens_details");
        UsageDetails details = new()
        {
            InputTokenCount = UsageCounts.Count(usage, "prompt_tokens"),
            OutputTokenCount = UsageCounts.Count(usage, "completion_tokens"),
            TotalTokenCount = UsageCounts.Count(usage, "total_tokens"),
            CachedInputTokenCount = UsageCounts.Count(input, "cached_tokens"),
            ReasoningTokenCount = UsageCounts.Count(output, "reasoning_tokens"),
        };
        Add(details, "InputTokenDetails.AudioTokenCount", UsageCounts.Count(input, "audio_tokens"));
        Add(details, "OutputTokenDetails.AudioTokenCount", UsageCounts.Count(output, "audio_tokens"));
        Add(details, "OutputTokenDetails.AcceptedPredictionTokenCount", UsageCounts.Count(output, "accepted_prediction_tokens"));
        Add(details, "OutputTokenDetails.RejectedPredictionTokenCount", UsageCounts.Count(output, "rejected_prediction_tokens"));
        return details;
    }

    private static void Add(UsageDetails details, string name, long? count)
    {
        if (count is { } number)
        {
            (details.AdditionalCounts ??= [])[name] = number;
        }
    }
}
