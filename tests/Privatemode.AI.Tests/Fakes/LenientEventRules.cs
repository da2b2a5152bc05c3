using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>Event rules that ask for nothing but sealed members: framing alone is under test.</summary>
internal sealed class LenientEventRules : EventRules
{
    public override ResponseSchema Shape { get; } = new(AnswerSealer.ChatPlain, "choices"u8.ToArray(), JsonTokenType.StartArray);

    public override bool IsFinished => FinishedWhen();

    public Func<bool> FinishedWhen { get; set; } = () => true;

    public Func<DecryptedDocument, AnswerFault> OnEvent { get; set; } = _ => AnswerFault.None;

    public override AnswerFault Inspect(DecryptedDocument opened) => OnEvent(opened);
}
