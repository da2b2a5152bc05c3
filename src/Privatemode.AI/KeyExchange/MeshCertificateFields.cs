using System.Formats.Asn1;
using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.KeyExchange;

// Reference: RFC 5280, section 4.1 (Certificate) and section 4.2 (extensions), DER of X.690.

/// <summary>What a certificate of the mesh says; whether that is true is judged elsewhere.</summary>
/// <remarks>Read here and not by X509Certificate2, so that every platform sees the same certificate. Version 3 only.</remarks>
internal sealed class MeshCertificateFields
{
    private const int Version3 = 2;
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
        (ReadOnlyMemory<byte> toBeSigned, AsnReader body, ReadOnlyMemory<byte> outerAlgorithm, ReadOnlyMemory<byte> signature) =
            DerReading.ReadSigned(der);
        AsnReader version = body.ReadSequence(VersionTag);
        DerReading.Demand(version.TryReadInt32(out int value) && value == Version3, "The certificate is not of version 3.");
        version.ThrowIfNotEmpty();
        body.ReadIntegerBytes();
        ReadOnlyMemory<byte> innerAlgorithm = body.ReadEncodedValue();
        ReadOnlyMemory<byte> issuer = body.ReadEncodedValue();
        AsnReader validity = body.ReadSequence();
        DateTimeOffset notBefore = DerReading.ReadTime(validity);
        DateTimeOffset notAfter = DerReading.ReadTime(validity);
        validity.ThrowIfNotEmpty();
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
            (string identifier, CertificateExtension extension) = DerReading.ReadExtension(list);
            DerReading.Demand(
                extensions.TryAdd(identifier, new MeshCertificateExtension(extension.Critical, extension.Value)), "An extension stands twice.");
        }

        return extensions;
    }
}
