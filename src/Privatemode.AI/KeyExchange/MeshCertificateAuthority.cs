using System.Buffers;
using System.Buffers.Text;
using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Privatemode.AI.KeyExchange;

/// <summary>The attested mesh CA: the only anchor of the secret service's certificate, self-signed or not. Immutable.</summary>
internal sealed class MeshCertificateAuthority
{
    // Looking for PEM in a text takes quadratic time. Real ones have less than one thousand bytes.
    private const int LongestText = 64 * 1024;

    private readonly MeshCertificateFields _fields;

    private MeshCertificateAuthority(MeshCertificateFields fields) => _fields = fields;

    /// <summary>The CA's name, DER; the issuer of every certificate it signed.</summary>
    public ReadOnlyMemory<byte> Subject => _fields.Subject;

    /// <summary>The CA's SubjectPublicKeyInfo, DER.</summary>
    public ReadOnlyMemory<byte> PublicKey => _fields.PublicKey;

    /// <summary>The last moment at which the CA is valid.</summary>
    public DateTimeOffset NotAfter => _fields.NotAfter;

    /// <summary>Takes the first PEM block of the text, whatever its label, as certificate.</summary>
    /// <exception cref="PrivatemodeVerificationException">It is none, or none that may sign certificates.</exception>
    public static MeshCertificateAuthority FromPem(ReadOnlySpan<byte> pem)
    {
        MeshCertificateAuthority authority;
        try
        {
            authority = new MeshCertificateAuthority(MeshCertificateFields.Parse(FirstBlock(pem)));
            authority.CheckConstraints();
        }
        catch (AsnContentException)
        {
            throw new PrivatemodeVerificationException(
                KeyExchangeChecks.AuthorityFormat,
                "The attested mesh CA is not a certificate in PEM. Do not send anything; update this package if the service is newer.");
        }

        using EcdsaPublicKey? key = EcdsaPublicKey.TryImport(authority.PublicKey);
        return key is not null
            ? authority
            : throw new PrivatemodeVerificationException(
                KeyExchangeChecks.AuthorityKey,
                "The attested mesh CA has no known kind of key. Do not send anything; update this package if the service is newer.")
            {
                Expected = "ECDSA on P-256, P-384 or P-521",
            };
    }

    /// <summary>Refuses a time outside the CA's validity; both ends belong to it.</summary>
    /// <exception cref="PrivatemodeVerificationException">The CA is not valid yet or not any more.</exception>
    public void CheckValidity(DateTimeOffset now)
    {
        if (now < _fields.NotBefore)
        {
            throw new PrivatemodeVerificationException(
                KeyExchangeChecks.AuthorityNotYetValid,
                "The mesh CA is not valid yet. Check this machine's clock; if it is right, do not send anything.")
            {
                Expected = $"not before {_fields.NotBefore:u}",
                Found = $"{now:u}",
            };
        }

        if (now > _fields.NotAfter)
        {
            throw new PrivatemodeVerificationException(
                KeyExchangeChecks.AuthorityExpired,
                "The mesh CA has expired. Check this machine's clock; if it is right, attest again.")
            {
                Expected = $"not after {_fields.NotAfter:u}",
                Found = $"{now:u}",
            };
        }
    }

    // PEM of RFC 7468; text around the block is allowed.
    private static byte[] FirstBlock(ReadOnlySpan<byte> pem)
    {
        if (pem.Length > LongestText || !PemEncoding.TryFindUtf8(pem, out PemFields block))
        {
            throw new AsnContentException("There is no PEM block, or far too much text.");
        }

        byte[] der = new byte[block.DecodedDataLength];
        OperationStatus status = Base64.DecodeFromUtf8(pem[block.Base64Data], der, out _, out int written);
        return status == OperationStatus.Done && written == der.Length
            ? der
            : throw new AsnContentException("The PEM block is not base64.");
    }

    // BasicConstraints and KeyUsage are demanded, as RFC 5280 demands them of a CA. Whatever else could narrow down what the CA may
    // sign is refused rather than interpreted: name constraints, other usages, critical extensions.
    private void CheckConstraints()
    {
        Demand(
            _fields.Extensions.TryGetValue(MeshCertificateExtension.BasicConstraints, out MeshCertificateExtension? constraints)
                && constraints.ReadIsAuthority(),
            "basic constraints with CA");
        Demand(
            _fields.Extensions.TryGetValue(MeshCertificateExtension.KeyUsage, out MeshCertificateExtension? usage)
                && usage.ReadMaySignCertificates(),
            "key usage with keyCertSign");
        Demand(
            !_fields.Extensions.TryGetValue(MeshCertificateExtension.ExtendedKeyUsage, out MeshCertificateExtension? extended)
                || extended.ReadMayServe(),
            "no extended key usage, or one with serverAuth");
        Demand(!_fields.Extensions.ContainsKey(MeshCertificateExtension.NameConstraints), "no name constraints");
        foreach ((string identifier, MeshCertificateExtension extension) in _fields.Extensions)
        {
            Demand(!extension.Critical || MeshCertificateExtension.IsUnderstood(identifier), "no unknown critical extension", identifier);
        }
    }

    private static void Demand(bool condition, string expected, string? found = null)
    {
        if (!condition)
        {
            throw new PrivatemodeVerificationException(
                KeyExchangeChecks.AuthorityConstraints,
                "The attested mesh CA is restricted. Do not send anything; update this package if the service is newer.")
            {
                Expected = expected,
                Found = found,
            };
        }
    }
}
