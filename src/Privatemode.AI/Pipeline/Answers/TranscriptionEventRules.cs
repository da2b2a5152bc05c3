using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>What a streamed transcription must look like.</summary>
/// <remarks>
/// Two forms pass, and a stream keeps to the one it begins with. That of the model server: choices with a delta each, a sealed finish reason,
/// and the mark <c>[DONE]</c>. That of OpenAI's own service: events of a sealed type, the last of which is <c>transcript.text.done</c>.
/// The model server cuts a long recording into stretches of about 30 s and writes a finish for each, so a finish says nothing of what
/// comes after it. Only the event that tells what was used, whose choices are empty, comes once and last; so every form asks for it, unless
/// it says that it wants none. Such a stream can end unseen between two stretches.
/// </remarks>
/// <param name="requestId">Id of the call.</param>
/// <param name="endsWithUsage">The form asked for usage, and so for the event that comes last.</param>
/// <param name="hidesUsage">The caller did not ask for that event.</param>
/// <param name="keepsUsage">The form asked for usage on every event.</param>
internal sealed class TranscriptionEventRules(string requestId, bool endsWithUsage, bool hidesUsage, bool keepsUsage = false) : EventRules
{
    private readonly ChoiceFinishes _finishes = new();
    private readonly SplitCharacters _characters = new();
    private bool _hasChoices;
    private bool _hasTypes;
    private bool _hasUsage;
    private bool _isDone;

    public override AnswerShape Shape => EndpointRules.Transcriptions.Answer!;

    public override bool IsFinished => _hasTypes ? _isDone : _finishes.AllFinished && (_hasUsage || !endsWithUsage);

    public override EventFate Fate => _isDone ? EventFate.End : _hasUsage && hidesUsage ? EventFate.Drop : EventFate.Pass;

    public override IReadOnlyList<byte[]> EventsBefore => _characters.EventsBefore;

    public override AnswerFault Inspect(OpenedDocument opened)
    {
        bool isTyped = opened.TryGet("type"u8, out ReadOnlySpan<byte> type, out JsonTokenType kind) && kind == JsonTokenType.String;
        bool isDone = isTyped && type.SequenceEqual("\"transcript.text.done\""u8);
        if (isTyped)
        {
            _characters.JoinDelta(opened, isDone);
        }
        else
        {
            _characters.JoinChoices(opened);
        }

        AnswerFault fault = SealedError.Check(opened, requestId, HasHandedOut);
        if (fault != AnswerFault.None)
        {
            return fault;
        }

        if (opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out kind) && kind == JsonTokenType.StartArray && !_hasTypes)
        {
            _hasChoices = true;
            return TakeChoices(opened);
        }

        if (!opened.TryGet("type"u8, out type, out kind) || kind != JsonTokenType.String || _hasChoices)
        {
            return AnswerFault.PayloadMissing;
        }

        _hasTypes = true;
        _isDone = isDone;
        if (!TypedTranscription.IsRight(opened, type, Shape.Plain))
        {
            return AnswerFault.RenamedMember;
        }

        return Pass(opened);
    }

    private AnswerFault TakeChoices(OpenedDocument opened)
    {
        AnswerFault fault = SealedMembers.TranscriptionEvent.Settle(opened, Shape.Plain);
        if (fault != AnswerFault.None)
        {
            return fault;
        }

        _ = opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out _);

        if (!_finishes.TryObserve(choices, out int count))
        {
            return AnswerFault.NotJson;
        }

        _hasUsage = count == 0 && _finishes.AllFinished;

        // The running total, as in chat.
        if (count > 0 && !keepsUsage && opened.TryGet("usage"u8, out _, out JsonTokenType kind) && kind == JsonTokenType.StartObject)
        {
            opened.Replace("usage"u8, "null"u8);
        }

        return Pass(opened);
    }

    private AnswerFault Pass(OpenedDocument opened)
    {
        PlainMembers.Normalize(opened, Shape.Plain);
        _characters.WriteEventsBefore(opened);
        TranscriptionDuration.Normalize(opened);
        return AnswerFault.None;
    }
}
