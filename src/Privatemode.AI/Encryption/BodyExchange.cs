using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Encryption.Multipart;

namespace Privatemode.AI.Encryption;

/// <summary>Returns whether a member or field with this name can be sent in the clear with this raw value.</summary>
internal delegate bool ClearMemberCheck(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);

/// <summary>One request and its answer in the format of service version 1.40: every top-level value is encrypted by itself.</summary>
/// <remarks>Not thread-safe. Encrypt all values before you decrypt the first one.</remarks>
/// <param name="key">The key of the inference secret; it outlives the exchange.</param>
/// <param name="secretId">The ID of the secret, in UTF-8.</param>
internal sealed class BodyExchange(AesGcmKey key, ReadOnlyMemory<byte> secretId) : IDisposable
{
    private readonly ExchangeCipher _cipher = ExchangeCipher.Begin(key, secretId);

    public BufferedBody Encrypt(ReadOnlySpan<byte> document, JsonIndex index, ClearNames plain) =>
        new(JsonEncryptor.Encrypt(document, index, plain, _cipher), "application/json");

    /// <summary>Encrypts the values of a JSON body in place; see <see cref="InPlaceBuffer"/>.</summary>
    public EncryptedBody EncryptInPlace(InPlaceBuffer bytes, JsonIndex index, ClearNames plain) =>
        InPlaceJsonEncryptor.Encrypt(bytes, index, plain, _cipher);

    /// <summary>Encrypts the values of a form in place; see <see cref="InPlaceBuffer"/>.</summary>
    public EncryptedBody EncryptForm(InPlaceBuffer bytes, FormIndex form, ClearNames plain) =>
        FormEncryptor.Encrypt(bytes, form, plain, _cipher, FormBoundary.New());

    /// <summary>Encrypts a whole body as one value, in place. Its content type is sent in the clear.</summary>
    public EncryptedBody EncryptWhole(InPlaceBuffer bytes, string contentType) => OpaqueEncryptor.Encrypt(bytes, contentType, _cipher);

    /// <summary>Returns whether a body is exactly what this exchange is allowed to send. This is the last check before the transport.</summary>
    public bool IsEncrypted(EncryptedBody wire, BodyKind kind, ClearMemberCheck mayBePlain) => (kind, wire) switch
    {
        (BodyKind.Json, BufferedBody json) => IsEncrypted(json.Content.Span, mayBePlain),
        (BodyKind.Json, SegmentedBody json) => EncryptedJsonCheck.IsEncrypted(json, secretId.Span, mayBePlain),
        (BodyKind.Form, SegmentedBody form) => EncryptedFormCheck.IsEncrypted(form, secretId.Span, mayBePlain),
        (BodyKind.Whole, SegmentedBody whole) => FormBoundary.IsOurs(whole.ContentType) && OpaqueEncryptor.IsEncrypted(whole, secretId.Span),
        _ => false,
    };

    /// <summary>The same check for a JSON body.</summary>
    public bool IsEncrypted(ReadOnlySpan<byte> wire, ClearMemberCheck mayBePlain)
    {
        using JsonIndex index = new();
        if (index.Read(wire) != JsonShape.Usable)
        {
            return false;
        }

        foreach (ref readonly JsonMember member in index.Members)
        {
            ReadOnlySpan<byte> value = member.Value(wire);
            if (!EncryptedValue.IsEncryptedWith(value, secretId.Span) && !mayBePlain(index.Name(member), value))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Decrypts a whole answer.</summary>
    public AnswerFault Decrypt(Utf8Sequence answer, ResponseSchema schema, DecryptedDocument decrypted) => decrypted.Decrypt(answer, schema, _cipher);

    /// <summary>Decrypts an event stream while it is received.</summary>
    public EventDecryptor DecryptEvents(EventRules rules, AnswerContext context, EventTranslator? translator = null) =>
        new(_cipher, rules, context) { Translator = translator };

    public void Dispose() => _cipher.Dispose();
}

/// <summary>The part of a request body that is encrypted.</summary>
internal enum BodyKind
{
    /// <summary>A JSON object: each top-level value.</summary>
    Json,

    /// <summary>A form (multipart/form-data): each field and each file.</summary>
    Form,

    /// <summary>The whole body as one value, regardless of its format.</summary>
    Whole,
}

/// <summary>An encrypted request body and its content type. The receiver owns it.</summary>
internal abstract class EncryptedBody(string contentType) : IDisposable
{
    public string ContentType { get; } = contentType;

    /// <summary>The number of bytes on the wire.</summary>
    public abstract long Length { get; }

    public abstract void WriteTo(Stream stream);

    public abstract Task WriteToAsync(Stream stream, CancellationToken cancellationToken);

    public abstract void Dispose();
}

/// <summary>An encrypted body that is in memory in the form in which it is sent.</summary>
/// <param name="content">The bytes on the wire; owned.</param>
internal sealed class BufferedBody(PooledBytes content, string contentType) : EncryptedBody(contentType)
{
    public PooledBytes Content => content;

    public override long Length => content.Length;

    public override void WriteTo(Stream stream) => stream.Write(content.Span);

    public override Task WriteToAsync(Stream stream, CancellationToken cancellationToken) =>
        stream.WriteAsync(content.Memory, cancellationToken).AsTask();

    public override void Dispose() => content.Dispose();
}

/// <summary>Replaces every top-level value that must not be sent in the clear with its encrypted form. All other bytes stay the same.</summary>
internal static class JsonEncryptor
{
    /// <summary>Encrypts the values in the order of their escaped names, and writes them in document order.</summary>
    public static PooledBytes Encrypt(ReadOnlySpan<byte> document, JsonIndex index, ClearNames plain, ExchangeCipher cipher)
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
                    cipher.Encrypt(member.Value(document), output.Span.Slice(member.OutputStart, member.OutputLength));
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
            member.OutputLength = stays ? JsonRewriter.Stays : cipher.EncryptedLength(member.ValueLength);
            length = stays ? length : checked(length + member.OutputLength - member.ValueLength);
        }

        return length;
    }
}
