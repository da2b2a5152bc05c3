using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Privatemode.AI.Attestation.Certificates;

/// <summary>A certificate authority whose key is imported once, for any number of signatures.</summary>
/// <remarks>The caller ensures that it can be trusted: its key is pinned, or its certificate was verified with another issuer's key.</remarks>
internal sealed class CertificateIssuer(Certificate certificate, RSA? rsa, ECDsa? ecdsa) : IDisposable
{
    public Certificate Certificate { get; } = certificate;

    /// <summary>Creates an issuer that signs with RSASSA-PSS and SHA-384.</summary>
    public static CertificateIssuer WithRsa(Certificate certificate) => new(certificate, SubjectKeys.ImportRsa(certificate), null);

    /// <summary>Creates an issuer that signs with ECDSA on P-256 and SHA-256.</summary>
    public static CertificateIssuer WithP256(Certificate certificate) => new(certificate, null, SubjectKeys.ImportP256(certificate));

    /// <summary>Whether the bytes were signed with this issuer's key and the specified algorithm.</summary>
    public bool HasSigned(ReadOnlyMemory<byte> data, ReadOnlyMemory<byte> signature, SignatureAlgorithm algorithm)
    {
        try
        {
            return algorithm switch
            {
                // This padding is MGF1 with the same hash and with as many salt bytes as the hash has: AMD's parameters.
                SignatureAlgorithm.RsaPssSha384 => rsa?.VerifyData(data.Span, signature.Span, HashAlgorithmName.SHA384, RSASignaturePadding.Pss) == true,
                SignatureAlgorithm.EcdsaP256Sha256 =>
                    ecdsa?.VerifyData(data.Span, signature.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence) == true,
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
        rsa?.Dispose();
        ecdsa?.Dispose();
    }
}

// References: RFC 5480 section 2 (EC keys), RFC 3279 section 2.3.1 (RSA keys). Only named curves: an EC key with explicit parameters
// could look like the pinned one and be forged (CVE-2020-0601).

/// <summary>Imports the key of a certificate, which must be of the kind that the caller expects. The caller disposes it.</summary>
internal static class SubjectKeys
{
    private const string RsaEncryption = "1.2.840.113549.1.1.1";
    private const int MinModulusSize = 2048 / 8;
    private const int MaxModulusSize = 4096 / 8;

    // SEQUENCE { SEQUENCE { id-ecPublicKey, named curve }, BIT STRING { 04 (uncompressed) … } }: the only form of it in DER.
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
    public static ECDsa ImportP256(Certificate certificate) =>
        TryImportEcdsa(certificate.SubjectPublicKeyInfo.Span, P256Prefix, ECCurve.NamedCurves.nistP256) ?? throw WrongKey(certificate, "ECDSA on P-256");

    /// <summary>An ECDSA key on P-384.</summary>
    public static ECDsa ImportP384(Certificate certificate) =>
        TryImportEcdsa(certificate.SubjectPublicKeyInfo.Span, P384Prefix, ECCurve.NamedCurves.nistP384) ?? throw WrongKey(certificate, "ECDSA on P-384");

    /// <summary>An RSA key of 2048 to 4096 bits with the exponent 65537, usable with any padding (rsaEncryption).</summary>
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
        DerReader.Require(algorithm.ReadObjectIdentifier() == RsaEncryption, "The key algorithm is not rsaEncryption.");
        algorithm.ReadNull();
        algorithm.ThrowIfNotEmpty();
        byte[] bits = sequence.ReadBitString(out int unusedBits);
        sequence.ThrowIfNotEmpty();
        DerReader.Require(unusedBits == 0, "The length of the key is not a whole number of bytes.");

        AsnReader input = new(bits, AsnEncodingRules.DER);
        AsnReader numbers = input.ReadSequence();
        input.ThrowIfNotEmpty();
        ReadOnlySpan<byte> modulus = numbers.ReadIntegerBytes().Span;
        ReadOnlySpan<byte> exponent = numbers.ReadIntegerBytes().Span;
        numbers.ThrowIfNotEmpty();

        // The number is positive and its highest bit is set, so DER puts one zero byte before it.
        DerReader.Require(modulus.Length - 1 is >= MinModulusSize and <= MaxModulusSize && modulus[0] == 0, "The modulus has an unsupported size.");
        DerReader.Require(exponent.SequenceEqual(Exponent65537), "The exponent is not 65537.");
        return new RSAParameters { Modulus = modulus[1..].ToArray(), Exponent = exponent.ToArray() };
    }

    private static PrivatemodeVerificationException WrongKey(Certificate certificate, string expected) =>
        CertificateExceptions.Create(CertificateChecks.Key, certificate.Holder, "has a key of an unsupported kind", expected);
}

/// <summary>The algorithms with which AMD and Intel sign certificates and revocation lists.</summary>
internal enum SignatureAlgorithm
{
    /// <summary>AMD: RSASSA-PSS, SHA-384, MGF1 with SHA-384, 48 bytes of salt, trailer 1.</summary>
    RsaPssSha384,

