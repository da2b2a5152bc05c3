using System.Formats.Asn1;

namespace Privatemode.AI.KeyExchange;

// Reference: RFC 5280, section 4.2.1. The readers throw AsnContentException on anything malformed.

/// <summary>One extension of a certificate: critical or not, and its content in DER.</summary>
internal sealed record MeshCertificateExtension(bool Critical, ReadOnlyMemory<byte> Value)
{
    public const string KeyUsage = "2.5.29.15";
    public const string SubjectAlternativeName = "2.5.29.17";
    public const string BasicConstraints = "2.5.29.19";
    public const string NameConstraints = "2.5.29.30";
    public const string ExtendedKeyUsage = "2.5.29.37";

    private const string AnyExtendedKeyUsage = "2.5.29.37.0";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const byte KeyCertSignBit = 0x80 >> 5;

    private static readonly Asn1Tag DnsNameTag = new(TagClass.ContextSpecific, 2);

    /// <summary>Extensions that may be critical because we know what they mean, also where we ask nothing of them.</summary>
    public static bool IsUnderstood(string identifier) =>
        identifier is KeyUsage or SubjectAlternativeName or BasicConstraints or ExtendedKeyUsage;

    /// <summary>cA of BasicConstraints, section 4.2.1.9. The path length is read and left: there is never an intermediate.</summary>
    public bool ReadIsAuthority()
    {
        AsnReader sequence = ReadWholeSequence();
        bool isAuthority = sequence.HasData && sequence.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && sequence.ReadBoolean();
        if (sequence.HasData)
        {
            sequence.ReadIntegerBytes();
        }

        sequence.ThrowIfNotEmpty();
        return isAuthority;
    }

    /// <summary>keyCertSign of KeyUsage, section 4.2.1.3.</summary>
    public bool ReadMaySignCertificates()
    {
        AsnReader reader = new(Value, AsnEncodingRules.DER);
        byte[] bits = reader.ReadBitString(out _);
        reader.ThrowIfNotEmpty();
        return bits.Length > 0 && (bits[0] & KeyCertSignBit) != 0;
    }

    /// <summary>Whether ExtendedKeyUsage, section 4.2.1.12, holds serverAuth or any.</summary>
    public bool ReadMayServe()
    {
        AsnReader sequence = ReadWholeSequence();
        bool mayServe = false;
        while (sequence.HasData)
        {
            mayServe |= sequence.ReadObjectIdentifier() is ServerAuthentication or AnyExtendedKeyUsage;
        }

        return mayServe;
    }

    /// <summary>The dNSNames of SubjectAltName, section 4.2.1.6; names of other kinds are left.</summary>
    public IReadOnlyList<string> ReadDnsNames()
    {
        AsnReader sequence = ReadWholeSequence();
        List<string> names = [];
        while (sequence.HasData)
        {
            if (sequence.PeekTag().HasSameClassAndValue(DnsNameTag))
            {
                names.Add(sequence.ReadCharacterString(UniversalTagNumber.IA5String, DnsNameTag));
            }
            else
            {
                _ = sequence.ReadEncodedValue();
            }
        }

        return names;
    }

    private AsnReader ReadWholeSequence()
    {
        AsnReader reader = new(Value, AsnEncodingRules.DER);
        AsnReader sequence = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        return sequence;
    }
}
