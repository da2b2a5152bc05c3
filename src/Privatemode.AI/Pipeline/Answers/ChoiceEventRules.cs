using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>The rules for a stream of choices (chat, completions), and its corrections for the OpenAI client.</summary>
/// <remarks>The caller requested <paramref name="choices"/> choices, and usage on every event (<paramref name="keepsUsage"/>) or in one at the end
/// (<paramref name="endsWithUsage"/>).</remarks>
internal sealed class ChoiceEventRules(
    EndpointRule rule, int choices, string requestId, ReceiptScope? scope = null, bool keepsUsage = false, bool endsWithUsage = false) : EventRules
{
    private readonly ChoiceReader _choices = new(choices);
    private readonly ChoiceNormalizer _normalizer = new(rule.HasMessages, isEvent: true, requestId, scope);
    private readonly SplitSurrogates _characters = new();
    private bool _hasEvents;
    private byte[]? _usage;

    public override ResponseSchema Shape => rule.Answer!;

    public override bool IsFinished => _choices.AllFinished;

    public override AnswerFault Unfinished => _hasEvents && !_choices.HasAny ? AnswerFault.NoChoice : AnswerFault.Truncated;

    public override IReadOnlyList<byte[]> EventsBefore => _characters.EventsBefore;

    public override byte[]? LastEvent => _usage;

    public override AnswerFault Inspect(DecryptedDocument decrypted)
    {
        _characters.JoinChoices(decrypted);
        AnswerFault fault = ErrorAnswer.Check(decrypted, requestId, HasHandedOut);
        if (fault != AnswerFault.None)
        {
            return fault;
        }

        if (!decrypted.TryGet("choices"u8, out ReadOnlySpan<byte> payload, out JsonTokenType kind) || kind != JsonTokenType.StartArray)
        {
            return AnswerFault.PayloadMissing;
        }

        _hasEvents = true;
        fault = AnswerMembers.Of(rule).Validate(decrypted, Shape.Plain);
        if (fault != AnswerFault.None)
        {
            return fault;
        }

        _ = decrypted.TryGet("choices"u8, out payload, out _);
        if (!_choices.TryRead(payload))
        {
            return AnswerFault.NotJson;
        }

        // An attacker could request a complete chat (see ChoiceReader.CheckWhole); a reader of events would ignore its message.
        // If there are more choices than requested, a reader of one would join them. Completions may have more prompts than are counted.
        fault = rule.HasMessages && _choices.HasWhole ? AnswerFault.PayloadMissing
            : (rule.HasMessages && _choices.HasMore) || _choices.HasOutOfRange ? AnswerFault.ChoiceCount : AnswerFault.None;
        if (fault != AnswerFault.None)
        {
            return fault;
        }

        Normalize(decrypted, _choices.Indexes.Count);
        return AnswerFault.None;
    }

    /// <summary>Corrects what readers of events cannot read.</summary>
    private void Normalize(DecryptedDocument decrypted, int count)
    {
        bool isLast = count > 0 && IsFinished;
        if (count > 0 && !isLast && !keepsUsage)
        {
            UsageNormalizer.Hide(decrypted);
        }

        ClearMemberValidator.Normalize(decrypted, Shape.Plain);
        CreatedTimeNormalizer.Normalize(decrypted);
        if (UsageNormalizer.HasUsage(decrypted))
        {
            _usage = isLast && endsWithUsage && !keepsUsage ? ClearUsageEvents.Usage(decrypted) : null;
        }

        if (isLast && !keepsUsage)
        {
            UsageNormalizer.Hide(decrypted);
        }

        _characters.WriteEventsBefore(decrypted, _normalizer);
        if (!_choices.HasTextOnly)
        {
            _normalizer.Normalize(decrypted, _choices.Indexes, HasHandedOut);
        }
    }
}

