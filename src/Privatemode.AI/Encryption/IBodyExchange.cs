using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Encryption.Multipart;

namespace Privatemode.AI.Encryption;

/// <summary>Whether a member of this name may travel in the clear with this raw JSON value.</summary>
internal delegate bool PlainMemberCheck(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);

/// <summary>One request and its answer under one codec. Not thread-safe; seal once, then open.</summary>
internal interface IBodyExchange : IDisposable
{
    /// <summary>Seals a JSON body.</summary>
    BufferedBody Seal(ReadOnlySpan<byte> document, JsonIndex index, PlainNames plain);

    /// <summary>Seals a form. Its values are sealed where they lie; see <see cref="SealableBytes"/>.</summary>
    SealedBody SealForm(SealableBytes bytes, FormIndex form, PlainNames plain);

    /// <summary>Seals a whole body as one value.</summary>
    /// <param name="bytes">The body, which is sealed where it lies.</param>
    /// <param name="contentType">Its <c>Content-Type</c>, which travels in the clear.</param>
    SealedBody SealWhole(SealableBytes bytes, string contentType);

    /// <summary>Whether a body is exactly what this exchange may send: the last look before the transport.</summary>
    /// <param name="wire">The body as it would leave.</param>
    /// <param name="kind">What is sealed in it.</param>
    /// <param name="mayBePlain">Whether a member or field may travel in the clear with this raw value.</param>
    bool IsSealed(SealedBody wire, BodyKind kind, PlainMemberCheck mayBePlain);

    /// <summary>Whether a JSON body is exactly what this exchange may send: the last look before the transport.</summary>
    /// <param name="wire">The body as it would leave.</param>
    /// <param name="mayBePlain">Whether a member may travel in the clear with this raw value.</param>
    bool IsSealed(ReadOnlySpan<byte> wire, PlainMemberCheck mayBePlain);

    /// <summary>Opens a whole answer.</summary>
    AnswerFault Open(WireText answer, AnswerShape shape, OpenedDocument opened);

    /// <summary>Opens an event stream as it comes.</summary>
    EventOpener OpenEvents(EventRules rules, AnswerContext context);
}
