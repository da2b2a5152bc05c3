using System.Formats.Asn1;

namespace Privatemode.AI.Attestation.Certificates;

/// <summary>Reads the DER structures that certificates and revocation lists have in common.</summary>
internal static class DerReader
{
    /// <summary>The maximum length of a serial number: 20 bytes by RFC 5280, and a sign byte that Intel does not count.</summary>
    private const int MaxSerialNumberLength = 21;

    private const int LastYearOfUtcTime = 2049;

    /// <summary>Splits SIGNED { … } of RFC 5280 into the signed part, the outer algorithm and the signature; no bytes may follow.</summary>
    public static SignedParts ReadSigned(ReadOnlyMemory<byte> der)
    {
        AsnReader input = new(der, AsnEncodingRules.DER);
        AsnReader outer = input.ReadSequence();
        input.ThrowIfNotEmpty();

        ReadOnlyMemory<byte> toBeSigned = outer.PeekEncodedValue();
        AsnReader body = outer.ReadSequence();
        ReadOnlyMemory<byte> algorithm = outer.ReadEncodedValue();
        byte[] signature = outer.ReadBitString(out int unusedBits);
        outer.ThrowIfNotEmpty();
        Require(unusedBits == 0, "The length of the signature is not a whole number of bytes.");
        return new SignedParts(toBeSigned, body, algorithm, signature);
    }

    /// <summary>Reads the content octets. DER has only one form of each number, so equal numbers have equal bytes.</summary>
    public static ReadOnlyMemory<byte> ReadSerialNumber(AsnReader reader)
    {
        ReadOnlyMemory<byte> serialNumber = reader.ReadIntegerBytes();
        CheckSerialNumber(serialNumber);
        return serialNumber;
    }

    public static void CheckSerialNumber(ReadOnlyMemory<byte> serialNumber) =>
        Require(serialNumber.Length <= MaxSerialNumberLength, "The serial number is too long.");

    /// <summary>Time of RFC 5280, section 4.1.2.5.</summary>
    public static DateTimeOffset ReadTime(AsnReader reader) => IsTime(reader, UniversalTagNumber.UtcTime)
        ? reader.ReadUtcTime(LastYearOfUtcTime)
        : reader.ReadGeneralizedTime();

    /// <summary>Whether the next element is a time.</summary>
    public static bool IsTimeNext(AsnReader reader) =>
        reader.HasData && (IsTime(reader, UniversalTagNumber.UtcTime) || IsTime(reader, UniversalTagNumber.GeneralizedTime));

    /// <summary>One Extension of RFC 5280, section 4.1.</summary>
    public static (string Identifier, CertificateExtension Extension) ReadExtension(AsnReader list)
    {
        AsnReader extension = list.ReadSequence();
        string identifier = extension.ReadObjectIdentifier();
        bool critical = extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean();
        byte[] value = extension.ReadOctetString();
        extension.ThrowIfNotEmpty();
        return (identifier, new CertificateExtension(critical, value));
    }

    public static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new AsnContentException(message);
        }
    }

    private static bool IsTime(AsnReader reader, UniversalTagNumber kind) => reader.PeekTag().HasSameClassAndValue(new Asn1Tag(kind));

    /// <param name="ToBeSigned">The signed part, unchanged.</param>
    /// <param name="Body">A reader over the content of the signed part.</param>
    /// <param name="Algorithm">The AlgorithmIdentifier outside of the signed part.</param>
    public readonly record struct SignedParts(
        ReadOnlyMemory<byte> ToBeSigned, AsnReader Body, ReadOnlyMemory<byte> Algorithm, ReadOnlyMemory<byte> Signature);
}
