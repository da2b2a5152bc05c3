using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Answers;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>The rules of a stream of choices as the protocol states them, without what the pipeline puts right for its clients.</summary>
internal sealed class ChoiceRules : EventRules
{
    private readonly ChoiceReader _choices = new();

    public override ResponseSchema Shape { get; } = new(AnswerSealer.ChatPlain, "choices"u8.ToArray(), JsonTokenType.StartArray);

    public override bool IsFinished => _choices.AllFinished;

    public override AnswerFault Inspect(DecryptedDocument opened)
    {
        if (opened.TryGet("error"u8, out _, out _))
        {
            throw new PrivatemodeServiceException(ServiceFailureReason.Other, "The service failed.");
        }

        if (!Shape.HasPayload(opened))
        {
            return AnswerFault.PayloadMissing;
        }

        opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out _);
        return _choices.TryRead(choices) ? AnswerFault.None : AnswerFault.NotJson;
    }
}
