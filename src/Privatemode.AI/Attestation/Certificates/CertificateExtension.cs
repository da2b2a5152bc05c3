using System.Formats.Asn1;

namespace Privatemode.AI.Attestation.Certificates;

// Reference: RFC 5280, section 4.2.1. The readers throw AsnContentException on anything malformed.

/// <summary>One extension of a certificate: critical or not, and its content, which need not be DER.</summary>
internal sealed record CertificateExtension(bool Critical, ReadOnlyMemory<byte> Value)
{
    public const string KeyUsage = "2.5.29.15";
    public const string BasicConstraints = "2.5.29.19";
    public const string AuthorityKeyIdentifier = "2.5.29.35";

    private const byte KeyCertSignBit = 0x80 >> 5;
    private const byte CrlSignBit = 0x80 >> 6;

    /// <summary>Extensions that may be critical because their content is read.</summary>
    public static bool IsUnderstood(string identifier) => identifier is KeyUsage or BasicConstraints;

    /// <summary>BasicConstraints, section 4.2.1.9.</summary>
    public (bool IsAuthority, int? PathLength) ReadBasicConstraints()
    {
        AsnReader reader = new(Value, AsnEncodingRules.DER);
        AsnReader sequence = reader.ReadSequence();
        reader.ThrowIfNotEmpty();

        bool isAuthority = sequence.HasData && sequence.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && sequence.ReadBoolean();
        int? pathLength = null;
        if (sequence.HasData)
        {
            bool fits = sequence.TryReadInt32(out int value);
            DerReading.Demand(fits && value >= 0 && isAuthority, "The path length is impossible.");
            pathLength = value;
        }

        sequence.ThrowIfNotEmpty();
        return (isAuthority, pathLength);
    }

    /// <summary>keyCertSign and cRLSign of KeyUsage, section 4.2.1.3.</summary>
    public (bool MaySignCertificates, bool MaySignRevocationLists) ReadKeyUsage()
    {
        AsnReader reader = new(Value, AsnEncodingRules.DER);
        byte[] bits = reader.ReadBitString(out _);
        reader.ThrowIfNotEmpty();
        return bits.Length > 0 ? ((bits[0] & KeyCertSignBit) != 0, (bits[0] & CrlSignBit) != 0) : (false, false);
    }
}
