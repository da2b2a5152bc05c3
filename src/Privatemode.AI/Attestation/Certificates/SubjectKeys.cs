using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Privatemode.AI.Attestation.Certificates;

// References: RFC 5480 section 2 (EC keys), RFC 3279 section 2.3.1 (RSA keys). Curves by name only: an EC key with parameters of its own
// could look like the pinned one and be forged (CVE-2020-0601).

/// <summary>Imports the key of a certificate, of exactly the kind the caller expects. The caller disposes it.</summary>
internal static class SubjectKeys
{
    private const string RsaEncryption = "1.2.840.113549.1.1.1";
    private const int SmallestModulus = 2048 / 8;
    private const int LargestModulus = 4096 / 8;

    // SEQUENCE { SEQUENCE { id-ecPublicKey, named curve }, BIT STRING { 04 (uncompressed) … } }: DER has no other form of it.
    private static ReadOnlySpan<byte> P256Prefix =>
    [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
        0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ];

    private static ReadOnlySpan<byte> P384Prefix =>
    [
        0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
        0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04,
    ];

    private static ReadOnlySpan<byte> Exponent65537 => [0x01, 0x00, 0x01];

    /// <summary>An ECDSA key on P-256.</summary>
    /// <exception cref="PrivatemodeVerificationException">The key is of another kind, or not a point of the curve.</exception>
    public static ECDsa ImportP256(Certificate certificate) =>
        TryImportEcdsa(certificate.SubjectPublicKeyInfo.Span, P256Prefix, ECCurve.NamedCurves.nistP256) ?? throw WrongKey(certificate, "ECDSA on P-256");

    /// <summary>An ECDSA key on P-384.</summary>
    /// <exception cref="PrivatemodeVerificationException">The key is of another kind, or not a point of the curve.</exception>
    public static ECDsa ImportP384(Certificate certificate) =>
        TryImportEcdsa(certificate.SubjectPublicKeyInfo.Span, P384Prefix, ECCurve.NamedCurves.nistP384) ?? throw WrongKey(certificate, "ECDSA on P-384");

    /// <summary>An RSA key of 2048 to 4096 bits with the exponent 65537, usable with any padding (rsaEncryption).</summary>
    /// <exception cref="PrivatemodeVerificationException">The key is of another kind.</exception>
    public static RSA ImportRsa(Certificate certificate)
    {
        RSA? key = null;
        try
        {
            RSAParameters parameters = ReadRsa(certificate.SubjectPublicKeyInfo);
            key = RSA.Create();
            key.ImportParameters(parameters);
            return key;
        }
        catch (Exception exception) when (exception is AsnContentException or CryptographicException)
        {
            key?.Dispose();
            throw WrongKey(certificate, "RSA, 2048 to 4096 bits, exponent 65537");
        }
    }

    private static ECDsa? TryImportEcdsa(ReadOnlySpan<byte> key, ReadOnlySpan<byte> prefix, ECCurve curve)
    {
        // The second byte of the prefix is the length of what follows it.
        if (key.Length != prefix[1] + 2 || !key.StartsWith(prefix))
        {
            return null;
        }

        ReadOnlySpan<byte> point = key[prefix.Length..];
        ECParameters parameters = new()
        {
            Curve = curve,
            Q = new ECPoint { X = point[..(point.Length / 2)].ToArray(), Y = point[(point.Length / 2)..].ToArray() },
        };
        try
        {
            return ECDsa.Create(parameters);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static RSAParameters ReadRsa(ReadOnlyMemory<byte> subjectPublicKeyInfo)
    {
        AsnReader sequence = new AsnReader(subjectPublicKeyInfo, AsnEncodingRules.DER).ReadSequence();
        AsnReader algorithm = sequence.ReadSequence();
        DerReading.Demand(algorithm.ReadObjectIdentifier() == RsaEncryption, "The key is not an RSA key for any padding.");
        algorithm.ReadNull();
        algorithm.ThrowIfNotEmpty();
        byte[] bits = sequence.ReadBitString(out int unusedBits);
        sequence.ThrowIfNotEmpty();
        DerReading.Demand(unusedBits == 0, "The key is not a whole number of bytes.");

        AsnReader input = new(bits, AsnEncodingRules.DER);
        AsnReader numbers = input.ReadSequence();
        input.ThrowIfNotEmpty();
        ReadOnlySpan<byte> modulus = numbers.ReadIntegerBytes().Span;
        ReadOnlySpan<byte> exponent = numbers.ReadIntegerBytes().Span;
        numbers.ThrowIfNotEmpty();

        // Positive with its highest bit set: DER puts one zero byte before it.
        DerReading.Demand(modulus.Length - 1 is >= SmallestModulus and <= LargestModulus && modulus[0] == 0, "The modulus has an odd size.");
        DerReading.Demand(exponent.SequenceEqual(Exponent65537), "The exponent is not 65537.");
        return new RSAParameters { Modulus = modulus[1..].ToArray(), Exponent = exponent.ToArray() };
    }

    private static PrivatemodeVerificationException WrongKey(Certificate certificate, string expected) =>
        CertificateFailure.Create(CertificateChecks.Key, certificate.Holder, "has a key of another kind", expected);
}
