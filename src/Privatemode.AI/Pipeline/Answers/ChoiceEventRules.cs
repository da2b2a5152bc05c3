using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>What a stream of choices (chat, completions) must look like, and the places where it is put right for the OpenAI client.</summary>
/// <param name="rule">The endpoint.</param>
/// <param name="choices">How many choices were asked for.</param>
/// <param name="requestId">Id of the call.</param>
/// <param name="keepsUsage">The caller asked for usage on every event.</param>
/// <param name="endsWithUsage">The caller asked for an event with the usage at the end.</param>
internal sealed class ChoiceEventRules(
    EndpointRule rule, int choices, string requestId, bool keepsUsage = false, bool endsWithUsage = false) : EventRules
{
    private readonly ChoiceFinishes _finishes = new(choices);
    private readonly ToolCallNormalizer _toolCalls = new();
    private readonly SplitCharacters _characters = new();
    private bool _hasEvents;
    private byte[]? _usage;

    public override AnswerShape Shape => rule.Answer!;

    public override bool IsFinished => _finishes.AllFinished;

    public override AnswerFault Unfinished => _hasEvents && !_finishes.HasAny ? AnswerFault.NoChoice : AnswerFault.Truncated;

    public override IReadOnlyList<byte[]> EventsBefore => _characters.EventsBefore;

    public override byte[]? LastEvent => _usage;

    public override AnswerFault Inspect(OpenedDocument opened)
    {
        _characters.JoinChoices(opened);
        AnswerFault fault = SealedError.Check(opened, requestId, HasHandedOut);
        if (fault != AnswerFault.None)
        {
            return fault;
        }

        if (!opened.TryGet("choices"u8, out ReadOnlySpan<byte> payload, out JsonTokenType kind) || kind != JsonTokenType.StartArray)
        {
            return AnswerFault.PayloadMissing;
        }

        _hasEvents = true;
        fault = rule.Members!.Settle(opened, Shape.Plain);
        if (fault != AnswerFault.None)
        {
            return fault;
        }

        _ = opened.TryGet("choices"u8, out payload, out _);
        if (!_finishes.TryObserve(payload, out int count))
        {
            return AnswerFault.NotJson;
        }

        // A hop could ask for a whole chat, see WholeChoices, which a reader of events would not see.
        // A reader of one answer would put two together. Completions may have more prompts than those we count.
        fault = rule.HasMessages && _finishes.HasWhole ? AnswerFault.PayloadMissing
            : rule.HasMessages && _finishes.HasMore ? AnswerFault.ChoiceCount : AnswerFault.None;
        if (fault != AnswerFault.None)
        {
            return fault;
        }

        Correct(opened, count);
        return AnswerFault.None;
    }

    /// <summary>Corrects what the readers of events cannot read.</summary>
    private void Correct(OpenedDocument opened, int count)
    {
        bool isLast = count > 0 && IsFinished;
        if (count > 0 && !isLast)
        {
            HideUsage(opened);
        }

        PlainMembers.Normalize(opened, Shape.Plain);
        CreatedTime.Normalize(opened);
        if (HasUsage(opened))
        {
            _usage = isLast && endsWithUsage && !keepsUsage ? ClearEvents.Usage(opened) : null;
        }

        if (isLast)
        {
            HideUsage(opened);
        }

        _characters.WriteEventsBefore(opened, _toolCalls);
        if (_finishes.HasTextOnly)
        {
            // This is true of most events. Their choices need no correction.
            return;
        }

        ChoiceNormalizer.Normalize(opened, isEvent: true, _finishes.HasOddIndex);
        if (rule.HasMessages)
        {
            FinishReasonNormalizer.Normalize(opened, isEvent: true, requestId, HasHandedOut);
            MessageNormalizer.Normalize(opened, isEvent: true);
            _toolCalls.Normalize(opened, isEvent: true);
        }
    }

    /// <summary>The service repeats the running total on every event; a reader that adds up would count it many times.</summary>
    private void HideUsage(OpenedDocument opened)
    {
        if (!keepsUsage && HasUsage(opened))
        {
            opened.Replace("usage"u8, "null"u8);
        }
    }

    private static bool HasUsage(OpenedDocument opened) =>
        opened.TryGet("usage"u8, out _, out JsonTokenType kind) && kind == JsonTokenType.StartObject;
}
