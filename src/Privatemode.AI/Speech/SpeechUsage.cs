using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Speech;

/// <summary>What a transcription used: tokens, seconds of audio, or both. It travels in the clear and is not authenticated.</summary>
internal static class SpeechUsage
{
    /// <summary>Name of the seconds of audio among the additional counts.</summary>
    public const string SecondsName = "DurationSeconds";

    /// <summary>The usage in an answer or event; null when there is none.</summary>
    public static UsageDetails? Read(JsonElement root)
    {
        if (!TranscriptionReader.TryGet(root, "usage", out JsonElement usage))
        {
            return null;
        }

        UsageDetails details = new()
        {
            // OpenAI's names, and those of the model server.
            InputTokenCount = UsageCounts.Count(usage, "input_tokens") ?? UsageCounts.Count(usage, "prompt_tokens"),
            OutputTokenCount = UsageCounts.Count(usage, "output_tokens") ?? UsageCounts.Count(usage, "completion_tokens"),
            TotalTokenCount = UsageCounts.Count(usage, "total_tokens"),
        };
        if (TranscriptionReader.TryGet(usage, "input_token_details", out JsonElement input))
        {
            details.InputAudioTokenCount = UsageCounts.Count(input, "audio_tokens");
            details.InputTextTokenCount = UsageCounts.Count(input, "text_tokens");
        }

        if (TranscriptionReader.Time(usage, "seconds") is { } time)
        {
            (details.AdditionalCounts ??= [])[SecondsName] = (long)Math.Ceiling(time.TotalSeconds);
        }

        return details;
    }
}
