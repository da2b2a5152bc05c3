using System.Formats.Asn1;
using System.Numerics;

namespace Privatemode.AI.Testing.Evidence.Certificates;

/// <summary>A certificate before it is signed. Everything can be changed, also to invalid values.</summary>
internal sealed class CertificateTemplate
{
    private static readonly Asn1Tag VersionTag = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag ExtensionsTag = new(TagClass.ContextSpecific, 3);

    /// <summary>The serial number, 0 or more. The certificates of chips have the number 0.</summary>
    public BigInteger SerialNumber { get; set; }

    public required byte[] Issuer { get; set; }

    public required byte[] Subject { get; set; }

    public required DateTimeOffset NotBefore { get; set; }

    public required DateTimeOffset NotAfter { get; set; }

    public required byte[] SubjectPublicKeyInfo { get; set; }

    public List<CertificateExtension> Extensions { get; } = [];

    /// <summary>Returns the signed certificate (DER).</summary>
    public byte[] Sign(SigningKey issuer) => SignedObject.Write(WriteToBeSigned(issuer), issuer);

    private byte[] WriteToBeSigned(SigningKey issuer)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence(VersionTag))
            {
                writer.WriteInteger(2);
            }

            writer.WriteInteger(SerialNumber);
            writer.WriteEncodedValue(issuer.AlgorithmIdentifier);
            writer.WriteEncodedValue(Issuer);
            using (writer.PushSequence())
            {
                writer.WriteUtcTime(NotBefore);
                writer.WriteUtcTime(NotAfter);
            }

            writer.WriteEncodedValue(Subject);
            writer.WriteEncodedValue(SubjectPublicKeyInfo);
            CertificateExtension.WriteAll(writer, Extensions, ExtensionsTag);
        }

        return writer.Encode();
    }
}
