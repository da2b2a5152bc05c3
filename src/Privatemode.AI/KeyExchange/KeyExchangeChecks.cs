namespace Privatemode.AI.KeyExchange;

/// <summary>Stable names of the checks, for <see cref="PrivatemodeException.ErrorType"/>.</summary>
internal static class KeyExchangeChecks
{
    public const string AuthorityMissing = "mesh-ca-missing"; // The document has a mesh CA.
    public const string AuthorityFormat = "mesh-ca-format"; // The mesh CA is one X.509 certificate in PEM.
    public const string AuthorityKey = "mesh-ca-key"; // The mesh CA's key is ECDSA on P-256, P-384 or P-521.
    public const string AuthorityConstraints = "mesh-ca-constraints"; // The mesh CA may sign certificates, and has no unsupported restrictions.
    public const string AuthorityNotYetValid = "mesh-ca-not-yet-valid"; // The mesh CA is valid already.
    public const string AuthorityExpired = "mesh-ca-expired"; // The mesh CA is still valid.
    public const string ResponseFormat = "mesh-response-format"; // The answer is a JSON object of the expected form.
    public const string CertificateFormat = "mesh-certificate-format"; // The certificate is one DER certificate and nothing else.
    public const string CertificateIssuer = "mesh-certificate-issuer"; // The certificate names the mesh CA as its issuer.
    // The certificate is signed with ECDSA and SHA-2, and both of its algorithm identifiers are equal.
    public const string CertificateAlgorithm = "mesh-certificate-algorithm";
    public const string CertificateSignature = "mesh-certificate-signature"; // The certificate is signed by the mesh CA's key.
    public const string CertificateNotYetValid = "mesh-certificate-not-yet-valid"; // The certificate is valid already.
    public const string CertificateExpired = "mesh-certificate-expired"; // The certificate is still valid.
    // The certificate has no unknown critical extension.
    public const string CertificateCriticalExtension = "mesh-certificate-critical-extension";
    public const string CertificateUsage = "mesh-certificate-usage"; // The certificate is valid for a server.
    // The certificate has a DNS name that the manifest gives to the secret service and to no other workload.
    public const string CertificateName = "mesh-certificate-name";
    public const string CertificateKey = "mesh-certificate-key"; // The certificate's key is ECDSA on P-256, P-384 or P-521.
    public const string Signature = "mesh-signature"; // The certificate's key signed the client's public key together with the encapsulated key.
    public const string EncapsulatedKey = "encapsulated-key"; // The encapsulated key has the right length and no small-order part.
}