/// <summary>Joins surrogate pairs that a stream splits: one half as an escape at the end of an event, the other in a later event.</summary>
/// <remarks>
/// A model server that splits text by UTF-16 units or by tokens can split an emoji. The readers of .NET throw on either half, and replacing each half
/// would give two replacement characters. So the first half is held back, at most one for each text of each choice, and written in front of the second
/// one. A half whose other half does not arrive is returned as U+FFFD before the choice finishes. There is one instance for each stream. For events
/// without such halves, the only cost is a search for <c>\u</c>.
/// </remarks>
internal sealed class SplitSurrogates
{
    private const string ToolCalls = "tool_calls";

    // No server writes as many texts at the same time. In further texts, each half is replaced with U+FFFD.
    private const int MaxHeld = 1024;

    /// <summary>The first halves that are held back, as escapes, by the text that they belong to.</summary>
    private readonly Dictionary<TextKey, byte[]> _held = [];
    private readonly List<TextKey> _broken = [];
    private readonly List<byte[]> _before = [];

    /// <summary>Events for halves whose other half did not arrive, to be returned before the current event.</summary>
    public IReadOnlyList<byte[]> EventsBefore => _before;

    /// <summary>Joins the texts of the choices of an event.</summary>
    /// <param name="decrypted">The event. Without choices, its lone halves are replaced.</param>
    public void JoinChoices(DecryptedDocument decrypted)
    {
        _before.Clear();
        _broken.Clear();
        if (_held.Count == 0 && !decrypted.HasLoneSurrogates)
        {
            return;
        }

        List<TextReplacement> joined = [];
        if (decrypted.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out JsonTokenType kind) && kind == JsonTokenType.StartArray)
        {
            foreach (ChoiceTexts choice in ChoiceReader.FindTexts(choices))
            {
                Join(choices, choice, joined);
            }
        }

        decrypted.ReplaceLoneSurrogates();
        if (joined.Count > 0)
        {
            decrypted.Replace("choices"u8, joined);
        }
    }

    /// <summary>Writes the events for halves whose other half did not arrive.</summary>
    /// <param name="decrypted">The current event, after its checks. The new events get its ID, time and model.</param>
    /// <param name="normalizer">Keeps the tool calls that have begun; null for an endpoint without tool calls.</param>
    public void WriteEventsBefore(DecryptedDocument decrypted, ChoiceNormalizer? normalizer = null)
    {
        foreach (TextKey key in _broken)
        {
            _before.Add(ChoiceEvent(decrypted, key, normalizer));
        }
    }

    /// <summary>Joins the texts of transcription events in the form of OpenAI's own service. These events have no choices.</summary>
    public void JoinDelta(DecryptedDocument decrypted, bool isLast)
    {
        _before.Clear();
        _broken.Clear();
        if (_held.Count == 0 && !decrypted.HasLoneSurrogates)
        {
            return;
        }

        List<TextReplacement> joined = [];
        TextKey key = new(0, "delta", null);
        if (decrypted.TryGet("delta"u8, out ReadOnlySpan<byte> delta, out JsonTokenType kind) && kind == JsonTokenType.String)
        {
            JoinText(delta, key, 1..(delta.Length - 1), mayFollow: !isLast, joined);
        }

        decrypted.ReplaceLoneSurrogates();
        if (joined.Count > 0)
        {
            decrypted.Replace("delta"u8, joined);
        }

        if (isLast && _held.Remove(key))
        {
            _before.Add("""{"type":"transcript.text.delta","delta":"\ufffd"}"""u8.ToArray());
        }
    }

    private void Join(ReadOnlySpan<byte> choices, ChoiceTexts choice, List<TextReplacement> joined)
    {
        bool hasText = false;
        bool hasReasoningOnly = true;
        foreach ((string member, int? toolCall, Range place) in choice.Texts)
        {
            TextKey key = new(choice.Index, member, toolCall);
            bool isEmpty = place.End.Value == place.Start.Value;
            hasText |= !isEmpty;
            hasReasoningOnly &= isEmpty || member.StartsWith("reasoning", StringComparison.Ordinal);
            JoinText(choices, key, place, mayFollow: !choice.IsFinished, joined);
        }

        // A text has ended when another text of its choice continues. There are two exceptions: the arguments of parallel tool calls may alternate,
        // and a model may reason in the middle of its content.
        foreach (TextKey key in _held.Keys.Where(key => key.Choice == choice.Index))
        {
            bool isOver = choice.IsFinished || (hasText && key.ToolCall is null && !(hasReasoningOnly && key.Member == "content")
                && !choice.Texts.Exists(text => text.Member == key.Member && text.ToolCall == key.ToolCall));
            if (isOver && _held.Remove(key))
            {
                _broken.Add(key);
            }
        }
    }

    /// <summary>Completes the half that was held back for a text, and holds back a first half at the end of its next piece.</summary>
    private void JoinText(ReadOnlySpan<byte> json, TextKey key, Range place, bool mayFollow, List<TextReplacement> joined)
    {
        ReadOnlySpan<byte> text = json[place];
        int start = place.Start.Value;
        if (!text.IsEmpty && _held.Remove(key, out byte[]? first))
        {
            joined.Add(LoneSurrogates.BeginsWithLow(text)
                ? new TextReplacement(start, LoneSurrogates.EscapeLength, [.. first, .. text[..LoneSurrogates.EscapeLength]])
                : new TextReplacement(start, 0, "\\ufffd"u8.ToArray()));
        }

        if (mayFollow && _held.Count < MaxHeld && LoneSurrogates.EndsWithHigh(text))
        {
            _held[key] = text[^LoneSurrogates.EscapeLength..].ToArray();
            joined.Add(new TextReplacement(place.End.Value - LoneSurrogates.EscapeLength, LoneSurrogates.EscapeLength, []));
        }
    }

    private static byte[] ChoiceEvent(DecryptedDocument decrypted, TextKey key, ChoiceNormalizer? normalizer)
    {
        const string Replacement = "\uFFFD";
        JsonObject choice = new() { ["index"] = key.Choice };
        if (key.ToolCall is { } call)
        {
            JsonArray calls = new(new JsonObject { ["index"] = call, ["function"] = new JsonObject { ["arguments"] = Replacement } });
            _ = normalizer?.ToolCalls.Normalize(key.Choice, calls, isEvent: true);
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
        return ClearUsageEvents.Choice(decrypted, choice);
    }
}

