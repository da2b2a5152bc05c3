using System.Formats.Asn1;
using System.Security.Cryptography;
using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.KeyExchange;

/// <summary>The attested mesh CA: the only trust anchor of the secret service's certificate, self-signed or not. Immutable.</summary>
internal sealed class MeshCertificateAuthority
{
    // Searching for PEM in a text takes quadratic time. Real texts have less than one thousand bytes.
    private const int MaxTextLength = 64 * 1024;

    private MeshCertificateAuthority(CertificateFields certificate) => Certificate = certificate;

    public CertificateFields Certificate { get; }

    public DateTimeOffset NotAfter => Certificate.NotAfter;

    /// <summary>SHA-256 of the certificate (DER).</summary>
    public byte[] Fingerprint => SHA256.HashData(Certificate.Raw.Span);

    /// <summary>Reads the first PEM block of the text as a certificate, regardless of its label.</summary>
    /// <exception cref="PrivatemodeVerificationException">The text is not a certificate, or the certificate is not permitted to sign certificates.</exception>
    public static MeshCertificateAuthority FromPem(ReadOnlySpan<byte> pem)
    {
        byte[] der = Pem.ReadFirstBlock(pem, MaxTextLength) ?? throw PrivatemodeVerificationException.Create(
            KeyExchangeChecks.AuthorityMissing,
            "The deployment's evidence contains no mesh CA. Do not send anything; update this package.",
            "a certificate in PEM");
        MeshCertificateAuthority authority;
        try
        {
            authority = new MeshCertificateAuthority(CertificateFields.Read(der));
            authority.CheckConstraints();
        }
        catch (AsnContentException)
        {
            throw PrivatemodeVerificationException.Create(
                KeyExchangeChecks.AuthorityFormat,
                "The attested mesh CA is not a certificate in PEM. Do not send anything; update this package if the service is newer.");
        }

        using EcdsaPublicKey? key = EcdsaPublicKey.TryImport(authority.Certificate.SubjectPublicKeyInfo);
        return key is not null
            ? authority
            : throw PrivatemodeVerificationException.Create(
                KeyExchangeChecks.AuthorityKey,
                "The attested mesh CA has a key of an unsupported kind. Do not send anything; update this package if the service is newer.",
                "ECDSA on P-256, P-384 or P-521");
    }

    /// <summary>Refuses a time outside of the CA's validity, which includes both ends.</summary>
    public void CheckValidity(DateTimeOffset now) => ChainRules.CheckValidity(
        Certificate,
        now,
        static (isTooEarly, expected, found) => PrivatemodeVerificationException.Create(
            isTooEarly ? KeyExchangeChecks.AuthorityNotYetValid : KeyExchangeChecks.AuthorityExpired,
            isTooEarly
                ? "The mesh CA is not valid yet. Check this machine's clock; if it is right, do not send anything."
                : "The mesh CA has expired. Check this machine's clock; if it is right, verify the deployment again.",
            expected,
            found));

    // BasicConstraints and KeyUsage are required, as RFC 5280 requires them of a CA. Everything else that could restrict what the CA may
    // sign is refused rather than interpreted: name constraints, other usages, critical extensions.
    private void CheckConstraints()
    {
        Require(
            Certificate.Extensions.TryGetValue(CertificateExtension.BasicConstraints, out CertificateExtension? constraints)
                && constraints.ReadBasicConstraints().IsAuthority,
            "basic constraints with CA");
        Require(
            Certificate.Extensions.TryGetValue(CertificateExtension.KeyUsage, out CertificateExtension? usage)
                && usage.ReadKeyUsage().MaySignCertificates,
            "key usage with keyCertSign");
        Require(
            !Certificate.Extensions.TryGetValue(CertificateExtension.ExtendedKeyUsage, out CertificateExtension? extended)
                || extended.ReadMayServe(),
            "no extended key usage, or one with serverAuth");
        Require(!Certificate.Extensions.ContainsKey(CertificateExtension.NameConstraints), "no name constraints");
        foreach ((string identifier, CertificateExtension extension) in Certificate.Extensions)
        {
            Require(!extension.Critical || IsUnderstood(identifier), "no unknown critical extension", identifier);
        }
    }

    /// <summary>Returns whether an extension can be critical because this library understands it, even if it does not require a value.</summary>
    public static bool IsUnderstood(string identifier) => identifier is CertificateExtension.KeyUsage or CertificateExtension.SubjectAlternativeName
        or CertificateExtension.BasicConstraints or CertificateExtension.ExtendedKeyUsage;

