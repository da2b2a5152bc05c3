namespace Privatemode.AI.Attestation.Certificates;

/// <summary>Stable names of the checks, for <see cref="PrivatemodeException.ErrorType"/>.</summary>
internal static class CertificateChecks
{
    public const string PemFormat = "certificate-pem-format"; // The text holds PEM certificates and white space only, at least one and not too many.
    public const string Size = "certificate-size"; // A certificate is not larger than any that is issued for this purpose.
    public const string Format = "certificate-format"; // The bytes are one DER certificate of version 3 and nothing else.
    public const string DuplicateExtension = "certificate-duplicate-extension"; // No extension occurs twice.
    public const string CriticalExtension = "certificate-critical-extension"; // No extension is critical that we do not understand.
    // The certificate is signed with an algorithm that AMD or Intel uses, and both of its algorithm identifiers are equal.
    public const string Algorithm = "certificate-algorithm";
    public const string Key = "certificate-key"; // The certificate's key is of the kind it has to be.
    public const string Name = "certificate-name"; // The names are made of single attributes, each there once and with a value in plain text.
    public const string Issuer = "certificate-issuer"; // The certificate names the next one in the chain as its issuer.
    public const string Signature = "certificate-signature"; // The certificate is signed with its issuer's key.
    public const string Authority = "certificate-authority"; // The issuer is a certificate authority.
    public const string KeyUsage = "certificate-key-usage"; // The issuer may sign certificates.
    public const string PathLength = "certificate-path-length"; // The issuer may have an authority below itself.
    public const string NotYetValid = "certificate-not-yet-valid"; // The certificate is valid already.
    public const string Expired = "certificate-expired"; // The certificate is still valid.
    public const string Revoked = "certificate-revoked"; // The certificate's issuer has not revoked it.
    public const string TrustAnchor = "certificate-trust-anchor"; // The root's key is one of the pinned ones.
    public const string CrlSize = "crl-size"; // A revocation list is not larger than we are ready to read.
    public const string CrlFormat = "crl-format"; // The bytes are one DER revocation list of version 2 and nothing else.
    public const string CrlDuplicateSerial = "crl-duplicate-serial"; // No serial number is revoked twice.
    public const string CrlCriticalExtension = "crl-critical-extension"; // No extension of the list or of an entry is critical that we do not understand.
    public const string CrlScope = "crl-scope"; // The list is complete: neither a difference to another one nor limited to some certificates or issuers.
    public const string CrlAlgorithm = "crl-algorithm"; // The list has a signature algorithm of AMD or Intel, and both identifiers are equal.
    public const string CrlIssuer = "crl-issuer"; // The list comes from the issuer of the certificates that are looked up in it.
    public const string CrlKeyUsage = "crl-key-usage"; // The issuer may sign revocation lists.
    public const string CrlSignature = "crl-signature"; // The list is signed with its issuer's key.
    public const string CrlNotYetValid = "crl-not-yet-valid"; // The list is valid already.
    public const string CrlNextUpdateMissing = "crl-next-update-missing"; // The list has nextUpdate; a list without it is treated as expired.
    public const string CrlExpired = "crl-expired"; // The list is still valid.
}

/// <summary>Creates the exceptions for certificates and lists. Messages contain nothing from a certificate except object identifiers.</summary>
internal static class CertificateExceptions
{
    /// <param name="check">One of <see cref="CertificateChecks"/>.</param>
    /// <param name="holder">The expected holder of the certificate: "the AMD root key".</param>
    /// <param name="what">The problem, as the end of a sentence.</param>
    public static PrivatemodeVerificationException Create(
        string check, string holder, string what, string? expected = null, string? found = null, VerificationCause cause = VerificationCause.Collateral) =>
        PrivatemodeVerificationException.Create(check, $"The certificate of {holder} {what}. Do not send anything.", expected, found, cause);

    /// <summary>Creates the exception for a revocation list.</summary>
    public static PrivatemodeVerificationException CreateForList(
        string check, string issuer, string what, string? expected = null, string? found = null, VerificationCause cause = VerificationCause.Collateral) =>
        PrivatemodeVerificationException.Create(check, $"The revocation list of {issuer} {what}. Do not send anything.", expected, found, cause);
}
