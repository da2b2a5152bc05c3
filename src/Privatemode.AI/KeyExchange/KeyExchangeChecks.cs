namespace Privatemode.AI.KeyExchange;

/// <summary>Stable names of the checks, for <see cref="PrivatemodeException.ErrorType"/>.</summary>
internal static class KeyExchangeChecks
{
    /// <summary>The mesh CA is one X.509 certificate in PEM.</summary>
    public const string AuthorityFormat = "mesh-ca-format";

    /// <summary>The mesh CA's key is ECDSA on P-256, P-384 or P-521.</summary>
    public const string AuthorityKey = "mesh-ca-key";

    /// <summary>The mesh CA may sign certificates, and limits them in no way that we do not understand.</summary>
    public const string AuthorityConstraints = "mesh-ca-constraints";

    /// <summary>The mesh CA is valid already.</summary>
    public const string AuthorityNotYetValid = "mesh-ca-not-yet-valid";

    /// <summary>The mesh CA is still valid.</summary>
    public const string AuthorityExpired = "mesh-ca-expired";

    /// <summary>The answer is the JSON object it should be.</summary>
    public const string ResponseFormat = "mesh-response-format";

    /// <summary>The certificate is one DER certificate and nothing else.</summary>
    public const string CertificateFormat = "mesh-certificate-format";

    /// <summary>The certificate names the mesh CA as its issuer.</summary>
    public const string CertificateIssuer = "mesh-certificate-issuer";

    /// <summary>The certificate is signed with ECDSA and SHA-2, and says so twice in the same way.</summary>
    public const string CertificateAlgorithm = "mesh-certificate-algorithm";

    /// <summary>The certificate is signed by the mesh CA's key.</summary>
    public const string CertificateSignature = "mesh-certificate-signature";

    /// <summary>The certificate is valid already.</summary>
    public const string CertificateNotYetValid = "mesh-certificate-not-yet-valid";

    /// <summary>The certificate is still valid.</summary>
    public const string CertificateExpired = "mesh-certificate-expired";

    /// <summary>The certificate has no critical extension that we do not understand.</summary>
    public const string CertificateCriticalExtension = "mesh-certificate-critical-extension";

    /// <summary>The certificate may be used by a server.</summary>
    public const string CertificateUsage = "mesh-certificate-usage";

    /// <summary>The certificate has a DNS name that the manifest gives to the secret service and to no other workload.</summary>
    public const string CertificateName = "mesh-certificate-name";

    /// <summary>The certificate's key is ECDSA on P-256, P-384 or P-521.</summary>
    public const string CertificateKey = "mesh-certificate-key";

    /// <summary>The certificate's key signed our public key together with the encapsulated key.</summary>
    public const string Signature = "mesh-signature";

    /// <summary>The encapsulated key has the right length and no small-order part.</summary>
    public const string EncapsulatedKey = "encapsulated-key";
}
