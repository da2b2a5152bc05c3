using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>One text of a streamed answer, which comes in pieces.</summary>
/// <param name="Choice">Index of the choice.</param>
/// <param name="Member">Name of the member that holds the pieces.</param>
/// <param name="ToolCall">Index of the tool call whose arguments they are; null for another text.</param>
internal readonly record struct TextKey(int Choice, string Member, int? ToolCall);

/// <summary>The positions of the pieces of text in one choice of an event.</summary>
/// <param name="Index">The index of the choice, or else its position.</param>
/// <param name="IsFinished">Whether the choice ends with this event.</param>
/// <param name="Texts">The inside of each string, in the order in which they stand.</param>
internal sealed record ChoiceTexts(int Index, bool IsFinished, List<(TextKey Key, Range Place)> Texts)
{
    private static readonly string[] DeltaTexts = ["content", "reasoning", "reasoning_content", "refusal"];

    /// <summary>Finds the texts in the <c>choices</c> of an event; none if they cannot be read.</summary>
    public static List<ChoiceTexts> Find(ReadOnlySpan<byte> choices)
    {
        List<ChoiceTexts> found = [];
        Utf8JsonReader reader = new(choices, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        try
        {
            _ = reader.Read();
            for (int position = 0; reader.Read() && reader.TokenType == JsonTokenType.StartObject; position++)
            {
                found.Add(ReadChoice(ref reader, position));
            }
        }
        catch (JsonException)
        {
            // Left unchanged; the OpenAI client's parser reports it.
            return [];
        }

        return found;
    }

    private static ChoiceTexts ReadChoice(ref Utf8JsonReader reader, int position)
    {
        int index = IndexOf(reader, position);
        bool isFinished = false;
        List<(TextKey Key, Range Place)> texts = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isText = Is(in reader, "text"u8);
            bool isDelta = Is(in reader, "delta"u8);
            bool isFinish = Is(in reader, "finish_reason"u8);
            _ = reader.Read();
            isFinished |= isFinish && reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty;
            if (isText && reader.TokenType == JsonTokenType.String)
            {
                texts.Add((new TextKey(index, "text", null), Inside(in reader)));
            }
            else if (isDelta && reader.TokenType == JsonTokenType.StartObject)
            {
                ReadDelta(ref reader, index, texts);
            }

            reader.Skip();
        }

        return new ChoiceTexts(index, isFinished, texts);
    }

    private static void ReadDelta(ref Utf8JsonReader reader, int choice, List<(TextKey Key, Range Place)> texts)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string? name = null;
            foreach (string text in DeltaTexts)
            {
                name = !reader.ValueIsEscaped && reader.ValueTextEquals(text) ? text : name;
            }

            bool isToolCalls = Is(in reader, "tool_calls"u8);
            _ = reader.Read();
            if (name is not null && reader.TokenType == JsonTokenType.String)
            {
                texts.Add((new TextKey(choice, name, null), Inside(in reader)));
            }
            else if (isToolCalls && reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    // Without an index the call is unknown.
                    if (reader.TokenType == JsonTokenType.StartObject && FindIndex(reader) is { } call)
                    {
                        FindArguments(reader, new TextKey(choice, "arguments", call), texts);
                    }

                    reader.Skip();
                }
            }

            reader.Skip();
        }
    }

    /// <summary>Looks for the arguments of a function in the tool call at the reader, which is a copy.</summary>
    private static void FindArguments(Utf8JsonReader reader, TextKey key, List<(TextKey Key, Range Place)> texts)
    {
        if (TryFind(ref reader, "function"u8) && reader.TokenType == JsonTokenType.StartObject && TryFind(ref reader, "arguments"u8)
            && reader.TokenType == JsonTokenType.String)
        {
            texts.Add((key, Inside(in reader)));
        }
    }

    /// <summary>The index of the choice at the reader, which is a copy, read as <see cref="ChoiceFinishes"/> does; its position if it has none.</summary>
    private static int IndexOf(Utf8JsonReader reader, int position)
    {
        int index = position;
        if (TryFind(ref reader, "index"u8))
        {
            _ = ChoiceFinishes.TryReadIndex(ref reader, ref index);
        }

        return index;
    }

    /// <summary>The member <c>index</c> of the object at the reader, which is a copy.</summary>
    private static int? FindIndex(Utf8JsonReader reader) =>
        TryFind(ref reader, "index"u8) && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int index) ? index : null;

    /// <summary>Goes from the beginning of an object to the value of a member.</summary>
    private static bool TryFind(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isIt = Is(in reader, name);
            _ = reader.Read();
            if (isIt)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    // ValueTextEquals throws if an escaped name contains a lone surrogate. None of these names has escapes.
    private static bool Is(in Utf8JsonReader reader, ReadOnlySpan<byte> name) => !reader.ValueIsEscaped && reader.ValueSpan.SequenceEqual(name);

    private static Range Inside(in Utf8JsonReader reader) => ((int)reader.TokenStartIndex + 1)..((int)reader.BytesConsumed - 1);
}
