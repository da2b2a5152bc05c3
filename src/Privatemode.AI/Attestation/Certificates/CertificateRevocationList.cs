using System.Formats.Asn1;
using System.Numerics;

namespace Privatemode.AI.Attestation.Certificates;

// Reference: RFC 5280, section 5. The .NET libraries can build a list, but cannot verify one or read its entries.
// Stricter than the RFC: version 2, complete lists of one issuer, no duplicate serial number.

/// <summary>The serial numbers that one issuer has revoked. A parsed list is not verified: call <see cref="Verify"/>. Immutable.</summary>
/// <remarks>It refers to the bytes from which it was parsed; they must not change afterwards.</remarks>
internal sealed class CertificateRevocationList
{
    /// <summary>The maximum size in bytes. AMD's lists have less than 1 KiB, Intel's a few KiB.</summary>
    public const int MaxSize = 1024 * 1024;

    private const int Version2 = 1;
    private const int MaxNumberLength = 20; // RFC 5280, section 5.2.3
    private const string CrlNumber = "2.5.29.20";
    private const string DeltaIndicator = "2.5.29.27";
    private const string IssuingDistributionPoint = "2.5.29.28";
    private const string CertificateIssuerOfEntry = "2.5.29.29";
    private static readonly Asn1Tag ExtensionsTag = new(TagClass.ContextSpecific, 0);

    private readonly HashSet<ReadOnlyMemory<byte>> _revoked;

    private CertificateRevocationList(ReadOnlyMemory<byte> der, string issuedBy)
    {
        IssuedBy = issuedBy;
        (ToBeSigned, AsnReader body, ReadOnlyMemory<byte> outerAlgorithm, Signature) = DerReader.ReadSigned(der);
        DerReader.Require(body.TryReadInt32(out int version) && version == Version2, "The list does not have version 2.");
        SignatureAlgorithm? algorithm = SignatureAlgorithmReader.Read(body.ReadEncodedValue(), outerAlgorithm);
        Issuer = body.ReadEncodedValue();
        ThisUpdate = DerReader.ReadTime(body);
        NextUpdate = DerReader.IsTimeNext(body) ? DerReader.ReadTime(body) : null;
        _revoked = ReadEntries(body, issuedBy);
        if (body.HasData)
        {
            AsnReader tagged = body.ReadSequence(ExtensionsTag);
            Number = ReadExtensions(tagged.ReadSequence(), issuedBy);
            tagged.ThrowIfNotEmpty();
        }

        body.ThrowIfNotEmpty();
        Algorithm = algorithm ?? throw CertificateExceptions.CreateForList(
            CertificateChecks.CrlAlgorithm,
            issuedBy,
            "has an unsupported signature algorithm, or names two different ones",
            expected: "RSASSA-PSS with SHA-384 or ECDSA with SHA-256");
    }

    /// <summary>The expected issuer, for messages: "the AMD root key".</summary>
    public string IssuedBy { get; }

    /// <summary>The signed part, unchanged.</summary>
    public ReadOnlyMemory<byte> ToBeSigned { get; }

    public SignatureAlgorithm Algorithm { get; }

    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>The issuer's name, DER.</summary>
    public ReadOnlyMemory<byte> Issuer { get; }

    public DateTimeOffset ThisUpdate { get; }

    /// <summary>The last time at which the list may be used; null if it has no such date, which is treated as expired.</summary>
    public DateTimeOffset? NextUpdate { get; }

    /// <summary>The CRL number, which the issuer increases with every list; 0 for a list without a number.</summary>
    public BigInteger Number { get; }

    /// <summary>The version for comparison with other lists of the same issuer; <see langword="null"/> without nextUpdate.</summary>
    public DocumentVersion? Version => NextUpdate is { } end ? new DocumentVersion(ThisUpdate, Number, end) : null;

    /// <summary>How many serial numbers are revoked.</summary>
    public int Count => _revoked.Count;

    /// <summary>Reads one list with no bytes after it.</summary>
    /// <param name="issuedBy">The expected issuer, for messages: "the AMD root key".</param>
    public static CertificateRevocationList Parse(ReadOnlyMemory<byte> der, string issuedBy)
    {
        if (der.Length > MaxSize)
        {
            throw CertificateExceptions.CreateForList(
                CertificateChecks.CrlSize, issuedBy, "is too large", $"at most {MaxSize} bytes", $"{der.Length} bytes");
        }

        try
        {
            return new CertificateRevocationList(der, issuedBy);
        }
        catch (AsnContentException)
        {
            throw CertificateExceptions.CreateForList(CertificateChecks.CrlFormat, issuedBy, "is not a single DER revocation list of version 2");
        }
    }

    /// <summary>Whether a serial number (content octets) is on the list, regardless of reason and date.</summary>
    public bool IsRevoked(ReadOnlyMemory<byte> serialNumber) => _revoked.Contains(serialNumber);

    /// <summary>Refuses a list that its issuer did not sign, or that is not valid at the time.</summary>
    public void Verify(CertificateIssuer issuer, DateTimeOffset at)
    {
        CheckSignedBy(issuer);
        CheckFreshness(at);
    }

