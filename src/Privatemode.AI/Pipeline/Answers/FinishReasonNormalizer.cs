using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Makes finish reasons readable for OpenAI's parser, which throws on words it does not know.</summary>
/// <remarks>
/// <c>abort</c> and <c>error</c> say that the model server broke the answer off: a failure, not an answer. Every other unknown word becomes
/// <c>length</c>, because the answer may not be whole, and is kept beside it as <c>original_finish_reason</c>.
/// </remarks>
internal static class FinishReasonNormalizer
{
    // The parser compares without case.
    private static readonly HashSet<string> Known =
        new(StringComparer.OrdinalIgnoreCase) { "stop", "length", "tool_calls", "content_filter", "function_call" };

    /// <summary>Puts the finish reasons of an answer, or of an event of it, right.</summary>
    /// <param name="opened">The answer or event.</param>
    /// <param name="isEvent">False for a whole answer, in which null is as unknown as a foreign word. What is not text is no reason in either.</param>
    /// <param name="requestId">For the exception.</param>
    /// <param name="handedOut">For the exception: a part of the answer has gone to the caller.</param>
    /// <exception cref="PrivatemodeServiceException">The model server broke the answer off.</exception>
    public static void Normalize(OpenedDocument opened, bool isEvent, string requestId, bool handedOut = false)
    {
        if (!opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out JsonTokenType kind) || kind != JsonTokenType.StartArray)
        {
            return;
        }

        if (NeedsWork(choices, isEvent, requestId, handedOut))
        {
            opened.Replace("choices"u8, Rewrite(choices, isEvent));
        }
    }

    /// <summary>One short pass without allocations, since it runs for every event of a stream.</summary>
    private static bool NeedsWork(ReadOnlySpan<byte> choices, bool isEvent, string requestId, bool handedOut)
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
                        : reader.TokenType != JsonTokenType.String || !IsReadable(ref reader, requestId, handedOut);
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Left as it is for the client's own parser to judge.
        }

        return needsWork;
    }

    private static bool IsReadable(ref Utf8JsonReader reader, string requestId, bool handedOut)
    {
        if (reader.ValueTextEquals("stop"u8) || reader.ValueTextEquals("tool_calls"u8))
        {
            return true;
        }

        string reason = reader.GetString()!;
        return reason is "abort" or "error" ? throw PrivatemodeServiceException.BrokenOff(reason, requestId, handedOut) : Known.Contains(reason);
    }

    /// <summary>What to put in place of the members that cannot be read; nothing if a choice has two.</summary>
    private static List<Replacement> Rewrite(ReadOnlySpan<byte> choices, bool isEvent)
    {
        List<Replacement> replacements = [];
        Utf8JsonReader reader = new(choices, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        bool isFound = false;
        try
        {
            for (Range before = default; reader.Read(); before = (int)reader.TokenStartIndex..(int)reader.BytesConsumed)
            {
                isFound &= reader.TokenType != JsonTokenType.StartObject || reader.CurrentDepth != 1;
                if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 2 || !reader.ValueTextEquals("finish_reason"u8))
                {
                    continue;
                }

                if (isFound)
                {
                    return [];
                }

                isFound = true;
                int start = (int)reader.TokenStartIndex;
                _ = reader.Read();
                int valueStart = (int)reader.TokenStartIndex;
                byte[]? value = Rewrite(ref reader, isEvent);
                reader.Skip();
                if (value is not null)
                {
                    replacements.Add(value.Length > 0
                        ? new Replacement(valueStart, (int)reader.BytesConsumed - valueStart, value)
                        : Removal(choices, before, start..(int)reader.BytesConsumed));
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Left as it is for the client's own parser to judge.
            return [];
        }

        return replacements;
    }

    /// <summary>What to put in place of the value at the reader: nothing to remove the member, null to leave it.</summary>
    private static byte[]? Rewrite(ref Utf8JsonReader reader, bool isEvent)
    {
        if (reader.TokenType != JsonTokenType.String || reader.ValueSpan.IsEmpty)
        {
            return !isEvent ? [] : reader.TokenType == JsonTokenType.Null ? null : "null"u8.ToArray();
        }

        return Known.Contains(reader.GetString()!) ? null : [.. "\"length\",\"original_finish_reason\":\""u8, .. reader.ValueSpan, .. "\""u8];
    }

    /// <summary>Takes a member out, with the comma before it or, if it is the first, behind it.</summary>
    private static Replacement Removal(ReadOnlySpan<byte> choices, Range before, Range member)
    {
        (int start, int end) = (member.Start.Value, member.End.Value);
        if (choices[before][0] != (byte)'{')
        {
            return new Replacement(before.End.Value, end - before.End.Value, []);
        }

        int next = end + choices[end..].IndexOfAnyExcept(" \t\r\n"u8);
        end = choices[next] == (byte)',' ? next + 1 : end;
        return new Replacement(start, end - start, []);
    }
}