    /// <summary>Intel: ECDSA on P-256 with SHA-256, the signature as DER SEQUENCE of r and s.</summary>
    EcdsaP256Sha256,
}

// References: RFC 5758 section 3.2 (ECDSA: parameters absent), RFC 4055 sections 2.1 and 3.1 (RSASSA-PSS-params), RFC 5280 section
// 4.1.1.2 (both algorithm identifiers are the same). The PSS parameters are parsed, not compared with one byte string: AMD's
// older certificates contain the default trailer, and the newer ones do not.

/// <summary>Reads an AlgorithmIdentifier; null if it is not exactly one of the known algorithms.</summary>
internal static class SignatureAlgorithmReader
{
    private const string RsaPss = "1.2.840.113549.1.1.10";
    private const string EcdsaWithSha256 = "1.2.840.10045.4.3.2";
    private const string EcdsaWithSha384 = "1.2.840.10045.4.3.3";
    private const string EcdsaWithSha512 = "1.2.840.10045.4.3.4";
    private const string Mgf1 = "1.2.840.113549.1.1.8";
    private const string Sha384 = "2.16.840.1.101.3.4.2.2";
    private const int Sha384Size = 48;

    private static readonly Asn1Tag HashTag = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag MaskTag = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag SaltTag = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag TrailerTag = new(TagClass.ContextSpecific, 3);

    /// <summary>The algorithm of AMD or Intel that both identifiers name, inside and outside the signed part; or null.</summary>
    /// <exception cref="AsnContentException">The bytes are not DER.</exception>
    public static SignatureAlgorithm? Read(ReadOnlyMemory<byte> inner, ReadOnlyMemory<byte> outer)
    {
        (string? identifier, AsnReader parameters) = ReadIdentifier(inner, outer);
        return identifier switch
        {
            RsaPss when parameters.HasData && IsExpectedPss(parameters.ReadSequence()) && !parameters.HasData => SignatureAlgorithm.RsaPssSha384,
            EcdsaWithSha256 when !parameters.HasData => SignatureAlgorithm.EcdsaP256Sha256,
            _ => null,
        };
    }

    /// <summary>The hash of the ECDSA signature that both identifiers name; null for another algorithm.</summary>
    /// <exception cref="AsnContentException">The bytes are not DER.</exception>
    public static HashAlgorithmName? ReadEcdsaHash(ReadOnlyMemory<byte> inner, ReadOnlyMemory<byte> outer)
    {
        (string? identifier, AsnReader parameters) = ReadIdentifier(inner, outer);
        return (identifier, parameters.HasData) switch
        {
            (EcdsaWithSha256, false) => HashAlgorithmName.SHA256,
            (EcdsaWithSha384, false) => HashAlgorithmName.SHA384,
            (EcdsaWithSha512, false) => HashAlgorithmName.SHA512,
            _ => null,
        };
    }

    // Null unless the bytes of both are equal: otherwise the signed identifier is not the one that is used.
    private static (string? Identifier, AsnReader Parameters) ReadIdentifier(ReadOnlyMemory<byte> inner, ReadOnlyMemory<byte> outer)
    {
        AsnReader sequence = new(inner, AsnEncodingRules.DER);
        if (!inner.Span.SequenceEqual(outer.Span))
        {
            return (null, sequence);
        }

        sequence = sequence.ReadSequence();
        return (sequence.ReadObjectIdentifier(), sequence);
    }

    // All parameters except the trailer differ from their defaults, so they must be present, in this order.
    private static bool IsExpectedPss(AsnReader parameters)
    {
        bool expected = parameters.HasData && IsSha384(ReadWrappedSequence(parameters, HashTag));
        expected = expected && parameters.HasData && IsMgf1WithSha384(ReadWrappedSequence(parameters, MaskTag));
        expected = expected && parameters.HasData && ReadWrappedInteger(parameters, SaltTag) == Sha384Size;
        expected = expected && (!parameters.HasData || ReadWrappedInteger(parameters, TrailerTag) == 1);
        return expected && !parameters.HasData;
    }

    private static bool IsMgf1WithSha384(AsnReader algorithm) =>
        algorithm.ReadObjectIdentifier() == Mgf1 && algorithm.HasData && IsSha384(algorithm.ReadSequence()) && !algorithm.HasData;

    // RFC 4055, section 2.1: the parameters may be NULL or absent.
    private static bool IsSha384(AsnReader algorithm)
    {
        bool expected = algorithm.ReadObjectIdentifier() == Sha384;
        if (algorithm.HasData)
        {
            algorithm.ReadNull();
        }

        return expected && !algorithm.HasData;
    }

    private static AsnReader ReadWrappedSequence(AsnReader parameters, Asn1Tag tag)
    {
        AsnReader wrapper = parameters.ReadSequence(tag);
        AsnReader sequence = wrapper.ReadSequence();
        wrapper.ThrowIfNotEmpty();
        return sequence;
    }

    private static int ReadWrappedInteger(AsnReader parameters, Asn1Tag tag)
    {
        AsnReader wrapper = parameters.ReadSequence(tag);
        DerReader.Require(wrapper.TryReadInt32(out int value), "The number is too large.");
        wrapper.ThrowIfNotEmpty();
        return value;
    }
}
