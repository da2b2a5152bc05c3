using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Encryption.Multipart;

namespace Privatemode.AI.Encryption;

/// <summary>The field-wise format of service version 1.40: every top-level value sealed by itself.</summary>
internal sealed class FieldCodec : IBodyCodec
{
    public static FieldCodec Instance { get; } = new();

    public string ProtocolVersion => "v1.40.0";

    public IBodyExchange Begin(AesGcmKey key, ReadOnlyMemory<byte> secretId) => new FieldExchange(key, secretId);

    private sealed class FieldExchange(AesGcmKey key, ReadOnlyMemory<byte> secretId) : IBodyExchange
    {
        private readonly ExchangeCipher _cipher = new(key, secretId);
        private readonly ReadOnlyMemory<byte> _secretId = secretId;

        public BufferedBody Seal(ReadOnlySpan<byte> document, JsonIndex index, PlainNames plain) =>
            new(JsonSealer.Seal(document, index, plain, _cipher), "application/json");

        public SealedBody SealForm(SealableBytes bytes, FormIndex form, PlainNames plain) =>
            FormSealer.Seal(bytes, form, plain, _cipher, FormBoundary.New());

        public SealedBody SealWhole(SealableBytes bytes, string contentType) => WholeSealer.Seal(bytes, contentType, _cipher);

        public bool IsSealed(SealedBody wire, BodyKind kind, PlainMemberCheck mayBePlain) => (kind, wire) switch
        {
            (BodyKind.Json, BufferedBody json) => IsSealed(json.Content.Span, mayBePlain),
            (BodyKind.Form, PiecedBody form) => FormCheck.IsSealed(form, _secretId.Span, mayBePlain),
            (BodyKind.Whole, PiecedBody whole) => FormBoundary.IsOurs(whole.ContentType) && WholeSealer.IsSealed(whole, _secretId.Span),
            _ => false,
        };

        public bool IsSealed(ReadOnlySpan<byte> wire, PlainMemberCheck mayBePlain)
        {
            using JsonIndex index = new();
            if (index.Read(wire) != JsonShape.Usable)
            {
                return false;
            }

            foreach (ref readonly JsonMember member in index.Members)
            {
                ReadOnlySpan<byte> value = member.Value(wire);
                if (!SealedValue.IsSealedWith(value, _secretId.Span) && !mayBePlain(index.Name(member), value))
                {
                    return false;
                }
            }

            return true;
        }

        public AnswerFault Open(WireText answer, AnswerShape shape, OpenedDocument opened) => opened.Open(answer, shape, _cipher);

        public EventOpener OpenEvents(EventRules rules, AnswerContext context) => new(_cipher, rules, context);

        public void Dispose() => _cipher.Dispose();
    }
}
