using System.Formats.Asn1;
using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Sev;

// Reference: AMD 57230, section 3. The role is bound here: subject, issuer and extensions must all be a VCEK's or all a VLEK's. A verifier
// that does not bind them takes a provider's VLEK for a VCEK and skips the chip binding.

/// <summary>The content of the certificate of the key that signed the report.</summary>
/// <param name="Signer">The kind of key.</param>
/// <param name="Line">The product line that the issuer's name contains.</param>
/// <param name="Extensions">The values of AMD's extensions.</param>
internal sealed record VekCertificate(Certificate Certificate, SnpSigner Signer, SnpProduct Line, VekExtensions Extensions)
{
    private const string VcekIssuer = "SEV-";
    private const string VlekIssuer = "SEV-VLEK-";

    // Type and value of the attributes that every name in AMD's certificates has, besides the common name.
    private static readonly (string Type, string Value)[] AmdAttributes =
    [
        ("2.5.4.11", "Engineering"),
        ("2.5.4.6", "US"),
        ("2.5.4.7", "Santa Clara"),
        ("2.5.4.8", "CA"),
        ("2.5.4.10", "Advanced Micro Devices"),
    ];

    /// <summary>Reads a certificate, DER or PEM.</summary>
    public static VekCertificate Parse(ReadOnlyMemory<byte> certificateBytes)
    {
        Certificate certificate = Certificate.Parse(Pem.ToDer(certificateBytes), "the key that signed the report");
        string? subject = AmdCommonName(certificate.ReadSubject());
        string? issuer = AmdCommonName(certificate.ReadIssuer());
        if (subject == "SEV-VCEK" && LineOf(issuer, VcekIssuer) is { } vcekLine)
        {
            return Create(certificate, SnpSigner.Vcek, vcekLine);
        }

        if (subject == "SEV-VLEK" && LineOf(issuer, VlekIssuer) is { } vlekLine)
        {
            return Create(certificate, SnpSigner.Vlek, vlekLine);
        }

        throw SevExceptions.Collateral(
            SevChecks.VekName,
            "The certificate of the signing key is neither a VCEK nor a VLEK certificate",
            "SEV-VCEK by SEV-Milan, SEV-Genoa or SEV-Turin, or SEV-VLEK by SEV-VLEK-Milan, SEV-VLEK-Genoa or SEV-VLEK-Turin, of AMD");
    }

    private static VekCertificate Create(Certificate certificate, SnpSigner signer, SnpProduct line) =>
        new(certificate, signer, line, VekExtensions.Parse(certificate.Extensions, signer, line));

    private static SnpProduct? LineOf(string? issuer, string prefix) =>
        issuer?.StartsWith(prefix, StringComparison.Ordinal) == true ? SnpProducts.FromName(issuer.AsSpan(prefix.Length)) : null;

    private static string? AmdCommonName(DistinguishedName name)
    {
        bool isAmd = name.Attributes.Count == AmdAttributes.Length + 1
            && AmdAttributes.All(attribute => name.Attributes.GetValueOrDefault(attribute.Type) == attribute.Value);
        return isAmd ? name.CommonName : null;
    }
}

// Reference: AMD 57230 (VCEK certificate and KDS interface), section 3.1. Only these extensions and the authority key identifier are
// accepted. Otherwise, an unknown component of the TCB could go unnoticed.

/// <summary>The values of the extensions of a VCEK or VLEK certificate.</summary>
/// <param name="Product">The product line of the productName.</param>
/// <param name="Tcb">The patch levels for which the key was derived.</param>
/// <param name="HardwareId">The chip for which the key was derived, 64 bytes (8 on Turin); empty for a VLEK.</param>
internal sealed record VekExtensions(SnpProduct? Product, TcbVersion Tcb, ReadOnlyMemory<byte> HardwareId)
{
    private const string Arc = "1.3.6.1.4.1.3704.1.";
    private const string StructVersion = Arc + "1";
    private const string ProductName = Arc + "2";
    private const string BootLoader = Arc + "3.1";
    private const string Tee = Arc + "3.2";
    private const string Snp = Arc + "3.3";
    private const string Microcode = Arc + "3.8";
    private const string Fmc = Arc + "3.9";
    private const string HardwareIdentifier = Arc + "4";
    private const string ProviderIdentifier = Arc + "5";

    private static readonly string[] Reserved = [Arc + "3.4", Arc + "3.5", Arc + "3.6", Arc + "3.7"];

