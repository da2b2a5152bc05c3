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

        public BufferedBody Seal(ReadOnlySpan<byte> document, JsonIndex index, ClearNames plain) =>
            new(JsonEncryptor.Seal(document, index, plain, _cipher), "application/json");

        public EncryptedBody SealForm(InPlaceBuffer bytes, FormIndex form, ClearNames plain) =>
            FormEncryptor.Seal(bytes, form, plain, _cipher, FormBoundary.New());

        public EncryptedBody SealWhole(InPlaceBuffer bytes, string contentType) => OpaqueEncryptor.Seal(bytes, contentType, _cipher);

        public bool IsSealed(EncryptedBody wire, BodyKind kind, PlainMemberCheck mayBePlain) => (kind, wire) switch
        {
            (BodyKind.Json, BufferedBody json) => IsSealed(json.Content.Span, mayBePlain),
            (BodyKind.Form, SegmentedBody form) => EncryptedFormCheck.IsSealed(form, _secretId.Span, mayBePlain),
            (BodyKind.Whole, SegmentedBody whole) => FormBoundary.IsOurs(whole.ContentType) && OpaqueEncryptor.IsSealed(whole, _secretId.Span),
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
                if (!EncryptedValue.IsSealedWith(value, _secretId.Span) && !mayBePlain(index.Name(member), value))
                {
                    return false;
                }
            }

            return true;
        }

        public AnswerFault Open(Utf8Sequence answer, ResponseSchema shape, DecryptedDocument opened) => opened.Open(answer, shape, _cipher);

        public EventDecryptor OpenEvents(EventRules rules, AnswerContext context) => new(_cipher, rules, context);

        public void Dispose() => _cipher.Dispose();
    }
}

/// <summary>How bodies are sealed on the wire. A seam, because newer services seal whole bodies instead of single fields.</summary>
internal interface IBodyCodec
{
    /// <summary>The protocol version this codec speaks, as sent in <c>Privatemode-Version</c>; the service chooses its format by it.</summary>
    string ProtocolVersion { get; }

    /// <summary>Begins one exchange: one request and its answer.</summary>
    /// <param name="key">The key of the inference secret; it outlives the exchange.</param>
    /// <param name="secretId">UTF-8 text of the secret's id.</param>
    IBodyExchange Begin(AesGcmKey key, ReadOnlyMemory<byte> secretId);
}

/// <summary>Whether a member of this name may travel in the clear with this raw JSON value.</summary>
internal delegate bool PlainMemberCheck(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);

/// <summary>One request and its answer under one codec. Not thread-safe; seal once, then open.</summary>
internal interface IBodyExchange : IDisposable
{
    /// <summary>Seals a JSON body.</summary>
    BufferedBody Seal(ReadOnlySpan<byte> document, JsonIndex index, ClearNames plain);

    /// <summary>Seals a form. Its values are sealed where they lie; see <see cref="InPlaceBuffer"/>.</summary>
    EncryptedBody SealForm(InPlaceBuffer bytes, FormIndex form, ClearNames plain);

    /// <summary>Seals a whole body as one value.</summary>
    /// <param name="bytes">The body, which is sealed where it lies.</param>
    /// <param name="contentType">Its <c>Content-Type</c>, which travels in the clear.</param>
    EncryptedBody SealWhole(InPlaceBuffer bytes, string contentType);

    /// <summary>Whether a body is exactly what this exchange may send: the last look before the transport.</summary>
    /// <param name="wire">The body as it would leave.</param>
    /// <param name="kind">What is sealed in it.</param>
    /// <param name="mayBePlain">Whether a member or field may travel in the clear with this raw value.</param>
    bool IsSealed(EncryptedBody wire, BodyKind kind, PlainMemberCheck mayBePlain);

    /// <summary>Whether a JSON body is exactly what this exchange may send: the last look before the transport.</summary>
    /// <param name="wire">The body as it would leave.</param>
    /// <param name="mayBePlain">Whether a member may travel in the clear with this raw value.</param>
    bool IsSealed(ReadOnlySpan<byte> wire, PlainMemberCheck mayBePlain);

    /// <summary>Opens a whole answer.</summary>
    AnswerFault Open(Utf8Sequence answer, ResponseSchema shape, DecryptedDocument opened);

    /// <summary>Opens an event stream as it comes.</summary>
    EventDecryptor OpenEvents(EventRules rules, AnswerContext context);
}

/// <summary>What is sealed in a request body.</summary>
internal enum BodyKind
{
    /// <summary>A JSON object: each top-level value.</summary>
    Json,

    /// <summary>A form (multipart/form-data): each field and each file.</summary>
    Form,

    /// <summary>The whole body as one value, whatever it is.</summary>
    Whole,
}

/// <summary>A sealed request body with what the codec wants beside it; whoever gets it owns it.</summary>
internal abstract class EncryptedBody(string contentType) : IDisposable
{
    /// <summary>Value of the <c>Content-Type</c> header.</summary>
    public string ContentType { get; } = contentType;

    /// <summary>Bytes on the wire.</summary>
    public abstract long Length { get; }

    public abstract void WriteTo(Stream stream);

    public abstract Task WriteToAsync(Stream stream, CancellationToken cancellationToken);

    public abstract void Dispose();
}

/// <summary>A sealed body that lies in memory as it will leave.</summary>
/// <param name="content">The bytes on the wire.</param>
/// <param name="contentType">Value of the <c>Content-Type</c> header.</param>
internal sealed class BufferedBody(PooledBytes content, string contentType) : EncryptedBody(contentType)
{
    public PooledBytes Content => content;

    public override long Length => content.Length;

    public override void WriteTo(Stream stream) => stream.Write(content.Span);

    public override Task WriteToAsync(Stream stream, CancellationToken cancellationToken) =>
        stream.WriteAsync(content.Memory, cancellationToken).AsTask();

    public override void Dispose() => content.Dispose();
}

/// <summary>Replaces every top-level value that is not on the plain list by its sealed form; all other bytes stay.</summary>
internal static class JsonEncryptor
{
    /// <summary>Seals in the order of escaped names, writes in document order.</summary>
    public static PooledBytes Seal(ReadOnlySpan<byte> document, JsonIndex index, ClearNames plain, ExchangeCipher cipher)
    {
        PooledBytes output = new(Layout(document.Length, index, plain, cipher), isSecret: false);
        try
        {
            JsonRewriter.CopyAround(document, index.Members, output);
            foreach (int i in index.Order)
            {
                ref readonly JsonMember member = ref index.Members[i];
                if (member.OutputLength >= 0)
                {
                    cipher.Seal(member.Value(document), output.Span.Slice(member.OutputStart, member.OutputLength));
                }
            }

            return output;
        }
        catch
        {
            output.Dispose();
            throw;
        }
    }

    private static int Layout(int documentLength, JsonIndex index, ClearNames plain, ExchangeCipher cipher)
    {
        int length = documentLength;
        foreach (ref JsonMember member in index.Members)
        {
            bool stays = plain.Contains(index.Name(member));
            member.OutputLength = stays ? JsonRewriter.Stays : cipher.SealedLength(member.ValueLength);
            length = stays ? length : checked(length + member.OutputLength - member.ValueLength);
        }

        return length;
    }
}
