namespace Privatemode.AI.Attestation.Certificates;

// Reference: RFC 5280, section 6.1, for chains of a root, at most one intermediate CA, and a leaf. Names are compared as bytes.
// Critical extensions and malformed ones were refused when the certificate was read.

/// <summary>The rules between two certificates of a chain, one method per rule, so that each caller chooses the order.</summary>
internal static class ChainRules
{
    /// <summary>Refuses a certificate that the given issuer did not issue, or was not permitted to issue.</summary>
    /// <remarks>For a self-signed root, pass it as both: only then are its own claims, dates included, covered by its signature.</remarks>
    public static void CheckIssuedBy(Certificate child, CertificateIssuer issuer)
    {
        Certificate parent = issuer.Certificate;
        if (!NamesIssuer(child, parent))
        {
            throw CertificateExceptions.Create(CertificateChecks.Issuer, child.Holder, $"does not name {parent.Holder} as its issuer");
        }

        if (!parent.IsAuthority)
        {
            throw CertificateExceptions.Create(CertificateChecks.Authority, parent.Holder, "is not a CA certificate", "basic constraints with CA");
        }

        if (!parent.MaySignCertificates)
        {
            throw CertificateExceptions.Create(CertificateChecks.KeyUsage, parent.Holder, "must not sign certificates", "key usage with keyCertSign");
        }

        bool selfIssued = child.Subject.Span.SequenceEqual(child.Issuer.Span);
        if (child.IsAuthority && !selfIssued && parent.PathLength == 0)
        {
            throw CertificateExceptions.Create(CertificateChecks.PathLength, parent.Holder, $"does not allow {child.Holder} to be a certificate authority");
        }

        if (!issuer.HasSigned(child.ToBeSigned, child.Signature, child.Algorithm))
        {
            throw CertificateExceptions.Create(CertificateChecks.Signature, child.Holder, $"is not signed by {parent.Holder}");
        }
    }

    /// <summary>Whether a certificate names the subject of another one as its issuer.</summary>
    public static bool NamesIssuer(CertificateFields child, CertificateFields issuer) => child.Issuer.Span.SequenceEqual(issuer.Subject.Span);

    /// <summary>Refuses a time outside of the certificate's validity, which includes both ends.</summary>
    public static void CheckValidity(Certificate certificate, DateTimeOffset at) =>
        CheckValidity(certificate, at, (isTooEarly, expected, found) => CertificateExceptions.Create(
            isTooEarly ? CertificateChecks.NotYetValid : CertificateChecks.Expired,
            certificate.Holder,
            isTooEarly ? "is not valid yet (or this machine's clock is wrong)" : "has expired (or this machine's clock is wrong)",
            expected,
            found));

    /// <summary>Refuses a time outside of the certificate's validity with an exception that the caller creates.</summary>
    /// <param name="failure">Creates the exception from: whether the time is too early, the expected time, and the time that was found.</param>
    public static void CheckValidity(CertificateFields certificate, DateTimeOffset at, Func<bool, string, string, PrivatemodeVerificationException> failure)
    {
        if (at < certificate.NotBefore)
        {
            throw failure(true, $"not before {certificate.NotBefore:u}", $"{at:u}");
        }

        if (at > certificate.NotAfter)
        {
            throw failure(false, $"not after {certificate.NotAfter:u}", $"{at:u}");
        }
    }

    /// <summary>Refuses a revoked certificate. The list must be verified, and from the issuer of the certificate.</summary>
    public static void CheckNotRevoked(Certificate certificate, CertificateRevocationList list)
    {
        if (!certificate.Issuer.Span.SequenceEqual(list.Issuer.Span))
        {
            throw CertificateExceptions.CreateForList(CertificateChecks.CrlIssuer, list.IssuedBy, $"does not cover {certificate.Holder}");
        }

        if (list.IsRevoked(certificate.SerialNumber))
        {
            throw CertificateExceptions.Create(
                CertificateChecks.Revoked,
                certificate.Holder,
                "has been revoked",
                expected: "not on the revocation list",
                found: $"serial number {Convert.ToHexStringLower(certificate.SerialNumber.Span)}",
                VerificationCause.None); // a newer list never removes a revocation
        }
    }
}
