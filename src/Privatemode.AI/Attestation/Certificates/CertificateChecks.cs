namespace Privatemode.AI.Attestation.Certificates;

/// <summary>Stable names of the checks, for <see cref="PrivatemodeException.ErrorType"/>.</summary>
internal static class CertificateChecks
{
    /// <summary>The text holds PEM certificates and white space only, at least one and not too many.</summary>
    public const string PemFormat = "certificate-pem-format";

    /// <summary>A certificate is not larger than any that is issued for this purpose.</summary>
    public const string Size = "certificate-size";

    /// <summary>The bytes are one DER certificate of version 3 and nothing else.</summary>
    public const string Format = "certificate-format";

    /// <summary>No extension stands twice.</summary>
    public const string DuplicateExtension = "certificate-duplicate-extension";

    /// <summary>No extension is critical that we do not understand.</summary>
    public const string CriticalExtension = "certificate-critical-extension";

    /// <summary>The certificate is signed with an algorithm that AMD or Intel uses, and says so twice in the same way.</summary>
    public const string Algorithm = "certificate-algorithm";

    /// <summary>The certificate's key is of the kind it has to be.</summary>
    public const string Key = "certificate-key";

    /// <summary>The names are made of single attributes, each there once and with a value in plain text.</summary>
    public const string Name = "certificate-name";

    /// <summary>The certificate names the next one in the chain as its issuer.</summary>
    public const string Issuer = "certificate-issuer";

    /// <summary>The certificate is signed with its issuer's key.</summary>
    public const string Signature = "certificate-signature";

    /// <summary>The issuer is a certificate authority.</summary>
    public const string Authority = "certificate-authority";

    /// <summary>The issuer may sign certificates.</summary>
    public const string KeyUsage = "certificate-key-usage";

    /// <summary>The issuer may have an authority below itself.</summary>
    public const string PathLength = "certificate-path-length";

    /// <summary>The certificate is valid already.</summary>
    public const string NotYetValid = "certificate-not-yet-valid";

    /// <summary>The certificate is still valid.</summary>
    public const string Expired = "certificate-expired";

    /// <summary>The certificate's issuer has not revoked it.</summary>
    public const string Revoked = "certificate-revoked";

    /// <summary>The root's key is one of the pinned ones.</summary>
    public const string TrustAnchor = "certificate-trust-anchor";

    /// <summary>A revocation list is not larger than we are ready to read.</summary>
    public const string CrlSize = "crl-size";

    /// <summary>The bytes are one DER revocation list of version 2 and nothing else.</summary>
    public const string CrlFormat = "crl-format";

    /// <summary>No serial number is revoked twice.</summary>
    public const string CrlDuplicateSerial = "crl-duplicate-serial";

    /// <summary>No extension of the list or of an entry is critical that we do not understand.</summary>
    public const string CrlCriticalExtension = "crl-critical-extension";

    /// <summary>The list is complete: neither a difference to another one nor limited to some certificates or issuers.</summary>
    public const string CrlScope = "crl-scope";

    /// <summary>The list is signed with an algorithm that AMD or Intel uses, and says so twice in the same way.</summary>
    public const string CrlAlgorithm = "crl-algorithm";

    /// <summary>The list comes from the issuer of the certificates that are looked up in it.</summary>
    public const string CrlIssuer = "crl-issuer";

    /// <summary>The issuer may sign revocation lists.</summary>
    public const string CrlKeyUsage = "crl-key-usage";

    /// <summary>The list is signed with its issuer's key.</summary>
    public const string CrlSignature = "crl-signature";

    /// <summary>The list was issued before the time of the check.</summary>
    public const string CrlNotYetValid = "crl-not-yet-valid";

    /// <summary>The list says until when it may be used; one that does not counts as stale.</summary>
    public const string CrlNextUpdateMissing = "crl-next-update-missing";

    /// <summary>The list is not stale.</summary>
    public const string CrlExpired = "crl-expired";
}

/// <summary>The room's exceptions, worded alike. Nothing that stands in a certificate comes into a message, except object identifiers.</summary>
internal static class CertificateFailure
{
    /// <param name="check">One of <see cref="CertificateChecks"/>.</param>
    /// <param name="holder">Whose certificate it is meant to be: "the AMD root key".</param>
    /// <param name="what">What is wrong, as the end of a sentence.</param>
    /// <param name="expected">What the check demands.</param>
    /// <param name="found">What was found instead.</param>
    public static PrivatemodeVerificationException Create(
        string check, string holder, string what, string? expected = null, string? found = null) =>
        new(check, $"The certificate of {holder} {what}. Do not send anything.")
        {
            Expected = expected,
            Found = found,
        };

    /// <summary>The same for a revocation list.</summary>
    public static PrivatemodeVerificationException CreateForList(
        string check, string issuer, string what, string? expected = null, string? found = null) =>
        new(check, $"The revocation list of {issuer} {what}. Do not send anything.")
        {
            Expected = expected,
            Found = found,
        };
}
