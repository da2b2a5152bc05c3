using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Privatemode.AI.Attestation.Certificates;

// Reference: RFC 5280, sections 4.1 and 4.2, in DER. X509Certificate2 is not used: every platform has to see the same certificate, and
// the cost of a verification has to stay near that of its signatures.

/// <summary>What a certificate says; whether that is true is judged by <see cref="ChainRules"/>. Immutable.</summary>
/// <remarks>It refers to the bytes it was parsed from; they must not change afterwards.</remarks>
internal sealed class Certificate
{
    /// <summary>Bytes of the largest certificate accepted; AMD's and Intel's have less than 2 KiB.</summary>
    public const int LargestSize = 16 * 1024;

    private const int Version3 = 2;
    private static readonly Asn1Tag VersionTag = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag ExtensionsTag = new(TagClass.ContextSpecific, 3);

    private Certificate(string holder) => Holder = holder;

    /// <summary>Whose certificate it is meant to be, in our words, for messages: "the AMD root key".</summary>
    public string Holder { get; }

    public ReadOnlyMemory<byte> Raw { get; private init; }

    /// <summary>The signed part, as it stands.</summary>
    public ReadOnlyMemory<byte> ToBeSigned { get; private init; }

    public SignatureAlgorithm Algorithm { get; private init; }

    public ReadOnlyMemory<byte> Signature { get; private init; }

    /// <summary>Content octets of the serial number; 0 (one zero byte) on AMD's leaves.</summary>
    public ReadOnlyMemory<byte> SerialNumber { get; private init; }

    /// <summary>The issuer's name, DER.</summary>
    public ReadOnlyMemory<byte> Issuer { get; private init; }

    /// <summary>The subject's name, DER.</summary>
    public ReadOnlyMemory<byte> Subject { get; private init; }

    public DateTimeOffset NotBefore { get; private init; }

    public DateTimeOffset NotAfter { get; private init; }

