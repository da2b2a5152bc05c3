using System.Security.Cryptography;

namespace Privatemode.AI.Attestation.Certificates;

/// <summary>A certificate authority with its key imported once, however many signatures are checked with it.</summary>
/// <remarks>That it may be trusted is for the caller to know: its key is pinned, or another issuer was checked to have signed it.</remarks>
internal sealed class CertificateIssuer : IDisposable
{
    private readonly RSA? _rsa;
    private readonly ECDsa? _ecdsa;

    private CertificateIssuer(Certificate certificate, RSA? rsa, ECDsa? ecdsa)
    {
        Certificate = certificate;
        _rsa = rsa;
        _ecdsa = ecdsa;
    }

    public Certificate Certificate { get; }

    /// <summary>Takes a certificate as issuer whose children are signed with RSASSA-PSS and SHA-384.</summary>
    /// <exception cref="PrivatemodeVerificationException">It has no RSA key.</exception>
    public static CertificateIssuer WithRsa(Certificate certificate) => new(certificate, SubjectKeys.ImportRsa(certificate), null);

    /// <summary>Takes a certificate as issuer whose children are signed with ECDSA on P-256 and SHA-256.</summary>
    /// <exception cref="PrivatemodeVerificationException">It has no key on P-256.</exception>
    public static CertificateIssuer WithP256(Certificate certificate) => new(certificate, null, SubjectKeys.ImportP256(certificate));

    /// <summary>Whether the bytes were signed with this issuer's key in the named way.</summary>
    public bool HasSigned(ReadOnlyMemory<byte> data, ReadOnlyMemory<byte> signature, SignatureAlgorithm algorithm)
    {
        try
        {
            return algorithm switch
            {
                // This padding is MGF1 with the same hash and as much salt as the hash has bytes: AMD's parameters.
                SignatureAlgorithm.RsaPssSha384 => _rsa?.VerifyData(data.Span, signature.Span, HashAlgorithmName.SHA384, RSASignaturePadding.Pss) == true,
                SignatureAlgorithm.EcdsaP256Sha256 =>
                    _ecdsa?.VerifyData(data.Span, signature.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence) == true,
                _ => false,
            };
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _rsa?.Dispose();
        _ecdsa?.Dispose();
    }
}
