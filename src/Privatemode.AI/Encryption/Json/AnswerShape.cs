using System.Text.Json;

namespace Privatemode.AI.Encryption.Json;

/// <summary>What the answer of an endpoint must look like.</summary>
/// <param name="Plain">Members that travel in the clear.</param>
/// <param name="Payload">UTF-8 name of the member the endpoint exists for; empty when that is the document itself.</param>
/// <param name="PayloadKind">The JSON kind that member must have.</param>
/// <param name="AllowsArray">The body may be an array of sealed elements (document extraction only).</param>
/// <param name="MayBePlain">An event may hold nothing sealed; its rules judge it (messages only).</param>
internal sealed record AnswerShape(PlainNames Plain, ReadOnlyMemory<byte> Payload, JsonTokenType PayloadKind, bool AllowsArray = false,
    bool MayBePlain = false)
{
    /// <summary>Whether the payload is there and of the right kind.</summary>
    public bool HasPayload(OpenedDocument opened) => Payload.IsEmpty
        ? opened.HasSealed && JsonKind.Of(opened.Text.TrimStart(" \t\r\n"u8)) == PayloadKind
        : opened.TryGet(Payload.Span, out _, out JsonTokenType kind) && kind == PayloadKind;
}
