using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline;

/// <summary>Makes finish reasons readable for OpenAI's parser, which throws on words it does not know.</summary>
/// <remarks>
/// <c>abort</c> and <c>error</c> say that the model server broke the answer off: a failure, not an answer. Every other unknown word becomes
/// <c>length</c>, because the answer may not be whole, and is kept beside it as <c>original_finish_reason</c>.
/// </remarks>
internal static class FinishReasonNormalizer
{
    public const string OriginalName = "original_finish_reason";

    private const string Name = "finish_reason";
    private const string Substitute = "length";

    // The parser compares without case.
    private static readonly HashSet<string> Known =
        new(StringComparer.OrdinalIgnoreCase) { "stop", "length", "tool_calls", "content_filter", "function_call" };

    /// <summary>Puts the finish reasons of an answer, or of an event of it, right.</summary>
    /// <param name="opened">The answer or event.</param>
    /// <param name="isEvent">False for a whole answer, in which null is as unknown as a foreign word.</param>
    /// <param name="requestId">For the exception.</param>
    /// <exception cref="PrivatemodeServiceException">The model server broke the answer off.</exception>
    public static void Normalize(OpenedDocument opened, bool isEvent, string requestId)
    {
        if (!opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out JsonTokenType kind) || kind != JsonTokenType.StartArray)
        {
            return;
        }

        if (NeedsWork(choices, isEvent, requestId))
        {
            ChoicesEditor.Edit(opened, choices, array => Rewrite(array, isEvent));
        }
    }

    /// <summary>One short pass without allocations, since it runs for every event of a stream.</summary>
    private static bool NeedsWork(ReadOnlySpan<byte> choices, bool isEvent, string requestId)
    {
        bool needsWork = false;
        Utf8JsonReader reader = new(choices, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        try
        {
            while (reader.Read())
            {
                // Depth 1 is a choice, 2 its members.
                if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 2 && reader.ValueTextEquals("finish_reason"u8))
                {
                    _ = reader.Read();
                    needsWork |= reader.TokenType == JsonTokenType.Null ? !isEvent
                        : reader.TokenType == JsonTokenType.String && !IsReadable(ref reader, requestId);
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Left as it is for the client's own parser to judge.
        }

        return needsWork;
    }

    private static bool IsReadable(ref Utf8JsonReader reader, string requestId)
    {
        if (reader.ValueTextEquals("stop"u8) || reader.ValueTextEquals("tool_calls"u8))
        {
            return true;
        }

        string reason = reader.GetString()!;
        return reason is "abort" or "error" ? throw ServiceErrors.BrokenOff(reason, requestId) : Known.Contains(reason);
    }

    private static bool Rewrite(JsonArray choices, bool isEvent)
    {
        bool changed = false;
        foreach (JsonObject choice in choices.OfType<JsonObject>())
        {
            if (!choice.TryGetPropertyValue(Name, out JsonNode? node) || node is not (null or JsonValue))
            {
                continue;
            }

            string? reason = ChoicesEditor.TextOf(node);
            if (reason is null && !isEvent)
            {
                changed |= choice.Remove(Name);
            }
            else if (reason is null)
            {
                choice[Name] = null;
                changed = true;
            }
            else if (!Known.Contains(reason))
            {
                choice[OriginalName] = reason;
                choice[Name] = Substitute;
                changed = true;
            }
        }

        return changed;
    }
}
