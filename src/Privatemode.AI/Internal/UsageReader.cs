using System.ClientModel.Primitives;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Privatemode.AI.Internal;

/// <summary>Reads the counts of usage, which is not authenticated. The OpenAI client reads a missing count as 0; here it is absent.</summary>
internal static class UsageReader
{
    /// <summary>Returns the usage of an answer of the OpenAI client as it was sent, or null if the answer has no usage. The result refers to the bytes of the
    /// answer.</summary>
    public static JsonDocument? Of(in JsonPatch answer) =>
        answer.TryGetJson("$.usage"u8, out ReadOnlyMemory<byte> json) ? JsonDocument.Parse(json) : null;

    /// <summary>Returns the counts that chats and completions have in common.</summary>
    public static UsageDetails ToDetails(JsonElement usage) => new()
    {
        InputTokenCount = Count(usage, "prompt_tokens"),
        OutputTokenCount = Count(usage, "completion_tokens"),
        TotalTokenCount = Count(usage, "total_tokens"),
        CachedInputTokenCount = Count(Details(usage, "prompt_tokens_details"), "cached_tokens"),
        ReasoningTokenCount = Count(Details(usage, "completion_tokens_details"), "reasoning_tokens"),
    };

    /// <summary>Returns a member that is an object; undefined for anything else.</summary>
    public static JsonElement Details(JsonElement usage, string name) => Find(usage, name) is { ValueKind: JsonValueKind.Object } details ? details : default;

    /// <summary>Returns a member that is an integer from 0 to 2³¹−1; null for anything else.</summary>
    public static long? Count(JsonElement usage, string name) =>
        Find(usage, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out int count) && count >= 0 ? count : null;

    private static JsonElement Find(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) ? value : default;
}
