using System.Formats.Asn1;

namespace Privatemode.AI.KeyExchange;

// Reference: RFC 5280, section 4.1 (Certificate) and section 4.2 (extensions), DER of X.690.

/// <summary>What a certificate of the mesh says; whether that is true is judged elsewhere.</summary>
/// <remarks>Read here and not by X509Certificate2, so that every platform sees the same certificate. Version 3 only.</remarks>
internal sealed class MeshCertificateFields
{
    private const int Version3 = 2;
    private const int LastYearOfUtcTime = 2049;
    private static readonly Asn1Tag VersionTag = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag ExtensionsTag = new(TagClass.ContextSpecific, 3);

    private MeshCertificateFields()
    {
    }

    /// <summary>The signed part, as it stands.</summary>
    public ReadOnlyMemory<byte> ToBeSigned { get; private init; }

    /// <summary>The AlgorithmIdentifier beside the signature, DER.</summary>
    public ReadOnlyMemory<byte> OuterAlgorithm { get; private init; }

    /// <summary>The AlgorithmIdentifier inside the signed part, DER.</summary>
    public ReadOnlyMemory<byte> InnerAlgorithm { get; private init; }

    /// <summary>The signature, DER inside.</summary>
    public ReadOnlyMemory<byte> Signature { get; private init; }

    /// <summary>The issuer's name, DER.</summary>
    public ReadOnlyMemory<byte> Issuer { get; private init; }

    /// <summary>The subject's name, DER.</summary>
    public ReadOnlyMemory<byte> Subject { get; private init; }

    public DateTimeOffset NotBefore { get; private init; }

    public DateTimeOffset NotAfter { get; private init; }

    /// <summary>SubjectPublicKeyInfo, DER.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; private init; }

    /// <summary>Extensions by their object identifier.</summary>
    public IReadOnlyDictionary<string, MeshCertificateExtension> Extensions { get; private init; } = null!;

    /// <summary>Reads one certificate with nothing after it.</summary>
    /// <exception cref="AsnContentException">It is anything else.</exception>
    public static MeshCertificateFields Parse(ReadOnlyMemory<byte> der)
    {
        AsnReader input = new(der, AsnEncodingRules.DER);
        AsnReader certificate = input.ReadSequence();
        input.ThrowIfNotEmpty();

        ReadOnlyMemory<byte> toBeSigned = certificate.PeekEncodedValue();
        AsnReader body = certificate.ReadSequence();
        ReadOnlyMemory<byte> outerAlgorithm = certificate.ReadEncodedValue();
        byte[] signature = certificate.ReadBitString(out int unusedBits);
        certificate.ThrowIfNotEmpty();
        Demand(unusedBits == 0, "The signature is not a whole number of bytes.");

        ReadVersionAndSerialNumber(body);
        ReadOnlyMemory<byte> innerAlgorithm = body.ReadEncodedValue();
        ReadOnlyMemory<byte> issuer = body.ReadEncodedValue();
        (DateTimeOffset notBefore, DateTimeOffset notAfter) = ReadValidity(body);
        MeshCertificateFields fields = new()
        {
            ToBeSigned = toBeSigned,
            OuterAlgorithm = outerAlgorithm,
            InnerAlgorithm = innerAlgorithm,
            Signature = signature,
            Issuer = issuer,
            Subject = body.ReadEncodedValue(),
            NotBefore = notBefore,
            NotAfter = notAfter,
            PublicKey = body.ReadEncodedValue(),
            Extensions = ReadExtensions(body),
        };
        body.ThrowIfNotEmpty();
        return fields;
    }

    private static void ReadVersionAndSerialNumber(AsnReader body)
    {
        AsnReader version = body.ReadSequence(VersionTag);
        Demand(version.TryReadInt32(out int value) && value == Version3, "The certificate is not of version 3.");
        version.ThrowIfNotEmpty();
        body.ReadIntegerBytes();
    }

    private static (DateTimeOffset NotBefore, DateTimeOffset NotAfter) ReadValidity(AsnReader body)
    {
        AsnReader validity = body.ReadSequence();
        DateTimeOffset notBefore = ReadTime(validity);
        DateTimeOffset notAfter = ReadTime(validity);
        validity.ThrowIfNotEmpty();
        return (notBefore, notAfter);
    }

    private static DateTimeOffset ReadTime(AsnReader validity) => validity.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime)
        ? validity.ReadUtcTime(LastYearOfUtcTime)
        : validity.ReadGeneralizedTime();

    private static Dictionary<string, MeshCertificateExtension> ReadExtensions(AsnReader body)
    {
        Dictionary<string, MeshCertificateExtension> extensions = new(StringComparer.Ordinal);
        if (!body.HasData)
        {
            return extensions;
        }

        AsnReader tagged = body.ReadSequence(ExtensionsTag);
        AsnReader list = tagged.ReadSequence();
        tagged.ThrowIfNotEmpty();
        while (list.HasData)
        {
            AsnReader extension = list.ReadSequence();
            string identifier = extension.ReadObjectIdentifier();
            bool critical = extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean();
            byte[] value = extension.ReadOctetString();
            extension.ThrowIfNotEmpty();
            Demand(extensions.TryAdd(identifier, new MeshCertificateExtension(critical, value)), "An extension stands twice.");
        }

        return extensions;
    }

    private static void Demand(bool condition, string message)
    {
        if (!condition)
        {
            throw new AsnContentException(message);
        }
    }
}