    private static void Require(bool condition, string expected, string? found = null)
    {
        if (!condition)
        {
            throw PrivatemodeVerificationException.Create(
                KeyExchangeChecks.AuthorityConstraints,
                "The attested mesh CA is restricted. Do not send anything; update this package if the service is newer.",
                expected,
                found);
        }
    }
}

/// <summary>An ECDSA public key on a named curve. Signatures are accepted in one strict form, for the same result on every platform.</summary>
internal sealed class EcdsaPublicKey : IDisposable
{
    private const string EcPublicKey = "1.2.840.10045.2.1"; // RFC 5480, section 2.1.1
    private const string P256 = "1.2.840.10045.3.1.7";
    private const string P384 = "1.3.132.0.34";
    private const string P521 = "1.3.132.0.35";

    private readonly ECDsa _key;

    private EcdsaPublicKey(ECDsa key) => _key = key;

    /// <summary>Reads a SubjectPublicKeyInfo; null unless it is an ECDSA key on the named curve P-256, P-384 or P-521.</summary>
    public static EcdsaPublicKey? TryImport(ReadOnlyMemory<byte> subjectPublicKeyInfo)
    {
        if (!IsOnKnownCurve(subjectPublicKeyInfo))
        {
            return null;
        }

        ECDsa key = ECDsa.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(subjectPublicKeyInfo.Span, out _);
            return new EcdsaPublicKey(key);
        }
        catch (CryptographicException)
        {
            key.Dispose(); // not a point on the curve
            return null;
        }
    }

    /// <summary>Verifies an ECDSA-Sig-Value (RFC 3279, section 2.2.3) over a digest, which is not hashed again.</summary>
    public bool Verify(ReadOnlySpan<byte> digest, ReadOnlyMemory<byte> signature) =>
        IsSignatureValue(signature) && _key.VerifyHash(digest, signature.Span, DSASignatureFormat.Rfc3279DerSequence);

    public void Dispose() => _key.Dispose();

    private static bool IsOnKnownCurve(ReadOnlyMemory<byte> subjectPublicKeyInfo)
    {
        try
        {
            AsnReader reader = new(subjectPublicKeyInfo, AsnEncodingRules.DER);
            AsnReader algorithm = reader.ReadSequence().ReadSequence();
            reader.ThrowIfNotEmpty();
            bool known = algorithm.ReadObjectIdentifier() == EcPublicKey && algorithm.ReadObjectIdentifier() is P256 or P384 or P521;
            algorithm.ThrowIfNotEmpty();
            return known;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    // Two positive integers in DER with no bytes after them. The platforms' own parsers differ here (a missing leading zero, for example).
    private static bool IsSignatureValue(ReadOnlyMemory<byte> signature)
    {
        try
        {
            AsnReader reader = new(signature, AsnEncodingRules.DER);
            AsnReader sequence = reader.ReadSequence();
            bool positive = IsPositive(sequence.ReadIntegerBytes().Span) && IsPositive(sequence.ReadIntegerBytes().Span);
            sequence.ThrowIfNotEmpty();
            reader.ThrowIfNotEmpty();
            return positive;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private static bool IsPositive(ReadOnlySpan<byte> integer) => (integer[0] & 0x80) == 0 && integer.ContainsAnyExcept((byte)0);
}

/// <summary>The DNS names that identify a certificate of the mesh as the secret service's. Immutable.</summary>
/// <remarks>
/// The mesh CA signs a certificate for every workload of the manifest, with the names of that workload's entry. A name identifies a workload
/// only if it is in one entry.
/// </remarks>
/// <param name="names">The names that the manifest gives only to the secret service; compared without regard to case.</param>
/// <param name="acceptsUnnamed">Whether a certificate without any DNS name is also accepted.</param>
internal sealed class SecretServiceNames(IEnumerable<string> names, bool acceptsUnnamed = false)
{
    private readonly HashSet<string> _names = new(names, StringComparer.OrdinalIgnoreCase);

    /// <summary>Returns the names for a message.</summary>
    public override string ToString() => _names.Count == 0 ? "a name that only the secret service has; the manifest gives it none" : string.Join(", ", _names);

    /// <summary>Returns whether a certificate with these DNS names is the secret service's.</summary>
    public bool Match(IReadOnlyCollection<string> certificate) => certificate.Count == 0 ? acceptsUnnamed : certificate.Any(_names.Contains);
}