/// <summary>Identifies one text of a streamed answer. Its pieces arrive in several events.</summary>
/// <param name="Choice">Index of the choice.</param>
/// <param name="Member">Name of the member that holds the pieces.</param>
/// <param name="ToolCall">Index of the tool call if the text is its arguments; otherwise null.</param>
internal readonly record struct TextKey(int Choice, string Member, int? ToolCall);

/// <summary>Writes events that are added to a stream of choices. They have the ID, time and model of an event of the stream.</summary>
internal static class ClearUsageEvents
{
    private static readonly string[] Head = ["id", "object", "created", "model"];

    /// <summary>An event with one choice.</summary>
    public static byte[] Choice(DecryptedDocument decrypted, JsonObject choice) => Write(decrypted, writer =>
    {
        writer.WritePropertyName("choices");
        new JsonArray(choice).WriteTo(writer);
    });

    /// <summary>An event without choices that contains the usage of another event, as the OpenAI API sends it at the end of a stream.</summary>
    public static byte[] Usage(DecryptedDocument decrypted) => Write(decrypted, writer =>
    {
        writer.WriteStartArray("choices");
        writer.WriteEndArray();
        Copy(decrypted, "usage", writer);
    });

    private static byte[] Write(DecryptedDocument decrypted, Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartObject();
            foreach (string name in Head)
            {
                Copy(decrypted, name, writer);
            }

            write(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Copy(DecryptedDocument decrypted, string name, Utf8JsonWriter writer)
    {
        if (decrypted.TryGet(Encoding.ASCII.GetBytes(name), out ReadOnlySpan<byte> value, out _))
        {
            writer.WritePropertyName(name);
            writer.WriteRawValue(value);
        }
    }
}
