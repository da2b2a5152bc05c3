using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Unicode;
using Privatemode.AI.KeyExchange.Hpke;

namespace Privatemode.AI.KeyExchange;

/// <summary>One attempt to establish a secret: it sends a new public key and verifies the signed answer of the secret service.</summary>
/// <remarks>
/// Can be used once: whether it succeeds or fails, <see cref="Complete"/> clears the private key. The service refuses a public key that it
/// knows already, so a request body must never be sent twice.
/// </remarks>
internal sealed class SecretExchange : IDisposable
{
    /// <summary>
    /// The time for which a secret can be used, starting just before it is requested. The service keeps a secret for one hour; the remaining time is reserved
    /// for answers that are still running.
    /// </summary>
    public static readonly TimeSpan SecretLifetime = TimeSpan.FromMinutes(45);

    private readonly XWingPrivateKey _privateKey;
    private int _used; // 0 or 1

    /// <param name="privateKey">A key pair that was never used before. Owned by this instance.</param>
    public SecretExchange(XWingPrivateKey privateKey)
    {
        _privateKey = privateKey;
        RequestBody = WriteRequest(privateKey.PublicKey);
    }

    /// <summary>Starts an exchange with a new key pair.</summary>
    public static SecretExchange Create() => new(XWingPrivateKey.Generate());

    /// <summary>The body of the POST request: JSON with the public key.</summary>
    public ReadOnlyMemory<byte> RequestBody { get; }

    /// <summary>Verifies the answer and then decapsulates the secret.</summary>
    /// <param name="sentAt">The time just before the request was sent, from which the secret's lifetime is counted.</param>
    /// <exception cref="PrivatemodeVerificationException">The answer does not come from the secret service of the attested mesh, or is malformed.</exception>
    /// <exception cref="InvalidOperationException">The exchange was completed or disposed before.</exception>
    public InferenceSecret Complete(
        ReadOnlyMemory<byte> responseBody, MeshCertificateAuthority authority, SecretServiceNames names, DateTimeOffset now, DateTimeOffset sentAt)
    {
        if (!TryUse())
        {
            throw new InvalidOperationException("A secret exchange can be used only once. Create a new one.");
        }

        try
        {
            SecretExchangeResponse response = SecretExchangeResponse.Parse(responseBody);
            VerifySender(response, authority, names, now);
            return Decapsulate(response.EncapsulatedKey.Span, now, sentAt);
        }
        finally
        {
            _privateKey.Dispose();
        }
    }

    /// <summary>Clears the private key, unless <see cref="Complete"/> is running, which clears it itself.</summary>
    public void Dispose()
    {
        if (TryUse())
        {
            _privateKey.Dispose();
        }
    }

    private bool TryUse() => Interlocked.Exchange(ref _used, 1) == 0;

    private void VerifySender(SecretExchangeResponse response, MeshCertificateAuthority authority, SecretServiceNames names, DateTimeOffset now)
    {
        using EcdsaPublicKey key = MeshCertificate.Verify(response.MeshCertificate, authority, names, now);
        byte[] digest = SHA256.HashData([.. _privateKey.PublicKey, .. response.EncapsulatedKey.Span]);
        if (!key.Verify(digest, response.Signature))
        {
            throw PrivatemodeVerificationException.Create(
                KeyExchangeChecks.Signature,
                "The secret service's signature does not cover this exchange: it may have been tampered with. Do not send anything.");
        }
    }

    private InferenceSecret Decapsulate(ReadOnlySpan<byte> encapsulatedKey, DateTimeOffset now, DateTimeOffset sentAt)
    {
        Span<byte> secret = stackalloc byte[InferenceSecret.Size];
        try
        {
            using HpkeExportContext context = HpkeExportContext.SetupBaseRecipient(encapsulatedKey, _privateKey);
            context.Export(exporterContext: [], secret);
            return new InferenceSecret(secret, SHA256.HashData(_privateKey.PublicKey), now, sentAt + SecretLifetime);
        }
        catch (CryptographicException)
        {
            throw PrivatemodeVerificationException.Create(
                KeyExchangeChecks.EncapsulatedKey,
                "The secret service's encapsulated key cannot be used. Do not send anything; update this package if the service is newer.",
                $"{XWing.CiphertextSize} bytes without a small-order part",
                $"{encapsulatedKey.Length} bytes");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    // Written without a JSON writer, which would escape the + of base64.
    private static byte[] WriteRequest(ReadOnlySpan<byte> publicKey)
    {
        byte[] encoded = new byte[Base64.GetMaxEncodedToUtf8Length(publicKey.Length)];
        Base64.EncodeToUtf8(publicKey, encoded, out _, out _);
        return [.. "{\"PublicKey\":\""u8, .. encoded, .. "\"}"u8];
    }
}

/// <summary>The parsed answer of the secret service, which is not verified yet.</summary>
/// <remarks>
/// Stricter than Privatemode's own client, which ignores case and accepts missing members, line breaks in base64 and arrays of numbers: exact names,
/// each once, strings of padded standard base64. Unknown members are ignored.
/// </remarks>
internal sealed record SecretExchangeResponse(
    ReadOnlyMemory<byte> EncapsulatedKey, ReadOnlyMemory<byte> Signature, ReadOnlyMemory<byte> MeshCertificate)
{
    private const int MaxDepth = 8;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = MaxDepth };

    /// <exception cref="PrivatemodeVerificationException">The body does not have this form.</exception>
    public static SecretExchangeResponse Parse(ReadOnlyMemory<byte> body)
    {
        // The parser checks the UTF-8 of a string only when the string is read.
        if (!Utf8.IsValid(body.Span))
        {
            throw Failure("a JSON object in UTF-8");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(body, Strict);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                throw Failure("a JSON object");
            }

            return new SecretExchangeResponse(
                ReadBytes(root, "EncapsulatedKey"), ReadBytes(root, "Signature"), ReadBytes(root, "MeshCert"));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw Failure("a JSON object"); // InvalidOperationException: an escaped lone surrogate
        }
    }

    private static byte[] ReadBytes(JsonElement root, string name)
    {
        // Encoding the result again is the strict check: the decoder accepts white space and stray bits after the last byte.
        if (root.TryGetProperty(name, out JsonElement member)
            && member.ValueKind == JsonValueKind.String
            && member.TryGetBytesFromBase64(out byte[]? bytes)
            && member.ValueEquals(Convert.ToBase64String(bytes)))
        {
            return bytes;
        }

        throw Failure($"member {name} as a string of padded standard base64");
    }

    private static PrivatemodeVerificationException Failure(string expected) => PrivatemodeVerificationException.Create(
        KeyExchangeChecks.ResponseFormat,
        "The secret service's answer has an invalid format. Do not send anything; update this package if the service is newer.",
        expected);
}
