using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Sev;

// Reference: AMD 57230, section 3. The role is bound here: subject, issuer and extensions must all be a VCEK's or all a VLEK's. A verifier
// that does not bind them takes a provider's VLEK for a VCEK and skips the chip binding.

/// <summary>What the certificate of the key that signed the report says.</summary>
/// <param name="Certificate">The certificate.</param>
/// <param name="Signer">The kind of key.</param>
/// <param name="Line">The product line that the issuer is named after.</param>
/// <param name="Extensions">What AMD's extensions say.</param>
internal sealed record VekCertificate(Certificate Certificate, SnpSigner Signer, SnpProduct Line, VekExtensions Extensions)
{
    private const string VcekIssuer = "SEV-";
    private const string VlekIssuer = "SEV-VLEK-";

    // Type and value of the attributes that every name of AMD's has, besides the common name.
    private static readonly (string Type, string Value)[] AmdAttributes =
    [
        ("2.5.4.11", "Engineering"),
        ("2.5.4.6", "US"),
        ("2.5.4.7", "Santa Clara"),
        ("2.5.4.8", "CA"),
        ("2.5.4.10", "Advanced Micro Devices"),
    ];

    /// <exception cref="PrivatemodeVerificationException">It is not a certificate of a VCEK or VLEK.</exception>
    public static VekCertificate Parse(ReadOnlyMemory<byte> der)
    {
        Certificate certificate = Certificate.Parse(der, "the key that signed the report");
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

        throw SevFailure.Create(
            SevChecks.VekName,
            "The certificate of the signing key is neither a VCEK's nor a VLEK's",
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
