using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;

namespace Privatemode.AI.Attestation.Certificates;

// Reference: RFC 5280, sections 4.1 and 4.2, in DER. X509Certificate2 is not used, because it parses differently on each platform, and because
// verifying must not cost much more than checking the signatures.

/// <summary>The fields of a certificate of version 3. This type does not check whether they are true. Immutable.</summary>
/// <remarks>It refers to the bytes from which it was parsed; they must not change afterwards.</remarks>
internal class CertificateFields
{
    private const int Version3 = 2;
    private static readonly Asn1Tag VersionTag = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag ExtensionsTag = new(TagClass.ContextSpecific, 3);

    /// <param name="der">One certificate, with no bytes after it.</param>
    /// <param name="check">Called with each extension's identifier, the extension, and whether the identifier is new; throws to refuse it.</param>
    protected CertificateFields(ReadOnlyMemory<byte> der, Action<string, CertificateExtension, bool> check)
    {
        (ToBeSigned, AsnReader body, OuterAlgorithm, Signature) = DerReader.ReadSigned(der);
        AsnReader version = body.ReadSequence(VersionTag);
        DerReader.Require(version.TryReadInt32(out int value) && value == Version3, "The certificate does not have version 3.");
        version.ThrowIfNotEmpty();

        Raw = der;
        SerialNumber = body.ReadIntegerBytes();
        InnerAlgorithm = body.ReadEncodedValue();
        Issuer = body.ReadEncodedValue();
        AsnReader validity = body.ReadSequence();
        NotBefore = DerReader.ReadTime(validity);
        NotAfter = DerReader.ReadTime(validity);
        validity.ThrowIfNotEmpty();
        Subject = body.ReadEncodedValue();
        SubjectPublicKeyInfo = body.ReadEncodedValue();
        Extensions = ReadExtensions(body, check);
        body.ThrowIfNotEmpty();
    }

    public ReadOnlyMemory<byte> Raw { get; }

    /// <summary>The signed part, unchanged.</summary>
    public ReadOnlyMemory<byte> ToBeSigned { get; }

    /// <summary>The AlgorithmIdentifier outside of the signed part, DER.</summary>
    public ReadOnlyMemory<byte> OuterAlgorithm { get; }

    /// <summary>The AlgorithmIdentifier inside the signed part, DER.</summary>
    public ReadOnlyMemory<byte> InnerAlgorithm { get; }

    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>The content octets of the serial number; 0 (one zero byte) in AMD's leaf certificates.</summary>
    public ReadOnlyMemory<byte> SerialNumber { get; }

    /// <summary>The issuer's name, DER.</summary>
    public ReadOnlyMemory<byte> Issuer { get; }

    /// <summary>The subject's name, DER.</summary>
    public ReadOnlyMemory<byte> Subject { get; }

    public DateTimeOffset NotBefore { get; }

    public DateTimeOffset NotAfter { get; }

    /// <summary>DER; see <see cref="SubjectKeys"/>.</summary>
    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; }

    /// <summary>Extensions by their object identifier (dotted).</summary>
    public IReadOnlyDictionary<string, CertificateExtension> Extensions { get; }

    /// <summary>Reads one certificate with no bytes after it. Critical extensions can be unknown.</summary>
    public static CertificateFields Read(ReadOnlyMemory<byte> der) =>
        new(der, static (_, _, isFirst) => DerReader.Require(isFirst, "An extension occurs twice."));

    private static Dictionary<string, CertificateExtension> ReadExtensions(AsnReader body, Action<string, CertificateExtension, bool> check)
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
            check(identifier, extension, extensions.TryAdd(identifier, extension));
        }

        return extensions;
    }
}

/// <summary>A certificate of AMD or Intel. In addition to its fields, it is checked that no critical extension is unknown.</summary>
/// <remarks><see cref="ChainRules"/> checks whether its content is true.</remarks>
internal sealed class Certificate : CertificateFields
{
    /// <summary>The maximum size in bytes; certificates of AMD and Intel have less than 2 KiB.</summary>
    public const int MaxSize = 16 * 1024;

    private Certificate(ReadOnlyMemory<byte> der, string holder)
        : base(der, (identifier, extension, isFirst) => CheckExtension(holder, identifier, extension, isFirst))
    {
        Holder = holder;
        DerReader.CheckSerialNumber(SerialNumber);
        SignatureAlgorithm? algorithm = SignatureAlgorithmReader.Read(InnerAlgorithm, OuterAlgorithm);
        (IsAuthority, BigInteger? pathLength) =
            Extensions.GetValueOrDefault(CertificateExtension.BasicConstraints)?.ReadBasicConstraints() ?? (false, null);
        DerReader.Require(pathLength is null || (IsAuthority && pathLength >= 0 && pathLength <= int.MaxValue), "The path length is invalid.");
        PathLength = (int?)pathLength;
        (MaySignCertificates, MaySignRevocationLists) =
            Extensions.GetValueOrDefault(CertificateExtension.KeyUsage)?.ReadKeyUsage() ?? (false, false);
        Algorithm = algorithm ?? throw CertificateExceptions.Create(
            CertificateChecks.Algorithm,
            holder,
            "has an unsupported signature algorithm, or names two different ones",
            expected: "RSASSA-PSS with SHA-384 or ECDSA with SHA-256");
    }

    /// <summary>The expected holder of the certificate, for messages: "the AMD root key".</summary>
    public string Holder { get; }

    public SignatureAlgorithm Algorithm { get; }

    /// <summary>cA of BasicConstraints.</summary>
    public bool IsAuthority { get; }

