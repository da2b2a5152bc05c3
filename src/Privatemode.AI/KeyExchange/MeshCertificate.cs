using System.Formats.Asn1;
using System.Security.Cryptography;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Internal;

namespace Privatemode.AI.KeyExchange;

// The rules are those of the reference (Go's x509.Verify with the mesh CA as the only root and no intermediate), restated:
// signed directly by the CA, both valid now, no unknown critical extension, usable by a server, an ECDSA key. The leaf's key usage is not
// looked at. One rule is added: the reference does not look at names, so that every workload of the mesh passes as the secret service.
// X509Chain is not used: it differs from these rules and may fetch from the network.

/// <summary>Judges the certificate that the secret service shows.</summary>
internal static class MeshCertificate
{
    private const string EcdsaWithSha256 = "1.2.840.10045.4.3.2"; // RFC 5758, section 3.2
    private const string EcdsaWithSha384 = "1.2.840.10045.4.3.3";
    private const string EcdsaWithSha512 = "1.2.840.10045.4.3.4";

    /// <summary>Verifies a certificate and hands out its key.</summary>
    /// <param name="der">One DER certificate, nothing after it.</param>
    /// <param name="authority">The attested mesh CA.</param>
    /// <param name="names">How it must be named.</param>
    /// <param name="now">The time at which both must be valid.</param>
    /// <exception cref="PrivatemodeVerificationException">The certificate does not prove that its key is the secret service's.</exception>
    public static EcdsaPublicKey Verify(ReadOnlyMemory<byte> der, MeshCertificateAuthority authority, SecretServiceNames names, DateTimeOffset now)
    {
        try
        {
            MeshCertificateFields leaf = MeshCertificateFields.Parse(der);
            authority.CheckValidity(now);
            CheckIssuerAndSignature(leaf, authority);
            CheckValidity(leaf, now);
            CheckExtensions(leaf);
            CheckNames(leaf, names);
            return EcdsaPublicKey.TryImport(leaf.PublicKey) ?? throw Failure(
                KeyExchangeChecks.CertificateKey,
                "has no ECDSA key on a known curve",
                expected: "P-256, P-384 or P-521");
        }
        catch (AsnContentException)
        {
            throw Failure(KeyExchangeChecks.CertificateFormat, "is not a single DER certificate of version 3");
        }
    }

    private static void CheckIssuerAndSignature(MeshCertificateFields leaf, MeshCertificateAuthority authority)
    {
        if (!leaf.Issuer.Span.SequenceEqual(authority.Subject.Span))
        {
            throw Failure(KeyExchangeChecks.CertificateIssuer, "does not name the attested mesh CA as its issuer");
        }

        // Equal as bytes: otherwise the algorithm that is used is not the one that was signed.
        bool sameAlgorithm = leaf.InnerAlgorithm.Span.SequenceEqual(leaf.OuterAlgorithm.Span);
        byte[]? digest = sameAlgorithm ? HashWith(leaf.InnerAlgorithm, leaf.ToBeSigned.Span) : null;
        if (digest is null)
        {
            throw Failure(
                KeyExchangeChecks.CertificateAlgorithm,
                "is signed with an unknown algorithm, or names two",
                expected: "ECDSA with SHA-256, SHA-384 or SHA-512");
        }

        using EcdsaPublicKey? key = EcdsaPublicKey.TryImport(authority.PublicKey);
        if (key is null || !key.Verify(digest, leaf.Signature))
        {
            throw Failure(KeyExchangeChecks.CertificateSignature, "is not signed by the attested mesh CA");
        }
    }

    // Null for an unknown algorithm. RFC 5758: the parameters must be absent.
    private static byte[]? HashWith(ReadOnlyMemory<byte> algorithmIdentifier, ReadOnlySpan<byte> toBeSigned)
    {
        AsnReader algorithm = new AsnReader(algorithmIdentifier, AsnEncodingRules.DER).ReadSequence();
        string identifier = algorithm.ReadObjectIdentifier();
        return (algorithm.HasData, identifier) switch
        {
            (false, EcdsaWithSha256) => SHA256.HashData(toBeSigned),
            (false, EcdsaWithSha384) => SHA384.HashData(toBeSigned),
            (false, EcdsaWithSha512) => SHA512.HashData(toBeSigned),
            _ => null,
        };
    }

    private static void CheckValidity(MeshCertificateFields leaf, DateTimeOffset now)
    {
        if (now < leaf.NotBefore)
        {
            throw Failure(
                KeyExchangeChecks.CertificateNotYetValid,
                "is not valid yet (or this machine's clock is wrong)",
                expected: $"not before {leaf.NotBefore:u}",
                found: $"{now:u}");
        }

        if (now > leaf.NotAfter)
        {
            throw Failure(
                KeyExchangeChecks.CertificateExpired,
                "has expired (or this machine's clock is wrong)",
                expected: $"not after {leaf.NotAfter:u}",
                found: $"{now:u}");
        }
    }

    private static void CheckExtensions(MeshCertificateFields leaf)
    {
        foreach ((string identifier, MeshCertificateExtension extension) in leaf.Extensions)
        {
            if (extension.Critical && !MeshCertificateExtension.IsUnderstood(identifier))
            {
                throw Failure(KeyExchangeChecks.CertificateCriticalExtension, "has an unknown critical extension", found: identifier);
            }
        }

        if (leaf.Extensions.TryGetValue(MeshCertificateExtension.ExtendedKeyUsage, out MeshCertificateExtension? usage)
            && !usage.ReadMayServe())
        {
            throw Failure(KeyExchangeChecks.CertificateUsage, "may not be used by a server", expected: "serverAuth or any");
        }
    }

    private static void CheckNames(MeshCertificateFields leaf, SecretServiceNames names)
    {
        IReadOnlyList<string> found =
            leaf.Extensions.TryGetValue(MeshCertificateExtension.SubjectAlternativeName, out MeshCertificateExtension? alternatives)
                ? alternatives.ReadDnsNames()
                : [];
        if (!names.Match(found))
        {
            throw Failure(
                KeyExchangeChecks.CertificateName,
                "does not carry its name: another workload of the mesh may have answered",
                expected: $"{names}",
                found: found.Count == 0 ? "no DNS name" : PrintableText.Printable(string.Join(", ", found)));
        }
    }

    private static PrivatemodeVerificationException Failure(string check, string what, string? expected = null, string? found = null) =>
        new(check, $"The certificate of the secret service {what}. Nothing was encrypted to it; do not send anything.")
        {
            Expected = expected,
            Found = found,
        };
}

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
            DerReader.ReadSigned(der);
        AsnReader version = body.ReadSequence(VersionTag);
        DerReader.Demand(version.TryReadInt32(out int value) && value == Version3, "The certificate is not of version 3.");
        version.ThrowIfNotEmpty();
        body.ReadIntegerBytes();
        ReadOnlyMemory<byte> innerAlgorithm = body.ReadEncodedValue();
        ReadOnlyMemory<byte> issuer = body.ReadEncodedValue();
        AsnReader validity = body.ReadSequence();
        DateTimeOffset notBefore = DerReader.ReadTime(validity);
        DateTimeOffset notAfter = DerReader.ReadTime(validity);
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
            (string identifier, CertificateExtension extension) = DerReader.ReadExtension(list);
            DerReader.Demand(
                extensions.TryAdd(identifier, new MeshCertificateExtension(extension.Critical, extension.Value)), "An extension stands twice.");
        }

        return extensions;
    }
}
