namespace Privatemode.AI.Testing;

/// <summary>Specifies a service from which a client retrieves what it needs to verify a deployment.</summary>
/// <remarks>A test deployment stands in for all of these services.</remarks>
public enum EvidenceSource
{
    /// <summary>The service's gateway, which returns the attestation document: <c>POST /privatemode/v1/attest</c>.</summary>
    Attestation,

    /// <summary>The publisher of the manifest, which returns the expected manifest.</summary>
    Manifest,

    /// <summary>AMD's key distribution service: the certificate of a chip (VCEK).</summary>
    AmdChipCertificate,

    /// <summary>AMD's key distribution service: the intermediate and root certificates.</summary>
    AmdCertificateChain,

    /// <summary>AMD's key distribution service: the revocation list.</summary>
    AmdRevocationList,

    /// <summary>Intel's provisioning certification service: the TCB information of a platform type.</summary>
    IntelTcbInfo,

    /// <summary>Intel's provisioning certification service: the identity of the quoting enclave.</summary>
    IntelQeIdentity,

    /// <summary>Intel's provisioning certification service: the revocation list of the platform certificates.</summary>
    IntelPlatformRevocationList,

    /// <summary>Intel's root CA: the revocation list of the root.</summary>
    IntelRootRevocationList,
}
