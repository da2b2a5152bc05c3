using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Responses;

/// <summary>The usage of an answer.</summary>
internal static class ResponseUsage
{
    /// <summary>Writes the usage of a chat as that of a response, or null unless both counts exist.</summary>
    public static void Write(PooledBytes target, ReadOnlySpan<byte> chat)
    {
        if (chat.IsEmpty || UsageCounts.Read(chat) is not { Input: { } input, Output: { } output } counts)
        {
            target.Append("null"u8);
            return;
        }

        target.Append("{\"input_tokens\":"u8);
        target.AppendNumber(input);
        if (counts.Cached is { } cached)
        {
            target.Append(",\"input_tokens_details\":{\"cached_tokens\":"u8);
            target.AppendNumber(cached);
            target.Append((byte)'}');
        }

        target.Append(",\"output_tokens\":"u8);
        target.AppendNumber(output);
        if (counts.Reasoning is { } reasoning)
        {
            target.Append(",\"output_tokens_details\":{\"reasoning_tokens\":"u8);
            target.AppendNumber(reasoning);
            target.Append((byte)'}');
        }

        target.Append(",\"total_tokens\":"u8);
        target.AppendNumber(counts.Total ?? input + output);
        target.Append((byte)'}');
    }
}

/// <summary>The counts in the usage of a chat; null for a count that is missing or impossible.</summary>
internal readonly record struct UsageCounts(long? Input, long? Output, long? Total, long? Cached, long? Reasoning)
{
    public static UsageCounts Read(ReadOnlySpan<byte> usage)
    {
        UsageCounts counts = default;
        Utf8JsonReader reader = new(usage, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            // Names of counts are unique, regardless of their object.
            if (reader.ValueTextEquals("prompt_tokens"u8))
            {
                counts = counts with { Input = Count(ref reader) };
            }
            else if (reader.ValueTextEquals("completion_tokens"u8))
            {
                counts = counts with { Output = Count(ref reader) };
            }
            else if (reader.ValueTextEquals("total_tokens"u8))
            {
                counts = counts with { Total = Count(ref reader) };
            }
            else if (reader.ValueTextEquals("cached_tokens"u8))
            {
                counts = counts with { Cached = Count(ref reader) };
            }
            else if (reader.ValueTextEquals("reasoning_tokens"u8))
            {
                counts = counts with { Reasoning = Count(ref reader) };
            }
        }

        return counts;
    }

    private static long? Count(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int count) && count >= 0 ? count : null;
}
