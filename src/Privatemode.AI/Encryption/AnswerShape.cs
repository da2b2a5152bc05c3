using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Encryption;

/// <summary>What the answer of an endpoint must look like.</summary>
/// <param name="Plain">Members that travel in the clear.</param>
/// <param name="Payload">UTF-8 name of the member the endpoint exists for.</param>
/// <param name="PayloadKind">The JSON kind that member must have.</param>
/// <param name="AllowsArray">The body may be an array of sealed elements (document extraction only).</param>
internal sealed record AnswerShape(PlainNames Plain, ReadOnlyMemory<byte> Payload, JsonTokenType PayloadKind, bool AllowsArray = false)
{
    /// <summary>Whether the payload is there and of the right kind.</summary>
    public bool HasPayload(OpenedDocument opened) =>
        opened.TryGet(Payload.Span, out _, out JsonTokenType kind) && kind == PayloadKind;
}
