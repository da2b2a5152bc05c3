using Microsoft.Extensions.AI;
using OpenAI.Chat;

namespace Privatemode.AI.Chat;

/// <summary>Token counts. They travel in the clear and are not authenticated.</summary>
internal static class UsageMapper
{
    public static UsageDetails? FromOpenAI(ChatTokenUsage? usage)
    {
        if (usage is null)
        {
            return null;
        }

        UsageDetails details = new()
        {
            InputTokenCount = usage.InputTokenCount,
            OutputTokenCount = usage.OutputTokenCount,
            TotalTokenCount = usage.TotalTokenCount,
            CachedInputTokenCount = usage.InputTokenDetails?.CachedTokenCount,
            ReasoningTokenCount = usage.OutputTokenDetails?.ReasoningTokenCount,
        };
        if (usage.InputTokenDetails is { } input)
        {
            Add(details, "InputTokenDetails.AudioTokenCount", input.AudioTokenCount);
        }

        if (usage.OutputTokenDetails is { } output)
        {
            Add(details, "OutputTokenDetails.AudioTokenCount", output.AudioTokenCount);
            Add(details, "OutputTokenDetails.AcceptedPredictionTokenCount", output.AcceptedPredictionTokenCount);
            Add(details, "OutputTokenDetails.RejectedPredictionTokenCount", output.RejectedPredictionTokenCount);
        }

        return details;
    }

    private static void Add(UsageDetails details, string name, int count) => (details.AdditionalCounts ??= [])[name] = count;
}
