using Microsoft.Extensions.AI;

namespace Privatemode.AI.Testing;

/// <summary>Token counts of a scripted answer.</summary>
internal sealed record ScriptedUsage(int Input, int Output, int Cached, int Reasoning)
{
    /// <exception cref="ArgumentOutOfRangeException">A count is negative or greater than <see cref="int.MaxValue"/>.</exception>
    public static ScriptedUsage From(UsageDetails usage) => new(
        Count(usage.InputTokenCount), Count(usage.OutputTokenCount), Count(usage.CachedInputTokenCount), Count(usage.ReasoningTokenCount));

    private static int Count(long? usage) => usage is null or (>= 0 and <= int.MaxValue)
        ? (int)(usage ?? 0)
        : throw new ArgumentOutOfRangeException(nameof(usage), usage, $"A token count must be between 0 and {int.MaxValue}.");
}
