using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Privatemode.AI.KeyExchange.Hpke;

namespace Privatemode.AI.Testing.SecretService;

/// <summary>The service's side of the key exchange. It does not need the mesh CA, which signed the certificate earlier.</summary>
/// <param name="meshCertificate">The service's certificate, DER, signed by the mesh CA.</param>
/// <param name="meshKey">The certificate's private key.</param>
internal sealed class SecretExchangeResponder(ReadOnlyMemory<byte> meshCertificate, ECDsa meshKey)
{
    private const int SecretSize = 32;

    /// <summary>Answers one request. The caller, which stores the secrets, must refuse a public key that was used before.</summary>
    /// <exception cref="JsonException">The request is not JSON.</exception>
    /// <exception cref="FormatException">The request has no public key in base64.</exception>
    /// <exception cref="CryptographicException">The public key is not a valid one.</exception>
    public SecretExchangeReply Answer(ReadOnlyMemory<byte> requestBody)
    {
        byte[] publicKey = ReadPublicKey(requestBody);
        byte[] encapsulatedKey = new byte[XWing.CiphertextSize];
        byte[] secret = new byte[SecretSize];
        using (HpkeExportContext context = HpkeSender.SetupBase(publicKey, encapsulatedKey))
        {
            context.Export(exporterContext: [], secret);
        }

        byte[] digest = SHA256.HashData([.. publicKey, .. encapsulatedKey]);
        byte[] signature = meshKey.SignHash(digest, DSASignatureFormat.Rfc3279DerSequence);
        string secretId = Convert.ToBase64String(SHA256.HashData(publicKey));
        return new SecretExchangeReply(WriteBody(encapsulatedKey, signature), secretId, secret);
    }

    private static byte[] ReadPublicKey(ReadOnlyMemory<byte> requestBody)
    {
        using JsonDocument document = JsonDocument.Parse(requestBody);
        return document.RootElement.ValueKind == JsonValueKind.Object
            && document.RootElement.TryGetProperty("PublicKey", out JsonElement member)
            && member.ValueKind == JsonValueKind.String
            && member.TryGetBytesFromBase64(out byte[]? publicKey)
            ? publicKey
            : throw new FormatException("The request has no member PublicKey in base64.");
    }

    // As the service writes it: base64 is not escaped.
    private byte[] WriteBody(byte[] encapsulatedKey, byte[] signature) => Encoding.ASCII.GetBytes(
        $"{{\"EncapsulatedKey\":\"{Convert.ToBase64String(encapsulatedKey)}\","
        + $"\"Signature\":\"{Convert.ToBase64String(signature)}\","
        + $"\"MeshCert\":\"{Convert.ToBase64String(meshCertificate.Span)}\"}}");
}
