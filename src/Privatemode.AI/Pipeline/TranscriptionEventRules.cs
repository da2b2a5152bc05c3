using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline;

/// <summary>What a streamed transcription must look like.</summary>
/// <remarks>
/// Two forms pass. That of the model server: choices with a delta each, a sealed finish reason, and the mark <c>[DONE]</c>. That of
/// OpenAI's own service: events of a sealed type, the last of which is <c>transcript.text.done</c>. Which of them the service sends, and
/// whether each stretch of a long recording has a finish of its own, is not known for sure; in the latter case a stream cut between two
/// stretches cannot be told from a whole one.
/// </remarks>
internal sealed class TranscriptionEventRules(string requestId) : EventRules
{
    private readonly ChoiceFinishes _finishes = new();
    private bool _isDone;

    public override AnswerShape Shape => EndpointRules.Transcriptions.Answer!;

    public override bool IsFinished => _isDone || _finishes.AllFinished;

    public override EventFate Fate => _isDone ? EventFate.End : EventFate.Pass;

    public override AnswerFault Inspect(OpenedDocument opened)
    {
        if (opened.TryGet("error"u8, out ReadOnlySpan<byte> error, out JsonTokenType kind) && kind != JsonTokenType.Null)
        {
            (string? message, string? code) = ErrorText.Read(error);
            throw ServiceErrors.FromSealedEvent(message, code, requestId);
        }

        AnswerFault fault = PlainMembers.Check(opened);
        if (fault != AnswerFault.None)
        {
            return fault;
        }

        if (opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out kind) && kind == JsonTokenType.StartArray)
        {
            return TakeChoices(opened, choices);
        }

        if (!opened.TryGet("type"u8, out ReadOnlySpan<byte> type, out kind) || kind != JsonTokenType.String)
        {
            return AnswerFault.PayloadMissing;
        }

        _isDone = type.SequenceEqual("\"transcript.text.done\""u8);
        TranscriptionDuration.Normalize(opened);
        return AnswerFault.None;
    }

    private AnswerFault TakeChoices(OpenedDocument opened, ReadOnlySpan<byte> choices)
    {
        if (!_finishes.TryObserve(choices, out int count))
        {
            return AnswerFault.NotJson;
        }

        // The running total, as in chat.
        if (count > 0 && opened.TryGet("usage"u8, out _, out JsonTokenType kind) && kind == JsonTokenType.StartObject)
        {
            opened.Replace("usage"u8, "null"u8);
        }

        TranscriptionDuration.Normalize(opened);
        return AnswerFault.None;
    }
}
