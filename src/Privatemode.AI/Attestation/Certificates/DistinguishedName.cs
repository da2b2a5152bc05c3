using System.Formats.Asn1;

namespace Privatemode.AI.Attestation.Certificates;

// Reference: RFC 5280, section 4.1.2.4. Narrower than it: every RDN has one attribute and every attribute stands once, as in all names
// of AMD and Intel. A name with two common names has no right answer to "who is it".

/// <summary>A name as attribute type (dotted) to text.</summary>
internal sealed class DistinguishedName
{
    public const string CommonNameType = "2.5.4.3";

    private DistinguishedName(Dictionary<string, string> attributes) => Attributes = attributes;

    public IReadOnlyDictionary<string, string> Attributes { get; }

    /// <summary>The common name, or null when the name has none.</summary>
    public string? CommonName => Attributes.GetValueOrDefault(CommonNameType);

    /// <exception cref="AsnContentException">It is not a name, or not one as described above.</exception>
    public static DistinguishedName Parse(ReadOnlyMemory<byte> der)
    {
        Dictionary<string, string> attributes = new(StringComparer.Ordinal);
        AsnReader input = new(der, AsnEncodingRules.DER);
        AsnReader name = input.ReadSequence();
        input.ThrowIfNotEmpty();
        while (name.HasData)
        {
            AsnReader set = name.ReadSetOf();
            AsnReader attribute = set.ReadSequence();
            set.ThrowIfNotEmpty();
            string type = attribute.ReadObjectIdentifier();
            string value = ReadText(attribute);
            attribute.ThrowIfNotEmpty();
            DerReading.Demand(attributes.TryAdd(type, value), "An attribute stands twice.");
        }

        return new DistinguishedName(attributes);
    }

    private static string ReadText(AsnReader reader)
    {
        UniversalTagNumber kind = (UniversalTagNumber)reader.PeekTag().TagValue;
        DerReading.Demand(
            kind is UniversalTagNumber.UTF8String or UniversalTagNumber.PrintableString or UniversalTagNumber.IA5String,
            "The value of an attribute is not plain text.");
        return reader.ReadCharacterString(kind);
    }
}
