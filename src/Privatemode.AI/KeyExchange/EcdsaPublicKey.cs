using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Privatemode.AI.KeyExchange;

/// <summary>An ECDSA public key on a named curve, and signatures in the one strict form that every platform judges alike.</summary>
internal sealed class EcdsaPublicKey : IDisposable
{
    private const string EcPublicKey = "1.2.840.10045.2.1"; // RFC 5480, section 2.1.1
    private const string P256 = "1.2.840.10045.3.1.7";
    private const string P384 = "1.3.132.0.34";
    private const string P521 = "1.3.132.0.35";

    private readonly ECDsa _key;

    private EcdsaPublicKey(ECDsa key) => _key = key;

    /// <summary>Reads a SubjectPublicKeyInfo; null unless it is an ECDSA key on P-256, P-384 or P-521 given by name.</summary>
    public static EcdsaPublicKey? TryImport(ReadOnlyMemory<byte> subjectPublicKeyInfo)
    {
        if (!IsOnKnownCurve(subjectPublicKeyInfo))
        {
            return null;
        }

        ECDsa key = ECDsa.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(subjectPublicKeyInfo.Span, out _);
            return new EcdsaPublicKey(key);
        }
        catch (CryptographicException)
        {
            key.Dispose(); // not a point of the curve
            return null;
        }
    }

    /// <summary>Verifies an ECDSA-Sig-Value (RFC 3279, section 2.2.3) over a digest, which is not hashed again.</summary>
    public bool Verify(ReadOnlySpan<byte> digest, ReadOnlyMemory<byte> signature) =>
        IsSignatureValue(signature) && _key.VerifyHash(digest, signature.Span, DSASignatureFormat.Rfc3279DerSequence);

    public void Dispose() => _key.Dispose();

    private static bool IsOnKnownCurve(ReadOnlyMemory<byte> subjectPublicKeyInfo)
    {
        try
        {
            AsnReader reader = new(subjectPublicKeyInfo, AsnEncodingRules.DER);
            AsnReader algorithm = reader.ReadSequence().ReadSequence();
            reader.ThrowIfNotEmpty();
            bool known = algorithm.ReadObjectIdentifier() == EcPublicKey && algorithm.ReadObjectIdentifier() is P256 or P384 or P521;
            algorithm.ThrowIfNotEmpty();
            return known;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    // Two positive integers in DER and nothing after them. The platforms' own parsers differ here (a missing leading zero, for example).
    private static bool IsSignatureValue(ReadOnlyMemory<byte> signature)
    {
        try
        {
            AsnReader reader = new(signature, AsnEncodingRules.DER);
            AsnReader sequence = reader.ReadSequence();
            bool positive = IsPositive(sequence.ReadIntegerBytes().Span) && IsPositive(sequence.ReadIntegerBytes().Span);
            sequence.ThrowIfNotEmpty();
            reader.ThrowIfNotEmpty();
            return positive;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private static bool IsPositive(ReadOnlySpan<byte> integer) => (integer[0] & 0x80) == 0 && integer.ContainsAnyExcept((byte)0);
}
