using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Tells the choices of a whole answer from those of an event.</summary>
/// <remarks>
/// Whether a stream is asked for travels in the clear: a hop can ask for one, and pass its first event for the whole answer. The choices of chats
/// then have no message. Those of completions look alike in both; of a whole answer, each says why it ended.
/// </remarks>
internal static class WholeChoices
{
    /// <param name="opened">The answer.</param>
    /// <param name="hasMessages">Whether it is the answer of a chat.</param>
    /// <param name="expected">How many choices were asked for. Completions may have more prompts than those we count.</param>
    public static AnswerFault Check(OpenedDocument opened, bool hasMessages, int expected)
    {
        _ = opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out _);
        Utf8JsonReader reader = new(choices, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        ReadOnlySpan<byte> name = hasMessages ? "message"u8 : "finish_reason"u8;
        int count = 0;
        bool areWhole = true;
        try
        {
            _ = reader.Read();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                areWhole &= reader.TokenType == JsonTokenType.StartObject && IsWhole(ref reader, name);
                reader.Skip();
                count++;
            }
        }
        catch (JsonException)
        {
            // Left for the client's own parser to judge.
            return AnswerFault.None;
        }

        return !areWhole ? AnswerFault.PayloadMissing : hasMessages && count > expected ? AnswerFault.ChoiceCount : AnswerFault.None;
    }

    /// <summary>Whether a choice has a member of this name that is an object, or a text that is not empty. Reads to the end of the choice.</summary>
    private static bool IsWhole(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        bool isWhole = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isIt = !reader.ValueIsEscaped && reader.ValueTextEquals(name);
            _ = reader.Read();
            isWhole |= isIt && (reader.TokenType == JsonTokenType.StartObject || (reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty));
            reader.Skip();
        }

        return isWhole;
    }
}
