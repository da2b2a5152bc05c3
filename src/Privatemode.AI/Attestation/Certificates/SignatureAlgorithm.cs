namespace Privatemode.AI.Attestation.Certificates;

/// <summary>The two ways in which certificates and revocation lists of our vendors are signed.</summary>
internal enum SignatureAlgorithm
{
    /// <summary>AMD: RSASSA-PSS, SHA-384, MGF1 with SHA-384, 48 bytes of salt, trailer 1.</summary>
    RsaPssSha384,

    /// <summary>Intel: ECDSA on P-256 with SHA-256, the signature as DER SEQUENCE of r and s.</summary>
    EcdsaP256Sha256,
}
