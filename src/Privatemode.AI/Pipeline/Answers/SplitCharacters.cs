using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Joins surrogate pairs whose halves a stream sends, as escapes, at the end of one event and in a later one.</summary>
/// <remarks>
/// A model server that splits text by UTF-16 units or by tokens can split an emoji. The readers of .NET throw on either half, and replacing each half
/// would give two replacement characters. So the first half is held back, at most one for each text of each choice, and written in front of the second
/// one. A half whose other half does not arrive is returned as U+FFFD before the choice finishes. There is one instance for each stream. Events without
/// such halves cost a search for <c>\u</c>.
/// </remarks>
internal sealed class SplitCharacters
{
    private const string ToolCalls = "tool_calls";

    // No server writes as many texts at once. The halves of further ones are replaced, as those of texts whose other half does not come.
    private const int MostHeld = 1024;

    /// <summary>First halves that were held back, as escapes.</summary>
    private readonly Dictionary<TextKey, byte[]> _held = [];
    private readonly List<TextKey> _broken = [];
    private readonly List<byte[]> _before = [];

    /// <summary>Events for halves whose other half did not arrive, to be returned before the current event.</summary>
    public IReadOnlyList<byte[]> EventsBefore => _before;

    /// <summary>Joins the texts of the choices of an event.</summary>
    /// <param name="opened">The event. Without choices, its lone halves are replaced.</param>
    public void JoinChoices(OpenedDocument opened)
    {
        _before.Clear();
        _broken.Clear();
        if (_held.Count == 0 && !opened.HasLoneSurrogates)
        {
            return;
        }

        List<Replacement> joined = [];
        if (opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out JsonTokenType kind) && kind == JsonTokenType.StartArray)
        {
            foreach (ChoiceTexts choice in ChoiceTexts.Find(choices))
            {
                Join(choices, choice, joined);
            }
        }

        opened.ReplaceLoneSurrogates();
        if (joined.Count > 0)
        {
            opened.Replace("choices"u8, joined);
        }
    }

    /// <summary>Writes the events for halves whose other half did not arrive.</summary>
    /// <param name="opened">The current event, checked: its members become theirs.</param>
    /// <param name="toolCalls">Knows the tool calls that have begun; null for an endpoint without any.</param>
    public void WriteEventsBefore(OpenedDocument opened, ToolCallNormalizer? toolCalls = null)
    {
        foreach (TextKey key in _broken)
        {
            _before.Add(ChoiceEvent(opened, key, toolCalls));
        }
    }

    /// <summary>Joins the texts of the events of a transcription in the form of OpenAI's own service, which have no choices.</summary>
    /// <param name="opened">The event.</param>
    /// <param name="isLast">Whether no text follows.</param>
    public void JoinDelta(OpenedDocument opened, bool isLast)
    {
        _before.Clear();
        _broken.Clear();
        if (_held.Count == 0 && !opened.HasLoneSurrogates)
        {
            return;
        }

        List<Replacement> joined = [];
        TextKey key = new(0, "delta", null);
        if (opened.TryGet("delta"u8, out ReadOnlySpan<byte> delta, out JsonTokenType kind) && kind == JsonTokenType.String)
        {
            JoinText(delta, key, 1..(delta.Length - 1), mayFollow: !isLast, joined);
        }

        opened.ReplaceLoneSurrogates();
        if (joined.Count > 0)
        {
            opened.Replace("delta"u8, joined);
        }

        if (isLast && _held.Remove(key))
        {
            _before.Add("""{"type":"transcript.text.delta","delta":"\ufffd"}"""u8.ToArray());
        }
    }

    private void Join(ReadOnlySpan<byte> choices, ChoiceTexts choice, List<Replacement> joined)
    {
        bool hasText = false;
        bool hasReasoningOnly = true;
        foreach ((TextKey key, Range place) in choice.Texts)
        {
            bool isEmpty = place.End.Value == place.Start.Value;
            hasText |= !isEmpty;
            hasReasoningOnly &= isEmpty || key.Member.StartsWith("reasoning", StringComparison.Ordinal);
            JoinText(choices, key, place, mayFollow: !choice.IsFinished, joined);
        }

        // Another text of the choice means that this one is over, except that the arguments of parallel tool calls may alternate, and that a model
        // may reason in the middle of its content.
        foreach (TextKey key in _held.Keys.Where(key => key.Choice == choice.Index))
        {
            bool isOver = choice.IsFinished || (hasText && key.ToolCall is null && !(hasReasoningOnly && key.Member == "content")
                && !choice.Texts.Exists(text => text.Key == key));
            if (isOver && _held.Remove(key))
            {
                _broken.Add(key);
            }
        }
    }

    /// <summary>Completes the half that was held back, and holds back a half at the end.</summary>
    private void JoinText(ReadOnlySpan<byte> json, TextKey key, Range place, bool mayFollow, List<Replacement> joined)
    {
        ReadOnlySpan<byte> text = json[place];
        int start = place.Start.Value;
        if (!text.IsEmpty && _held.Remove(key, out byte[]? first))
        {
            joined.Add(LoneSurrogates.BeginsWithLow(text)
                ? new Replacement(start, LoneSurrogates.EscapeLength, [.. first, .. text[..LoneSurrogates.EscapeLength]])
                : new Replacement(start, 0, "\\ufffd"u8.ToArray()));
        }

        if (mayFollow && _held.Count < MostHeld && LoneSurrogates.EndsWithHigh(text))
        {
            _held[key] = text[^LoneSurrogates.EscapeLength..].ToArray();
            joined.Add(new Replacement(place.End.Value - LoneSurrogates.EscapeLength, LoneSurrogates.EscapeLength, []));
        }
    }

    private static byte[] ChoiceEvent(OpenedDocument opened, TextKey key, ToolCallNormalizer? toolCalls)
    {
        const string Replacement = "\uFFFD";
        JsonObject choice = new() { ["index"] = key.Choice };
        if (key.ToolCall is { } call)
        {
            JsonArray calls = new(new JsonObject { ["index"] = call, ["function"] = new JsonObject { ["arguments"] = Replacement } });
            _ = toolCalls?.Normalize(key.Choice, calls, isEvent: true);
            choice["delta"] = new JsonObject { [ToolCalls] = calls };
        }
        else if (key.Member == "text")
        {
            choice["text"] = Replacement;
        }
        else
        {
            choice["delta"] = new JsonObject { [key.Member] = Replacement };
        }

        choice["finish_reason"] = null;
        return ClearEvents.Choice(opened, choice);
    }
}
