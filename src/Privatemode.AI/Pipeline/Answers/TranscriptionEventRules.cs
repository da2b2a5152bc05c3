using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>The rules for a streamed transcription.</summary>
/// <remarks>
/// Two forms are accepted, and a stream keeps the form with which it begins. The form of the model server: choices with a delta each, an encrypted finish
/// reason, and the mark <c>[DONE]</c>. The form of OpenAI's own service: events of an encrypted type, the last of which is <c>transcript.text.done</c>.
/// The model server splits a long recording into stretches of about 30 s and writes a finish for each, so a finish does not show whether
/// more follows. Only the event with the usage, whose choices are empty, comes once and last, so this library requests it in every call that
/// does not decline it; a stream without it can end unnoticed between two stretches. A caller who did not request that event does not get
/// it (<paramref name="hidesUsage"/>).
/// </remarks>
internal sealed class TranscriptionEventRules(string requestId, bool endsWithUsage, bool hidesUsage, bool keepsUsage = false) : EventRules
{
    private readonly ChoiceReader _choices = new();
    private readonly SplitSurrogates _characters = new();
    private bool _hasChoices;
    private bool _hasTypes;
    private bool _hasUsage;
    private bool _isDone;

    public override ResponseSchema Shape => EndpointRules.Transcriptions.Answer!;

    public override bool IsFinished => _hasTypes ? _isDone : _choices.AllFinished && (_hasUsage || !endsWithUsage);

    public override EventAction Action => _isDone ? EventAction.End : _hasUsage && hidesUsage ? EventAction.Drop : EventAction.Pass;

    public override IReadOnlyList<byte[]> EventsBefore => _characters.EventsBefore;

    public override AnswerFault Inspect(DecryptedDocument decrypted)
    {
        bool isTyped = decrypted.TryGet("type"u8, out ReadOnlySpan<byte> type, out JsonTokenType kind) && kind == JsonTokenType.String;
        bool isDone = isTyped && type.SequenceEqual("\"transcript.text.done\""u8);
        if (isTyped)
        {
            _characters.JoinDelta(decrypted, isDone);
        }
        else
        {
            _characters.JoinChoices(decrypted);
        }

        AnswerFault fault = ErrorAnswer.Check(decrypted, requestId, HasHandedOut);
        if (fault != AnswerFault.None)
        {
            return fault;
        }

        if (decrypted.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out kind) && kind == JsonTokenType.StartArray && !_hasTypes)
        {
            _hasChoices = true;
            return ReadChoices(decrypted);
        }

        if (!decrypted.TryGet("type"u8, out type, out kind) || kind != JsonTokenType.String || _hasChoices)
        {
            return AnswerFault.PayloadMissing;
        }

        _hasTypes = true;
        _isDone = isDone;
        if (!TranscriptionNormalizer.IsRight(decrypted, type, Shape.Plain))
        {
            return AnswerFault.RenamedMember;
        }

        return Pass(decrypted);
    }

    private AnswerFault ReadChoices(DecryptedDocument decrypted)
    {
        AnswerFault fault = AnswerMembers.TranscriptionEvent.Validate(decrypted, Shape.Plain);
        if (fault != AnswerFault.None)
        {
            return fault;
        }

        _ = decrypted.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out _);
        if (!_choices.TryRead(choices))
        {
            return AnswerFault.NotJson;
        }

        int count = _choices.Indexes.Count;
        _hasUsage = count == 0 && _choices.AllFinished;

        if (count > 0 && !keepsUsage)
        {
            UsageNormalizer.Hide(decrypted);
        }

        return Pass(decrypted);
    }

    private AnswerFault Pass(DecryptedDocument decrypted)
    {
        ClearMemberValidator.Normalize(decrypted, Shape.Plain);
        _characters.WriteEventsBefore(decrypted);
        TranscriptionDurationNormalizer.Normalize(decrypted);
        return AnswerFault.None;
    }
}

/// <summary>Checks the events of a transcription in the form of OpenAI's own service by the members of their type.</summary>
/// <remarks>
/// The content is a text like any other value. So the member names of each type are listed, with their kinds: no event can contain the
/// two texts of another type. See <see cref="AnswerMembers"/>.
/// </remarks>
internal static class TranscriptionNormalizer
{
    public static bool IsRight(DecryptedDocument decrypted, ReadOnlySpan<byte> type, ClearNames plain)
    {
        bool isDelta = type.SequenceEqual("\"transcript.text.delta\""u8);
        bool isDone = type.SequenceEqual("\"transcript.text.done\""u8);
        bool isSegment = type.SequenceEqual("\"transcript.text.segment\""u8);
        bool hasText = false;
        bool hasOthers = false;
        for (int i = 0; i < decrypted.Count; i++)
        {
            ReadOnlySpan<byte> name = decrypted.NameAt(i);
            _ = decrypted.ValueAt(i, out JsonTokenType kind);
            bool isText = name.SequenceEqual(isDelta ? "delta"u8 : "text"u8);
            hasText |= isText && kind == JsonTokenType.String;
            if (isText || plain.Contains(name) || name.SequenceEqual("type"u8) || MayHave(name, kind, isSegment))
            {
                continue;
            }

            if (kind != JsonTokenType.Null)
            {
                return false;
            }

            hasOthers = true;
        }

        if (hasOthers)
        {
            DropEmptyOnes(decrypted, plain);
        }

        return hasText && (isDelta || isDone || isSegment);
    }

    /// <summary>Drops members that are null and listed for no type.</summary>
    private static void DropEmptyOnes(DecryptedDocument decrypted, ClearNames plain) => decrypted.KeepOnly(
        name => plain.Contains(name) || name.SequenceEqual("type"u8) || name.SequenceEqual("delta"u8) || name.SequenceEqual("text"u8)
            || MayHave(name, JsonTokenType.Number, isSegment: true) || MayHave(name, JsonTokenType.StartArray, isSegment: false)
            || MayHave(name, JsonTokenType.String, isSegment: false));

    private static bool MayHave(ReadOnlySpan<byte> name, JsonTokenType kind, bool isSegment) => isSegment
        ? name.SequenceEqual("id"u8) || name.SequenceEqual("speaker"u8)
            || ((name.SequenceEqual("start"u8) || name.SequenceEqual("end"u8)) && kind == JsonTokenType.Number)
        : (name.SequenceEqual("logprobs"u8) && kind == JsonTokenType.StartArray) || (name.SequenceEqual("segment_id"u8) && kind == JsonTokenType.String);
}

/// <summary>Converts the duration of a transcription for OpenAI's parser: the service writes a string, the parser requires a number.</summary>
/// <remarks>The duration is not authenticated; <see cref="ClearMemberValidator"/> has checked that the string contains a number.</remarks>
internal static class TranscriptionDurationNormalizer
{
    public static void Normalize(DecryptedDocument decrypted)
    {
        if (decrypted.TryGet("duration"u8, out ReadOnlySpan<byte> value, out JsonTokenType kind) && kind == JsonTokenType.String)
        {
            decrypted.Replace("duration"u8, value[1..^1].ToArray());
        }
    }
}