    /// <summary>SubjectPublicKeyInfo, DER; see <see cref="SubjectKeys"/>.</summary>
    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; private init; }

    /// <summary>Extensions by their object identifier (dotted). A critical one has been understood.</summary>
    public IReadOnlyDictionary<string, CertificateExtension> Extensions { get; private init; } = null!;

    /// <summary>cA of BasicConstraints.</summary>
    public bool IsAuthority { get; private init; }

    /// <summary>How many authorities may follow below this one; null when unlimited.</summary>
    public int? PathLength { get; private init; }

    /// <summary>keyCertSign of KeyUsage; false without that extension.</summary>
    public bool MaySignCertificates { get; private init; }

    /// <summary>cRLSign of KeyUsage; false without that extension.</summary>
    public bool MaySignRevocationLists { get; private init; }

    /// <summary>Reads one certificate of version 3 with nothing after it.</summary>
    /// <param name="der">The certificate.</param>
    /// <param name="holder">Whose certificate it is meant to be, for messages: "the AMD root key".</param>
    /// <exception cref="PrivatemodeVerificationException">It is anything else.</exception>
    public static Certificate Parse(ReadOnlyMemory<byte> der, string holder)
    {
        if (der.Length > LargestSize)
        {
            throw CertificateExceptions.Create(CertificateChecks.Size, holder, "is too large", $"at most {LargestSize} bytes", $"{der.Length} bytes");
        }

        try
        {
            return Read(der, holder);
        }
        catch (AsnContentException)
        {
            throw CertificateExceptions.Create(CertificateChecks.Format, holder, "is not a single DER certificate of version 3");
        }
    }

    /// <summary>The subject's name, taken apart.</summary>
    /// <exception cref="PrivatemodeVerificationException">It is not made of single attributes in plain text.</exception>
    public DistinguishedName ReadSubject() => ReadName(Subject);

    /// <summary>The issuer's name, taken apart.</summary>
    /// <exception cref="PrivatemodeVerificationException">It is not made of single attributes in plain text.</exception>
    public DistinguishedName ReadIssuer() => ReadName(Issuer);

    /// <summary>SHA-256 of the SubjectPublicKeyInfo: the fingerprint that is pinned.</summary>
    public byte[] SubjectPublicKeyInfoSha256() => SHA256.HashData(SubjectPublicKeyInfo.Span);

    private static Certificate Read(ReadOnlyMemory<byte> der, string holder)
    {
        (ReadOnlyMemory<byte> toBeSigned, AsnReader body, ReadOnlyMemory<byte> outerAlgorithm, ReadOnlyMemory<byte> signature) =
            DerReader.ReadSigned(der);
        AsnReader version = body.ReadSequence(VersionTag);
        DerReader.Demand(version.TryReadInt32(out int value) && value == Version3, "The certificate is not of version 3.");
        version.ThrowIfNotEmpty();

        ReadOnlyMemory<byte> serialNumber = DerReader.ReadSerialNumber(body);
        SignatureAlgorithm? algorithm = SignatureAlgorithmReader.Read(body.ReadEncodedValue(), outerAlgorithm);
        ReadOnlyMemory<byte> issuer = body.ReadEncodedValue();
        AsnReader validity = body.ReadSequence();
        DateTimeOffset notBefore = DerReader.ReadTime(validity);
        DateTimeOffset notAfter = DerReader.ReadTime(validity);
        validity.ThrowIfNotEmpty();

        ReadOnlyMemory<byte> subject = body.ReadEncodedValue();
        ReadOnlyMemory<byte> publicKey = body.ReadEncodedValue();
        Dictionary<string, CertificateExtension> extensions = ReadExtensions(body, holder);
        body.ThrowIfNotEmpty();
        (bool isAuthority, int? pathLength) = extensions.GetValueOrDefault(CertificateExtension.BasicConstraints)?.ReadBasicConstraints() ?? (false, null);
        (bool certificates, bool lists) = extensions.GetValueOrDefault(CertificateExtension.KeyUsage)?.ReadKeyUsage() ?? (false, false);
        return new Certificate(holder)
        {
            Raw = der,
            ToBeSigned = toBeSigned,
            Algorithm = algorithm ?? throw CertificateExceptions.Create(
                CertificateChecks.Algorithm,
                holder,
                "is signed with an unknown algorithm, or names two",
                expected: "RSASSA-PSS with SHA-384 or ECDSA with SHA-256"),
            Signature = signature,
            SerialNumber = serialNumber,
            Issuer = issuer,
            Subject = subject,
            NotBefore = notBefore,
            NotAfter = notAfter,
            SubjectPublicKeyInfo = publicKey,
            Extensions = extensions,
            IsAuthority = isAuthority,
            PathLength = pathLength,
            MaySignCertificates = certificates,
            MaySignRevocationLists = lists,
        };
    }

    private static Dictionary<string, CertificateExtension> ReadExtensions(AsnReader body, string holder)
    {
        Dictionary<string, CertificateExtension> extensions = new(StringComparer.Ordinal);
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
            if (extension.Critical && !CertificateExtension.IsUnderstood(identifier))
            {
                throw CertificateExceptions.Create(CertificateChecks.CriticalExtension, holder, "has an unknown critical extension", found: identifier);
            }

            if (!extensions.TryAdd(identifier, extension))
            {
                throw CertificateExceptions.Create(CertificateChecks.DuplicateExtension, holder, "has an extension twice", found: identifier);
            }
        }

        return extensions;
    }

    private DistinguishedName ReadName(ReadOnlyMemory<byte> name)
    {
        try
        {
            return DistinguishedName.Parse(name);
        }
        catch (AsnContentException)
        {
            throw CertificateExceptions.Create(CertificateChecks.Name, Holder, "has a name that is not made of single attributes in plain text");
        }
    }
}

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
            DerReader.Demand(fits && value >= 0 && isAuthority, "The path length is impossible.");
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
            DerReader.Demand(attributes.TryAdd(type, value), "An attribute stands twice.");
        }

        return new DistinguishedName(attributes);
    }

    private static string ReadText(AsnReader reader)
    {
        UniversalTagNumber kind = (UniversalTagNumber)reader.PeekTag().TagValue;
        DerReader.Demand(
            kind is UniversalTagNumber.UTF8String or UniversalTagNumber.PrintableString or UniversalTagNumber.IA5String,
            "The value of an attribute is not plain text.");
        return reader.ReadCharacterString(kind);
    }
}