    /// <summary>Reads the extensions of a certificate of the given kind and line.</summary>
    /// <exception cref="PrivatemodeVerificationException">An extension is missing, unknown or malformed, or the extensions are those of another kind of key or
    /// product line.</exception>
    public static VekExtensions Parse(IReadOnlyDictionary<string, CertificateExtension> extensions, SnpSigner signer, SnpProduct line)
    {
        try
        {
            CheckSet(extensions, signer, line);
            CheckStructure(extensions, line);
            foreach (string reserved in Reserved)
            {
                RequireValue(!extensions.ContainsKey(reserved) || ReadByte(extensions, reserved) == 0, "a reserved patch level is not 0");
            }

            return new VekExtensions(
                SnpProducts.FromExtension(ReadText(extensions, ProductName)),
                new TcbVersion(
                    Fmc: line == SnpProduct.Turin ? ReadByte(extensions, Fmc) : (byte)0,
                    BootLoader: ReadByte(extensions, BootLoader),
                    Tee: ReadByte(extensions, Tee),
                    Snp: ReadByte(extensions, Snp),
                    Microcode: ReadByte(extensions, Microcode)),
                signer == SnpSigner.Vcek ? ReadHardwareId(extensions[HardwareIdentifier].Value, line) : default);
        }
        catch (AsnContentException)
        {
            throw Failure(SevChecks.VekExtensionValue, "a value has the wrong type");
        }
    }

    private static void CheckSet(IReadOnlyDictionary<string, CertificateExtension> extensions, SnpSigner signer, SnpProduct line)
    {
        List<string> required = [StructVersion, ProductName, BootLoader, Tee, Snp, Microcode];
        required.Add(signer == SnpSigner.Vcek ? HardwareIdentifier : ProviderIdentifier);
        if (line == SnpProduct.Turin)
        {
            required.Add(Fmc);
        }

        foreach (string identifier in required)
        {
            if (!extensions.ContainsKey(identifier))
            {
                throw Failure(SevChecks.VekExtensionMissing, "an extension is missing", expected: identifier);
            }
        }

        foreach (string identifier in extensions.Keys)
        {
            bool known = required.Contains(identifier) || Reserved.Contains(identifier) || identifier == CertificateExtension.AuthorityKeyIdentifier;
            if (!known)
            {
                throw Failure(SevChecks.VekExtensionUnexpected, "an extension belongs to the other kind of certificate", found: identifier);
            }
        }

        if (signer == SnpSigner.Vlek)
        {
            _ = ReadText(extensions, ProviderIdentifier);
        }
    }

    private static void CheckStructure(IReadOnlyDictionary<string, CertificateExtension> extensions, SnpProduct line)
    {
        byte expected = line == SnpProduct.Turin ? (byte)1 : (byte)0;
        byte found = ReadByte(extensions, StructVersion);
        if (found != expected)
        {
            throw SevExceptions.Collateral(
                SevChecks.VekStructure, "The certificate of the signing key has a layout that does not match its product line", $"{expected}", $"{found}");
        }
    }

    // AMD writes the bytes without any tag; an OCTET STRING around them also occurs. They are distinguished by length, never by the first
    // byte, which may be 4 by chance.
    private static ReadOnlyMemory<byte> ReadHardwareId(ReadOnlyMemory<byte> value, SnpProduct line)
    {
        int size = line == SnpProduct.Turin ? 8 : 64;
        if (value.Length == size)
        {
            return value;
        }

        RequireValue(value.Length == size + 2 && value.Span[0] == 0x04 && value.Span[1] == size, $"the hardware ID does not have {size} bytes");
        return value[2..];
    }

    private static byte ReadByte(IReadOnlyDictionary<string, CertificateExtension> extensions, string identifier)
    {
        AsnReader reader = new(extensions[identifier].Value, AsnEncodingRules.DER);
        RequireValue(reader.TryReadInt32(out int value) && value is >= byte.MinValue and <= byte.MaxValue, "a number is not between 0 and 255");
        reader.ThrowIfNotEmpty();
        return (byte)value;
    }

    private static string ReadText(IReadOnlyDictionary<string, CertificateExtension> extensions, string identifier)
    {
        AsnReader reader = new(extensions[identifier].Value, AsnEncodingRules.DER);
        string text = reader.ReadCharacterString(UniversalTagNumber.IA5String);
        reader.ThrowIfNotEmpty();
        return text;
    }

    private static void RequireValue(bool condition, string what)
    {
        if (!condition)
        {
            throw Failure(SevChecks.VekExtensionValue, what);
        }
    }

    private static PrivatemodeVerificationException Failure(string check, string what, string? expected = null, string? found = null) =>
        SevExceptions.Collateral(check, $"The certificate of the signing key has wrong extensions: {what}", expected, found);
}