    /// <summary>How many CA certificates may follow below this one; null if unlimited.</summary>
    public int? PathLength { get; }

    /// <summary>keyCertSign of KeyUsage; false without that extension.</summary>
    public bool MaySignCertificates { get; }

    /// <summary>cRLSign of KeyUsage; false without that extension.</summary>
    public bool MaySignRevocationLists { get; }

    /// <summary>Reads one certificate of version 3 with no bytes after it.</summary>
    /// <param name="holder">The expected holder of the certificate, for messages: "the AMD root key".</param>
    public static Certificate Parse(ReadOnlyMemory<byte> der, string holder)
    {
        if (der.Length > MaxSize)
        {
            throw CertificateExceptions.Create(CertificateChecks.Size, holder, "is too large", $"at most {MaxSize} bytes", $"{der.Length} bytes");
        }

        try
        {
            return new Certificate(der, holder);
        }
        catch (AsnContentException)
        {
            throw CertificateExceptions.Create(CertificateChecks.Format, holder, "is not a single DER certificate of version 3");
        }
    }

    /// <summary>The parsed name of the subject.</summary>
    /// <exception cref="PrivatemodeVerificationException">An attribute of the name is multi-valued or is not plain text.</exception>
    public DistinguishedName ReadSubject() => ReadName(Subject);

    /// <summary>The parsed name of the issuer.</summary>
    /// <exception cref="PrivatemodeVerificationException">An attribute of the name is multi-valued or is not plain text.</exception>
    public DistinguishedName ReadIssuer() => ReadName(Issuer);

    /// <summary>SHA-256 of the SubjectPublicKeyInfo: the fingerprint that is pinned.</summary>
    public byte[] SubjectPublicKeyInfoSha256() => SHA256.HashData(SubjectPublicKeyInfo.Span);

    private static void CheckExtension(string holder, string identifier, CertificateExtension extension, bool isFirst)
    {
        // Only these two extensions are read, so only these may be critical.
        if (extension.Critical && identifier is not (CertificateExtension.KeyUsage or CertificateExtension.BasicConstraints))
        {
            throw CertificateExceptions.Create(CertificateChecks.CriticalExtension, holder, "has an unknown critical extension", found: identifier);
        }

        if (!isFirst)
        {
            throw CertificateExceptions.Create(CertificateChecks.DuplicateExtension, holder, "has an extension twice", found: identifier);
        }
    }

    private DistinguishedName ReadName(ReadOnlyMemory<byte> name)
    {
        try
        {
            return DistinguishedName.Parse(name);
        }
        catch (AsnContentException)
        {
            throw CertificateExceptions.Create(CertificateChecks.Name, Holder, "has a name with a multi-valued attribute or a value that is not plain text");
        }
    }
}

// Reference: RFC 5280, section 4.2.1. The readers throw AsnContentException on anything malformed.

/// <summary>One extension of a certificate: critical or not, and its content, which need not be DER.</summary>
internal sealed record CertificateExtension(bool Critical, ReadOnlyMemory<byte> Value)
{
    public const string KeyUsage = "2.5.29.15";
    public const string SubjectAlternativeName = "2.5.29.17";
    public const string BasicConstraints = "2.5.29.19";
    public const string NameConstraints = "2.5.29.30";
    public const string AuthorityKeyIdentifier = "2.5.29.35";
    public const string ExtendedKeyUsage = "2.5.29.37";

    private const string AnyExtendedKeyUsage = "2.5.29.37.0";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const byte KeyCertSignBit = 0x80 >> 5;
    private const byte CrlSignBit = 0x80 >> 6;

    private static readonly Asn1Tag DnsNameTag = new(TagClass.ContextSpecific, 2);

    /// <summary>cA and pathLenConstraint of BasicConstraints, section 4.2.1.9. The path length is any integer.</summary>
    public (bool IsAuthority, BigInteger? PathLength) ReadBasicConstraints()
    {
        AsnReader sequence = ReadWholeSequence();
        bool isAuthority = sequence.HasData && sequence.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && sequence.ReadBoolean();
        BigInteger? pathLength = sequence.HasData ? sequence.ReadInteger() : null;
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

    /// <summary>Whether ExtendedKeyUsage, section 4.2.1.12, contains serverAuth or any.</summary>
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

    /// <summary>The dNSNames of SubjectAltName, section 4.2.1.6; names of other kinds are ignored.</summary>
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

// Reference: RFC 5280, section 4.1.2.4. Stricter: every RDN has one attribute, and every attribute occurs once, as in all names of AMD
// and Intel. A name with two common names would be ambiguous.

/// <summary>A name as attribute type (dotted) to text.</summary>
internal sealed class DistinguishedName
{
    public const string CommonNameType = "2.5.4.3";

    private DistinguishedName(Dictionary<string, string> attributes) => Attributes = attributes;

    public IReadOnlyDictionary<string, string> Attributes { get; }

    /// <summary>The common name, or null if the name has none.</summary>
    public string? CommonName => Attributes.GetValueOrDefault(CommonNameType);

    /// <exception cref="AsnContentException">The bytes are not a name of this form.</exception>
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
            DerReader.Require(attributes.TryAdd(type, value), "An attribute occurs twice.");
        }

        return new DistinguishedName(attributes);
    }

    private static string ReadText(AsnReader reader)
    {
        UniversalTagNumber kind = (UniversalTagNumber)reader.PeekTag().TagValue;
        DerReader.Require(
            kind is UniversalTagNumber.UTF8String or UniversalTagNumber.PrintableString or UniversalTagNumber.IA5String,
            "The value of an attribute is not plain text.");
        return reader.ReadCharacterString(kind);
    }
}
