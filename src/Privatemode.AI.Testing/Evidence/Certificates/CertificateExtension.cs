using System.Formats.Asn1;

namespace Privatemode.AI.Testing.Evidence.Certificates;

/// <summary>A certificate extension. The value is the content of the octet string.</summary>
internal sealed record CertificateExtension(string Oid, bool IsCritical, byte[] Value)
{
    public const string BasicConstraintsOid = "2.5.29.19";

    private static readonly Asn1Tag Tag0 = new(TagClass.ContextSpecific, 0);

    public static CertificateExtension SubjectKeyId(SigningKey key) => new("2.5.29.14", false, Encode(writer => writer.WriteOctetString(key.KeyId)));

    public static CertificateExtension AuthorityKeyId(SigningKey issuer) => new("2.5.29.35", false, Encode(writer =>
    {
        using (writer.PushSequence())
        {
            writer.WriteOctetString(issuer.KeyId, Tag0);
        }
    }));

    public static CertificateExtension BasicConstraints(bool isAuthority, int? pathLength = null) => new(BasicConstraintsOid, true, Encode(writer =>
    {
        using (writer.PushSequence())
        {
            if (isAuthority)
            {
                writer.WriteBoolean(true);
            }

            if (pathLength is { } length)
            {
                writer.WriteInteger(length);
            }
        }
    }));

    /// <summary>The key usage of a CA that also signs revocation lists: keyCertSign and cRLSign.</summary>
    public static CertificateExtension AuthorityKeyUsage() => KeyUsage(0x06, unusedBits: 1);

    /// <summary>The key usage of a CA that signs certificates only: keyCertSign.</summary>
    public static CertificateExtension IssuerKeyUsage() => KeyUsage(0x04, unusedBits: 2);

    /// <summary>The key usage of a signing certificate: digitalSignature and nonRepudiation.</summary>
    public static CertificateExtension SignatureKeyUsage() => KeyUsage(0xC0, unusedBits: 6);

    public static CertificateExtension RevocationListAt(string url) => new("2.5.29.31", false, Encode(writer =>
    {
        using (writer.PushSequence())
        using (writer.PushSequence())
        using (writer.PushSequence(Tag0))
        using (writer.PushSequence(Tag0))
        {
            writer.WriteCharacterString(UniversalTagNumber.IA5String, url, new Asn1Tag(TagClass.ContextSpecific, 6));
        }
    }));

    /// <summary>Creates the extension with the number of a revocation list.</summary>
    public static CertificateExtension RevocationListNumber(int number) => new("2.5.29.20", false, Encode(writer => writer.WriteInteger(number)));

    public static byte[] Encode(Action<AsnWriter> write)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        write(writer);
        return writer.Encode();
    }

    /// <summary>Writes the sequence of extensions, or nothing if there are none.</summary>
    public static void WriteAll(AsnWriter writer, IReadOnlyCollection<CertificateExtension> extensions, Asn1Tag outer)
    {
        if (extensions.Count == 0)
        {
            return;
        }

        using (writer.PushSequence(outer))
        using (writer.PushSequence())
        {
            foreach (CertificateExtension extension in extensions)
            {
                extension.Write(writer);
            }
        }
    }

    private void Write(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(Oid);
            if (IsCritical)
            {
                writer.WriteBoolean(true);
            }

            writer.WriteOctetString(Value);
        }
    }

    private static CertificateExtension KeyUsage(byte bits, int unusedBits) =>
        new("2.5.29.15", true, Encode(writer => writer.WriteBitString([bits], unusedBits)));
}