    /// <summary>Refuses a list that its issuer did not sign. The dates are not checked.</summary>
    public void CheckSignedBy(CertificateIssuer issuer)
    {
        if (!Issuer.Span.SequenceEqual(issuer.Certificate.Subject.Span))
        {
            throw CertificateExceptions.CreateForList(CertificateChecks.CrlIssuer, IssuedBy, "names another issuer");
        }

        if (!issuer.Certificate.MaySignRevocationLists)
        {
            throw CertificateExceptions.Create(
                CertificateChecks.CrlKeyUsage, issuer.Certificate.Holder, "must not sign revocation lists", "key usage with cRLSign");
        }

        if (!issuer.HasSigned(ToBeSigned, Signature, Algorithm))
        {
            throw CertificateExceptions.CreateForList(CertificateChecks.CrlSignature, IssuedBy, "is not signed by its issuer");
        }
    }

    // revokedCertificates is absent, not empty, if nothing is revoked; an empty one is accepted too.
    private static HashSet<ReadOnlyMemory<byte>> ReadEntries(AsnReader body, string issuedBy)
    {
        HashSet<ReadOnlyMemory<byte>> revoked = new(ContentComparer.Instance);
        if (!body.HasData || !body.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
        {
            return revoked;
        }

        AsnReader entries = body.ReadSequence();
        while (entries.HasData)
        {
            AsnReader entry = entries.ReadSequence();
            ReadOnlyMemory<byte> serialNumber = DerReader.ReadSerialNumber(entry);
            _ = DerReader.ReadTime(entry);
            if (entry.HasData)
            {
                _ = ReadExtensions(entry.ReadSequence(), issuedBy);
            }

            entry.ThrowIfNotEmpty();
            if (!revoked.Add(serialNumber))
            {
                throw CertificateExceptions.CreateForList(
                    CertificateChecks.CrlDuplicateSerial, issuedBy, "lists a serial number twice", found: Convert.ToHexStringLower(serialNumber.Span));
            }
        }

        return revoked;
    }

    // RFC 5280 requires extensions that change the scope of the list to be critical. They are refused even if they are not marked so.
    private static BigInteger ReadExtensions(AsnReader list, string issuedBy)
    {
        BigInteger? number = null;
        while (list.HasData)
        {
            (string identifier, CertificateExtension extension) = DerReader.ReadExtension(list);
            if (identifier is DeltaIndicator or IssuingDistributionPoint or CertificateIssuerOfEntry)
            {
                throw CertificateExceptions.CreateForList(CertificateChecks.CrlScope, issuedBy, "is not a complete list of one issuer", found: identifier);
            }

            if (extension.Critical)
            {
                throw CertificateExceptions.CreateForList(
                    CertificateChecks.CrlCriticalExtension, issuedBy, "has an unknown critical extension", found: identifier);
            }

            if (identifier == CrlNumber)
            {
                DerReader.Require(number is null, "The list has two CRL numbers.");
                number = ReadNumber(extension.Value);
            }
        }

        return number ?? 0;
    }

    private static BigInteger ReadNumber(ReadOnlyMemory<byte> value)
    {
        AsnReader reader = new(value, AsnEncodingRules.DER);
        BigInteger number = reader.ReadInteger();
        reader.ThrowIfNotEmpty();
        DerReader.Require(number.Sign >= 0 && number.GetByteCount(isUnsigned: true) <= MaxNumberLength, "The CRL number is out of range.");
        return number;
    }

    private void CheckFreshness(DateTimeOffset at)
    {
        if (at < ThisUpdate)
        {
            throw CertificateExceptions.CreateForList(
                CertificateChecks.CrlNotYetValid,
                IssuedBy,
                "is not valid yet (or this machine's clock is wrong)",
                expected: $"not before {ThisUpdate:u}",
                found: $"{at:u}");
        }

        if (NextUpdate is not { } nextUpdate)
        {
            throw CertificateExceptions.CreateForList(CertificateChecks.CrlNextUpdateMissing, IssuedBy, "has no nextUpdate");
        }

        if (at > nextUpdate)
        {
            throw CertificateExceptions.CreateForList(
                CertificateChecks.CrlExpired,
                IssuedBy,
                "has expired (or this machine's clock is wrong); download a new one",
                expected: $"not after {nextUpdate:u}",
                found: $"{at:u}",
                VerificationCause.ExpiredCollateral);
        }
    }

    private sealed class ContentComparer : IEqualityComparer<ReadOnlyMemory<byte>>
    {
        public static readonly ContentComparer Instance = new();

        public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<byte> obj)
        {
            HashCode hash = default;
            hash.AddBytes(obj.Span);
            return hash.ToHashCode();
        }
    }
}

/// <summary>Orders authentic documents of the same kind and issuer, so that a newer one is never replaced by an older one.</summary>
/// <param name="IssuedAt">The issueDate of a document of Intel, the thisUpdate of a revocation list, or the notBefore of a certificate.</param>
/// <param name="Number">The number of a revocation list or of an evaluation; 0 if the document has none.</param>
/// <param name="ValidUntil">The last moment at which the document may be used.</param>
internal readonly record struct DocumentVersion(DateTimeOffset IssuedAt, BigInteger Number, DateTimeOffset ValidUntil)
{
    /// <summary>Returns whether this document must not replace the other one: it has an earlier date or a lower number.</summary>
    public bool IsOlderThan(DocumentVersion other) => IssuedAt < other.IssuedAt || Number < other.Number;

    /// <summary>Returns the version that a function finds, or <see langword="null"/> if the document is not authentic.</summary>
    public static DocumentVersion? OfAuthentic(Func<DocumentVersion?> find)
    {
        try
        {
            return find();
        }
        catch (PrivatemodeVerificationException)
        {
            return null;
        }
    }
}
