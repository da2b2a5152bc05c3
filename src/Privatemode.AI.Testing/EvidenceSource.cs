namespace Privatemode.AI.Testing;

/// <summary>Where clients get evidence, and what they judge it by. The deployment stands in for all of them.</summary>
public enum EvidenceSource
{
    /// <summary>The gateway: <c>POST /privatemode/v1/attest</c>.</summary>
    Attestation,

    /// <summary>The CDN: the expected manifest.</summary>
    Manifest,

    /// <summary>AMD: the certificate of a chip.</summary>
    AmdChip,

    /// <summary>AMD: the certificates above the chips.</summary>
    AmdChain,

    /// <summary>AMD: the revocation list.</summary>
    AmdRevocationList,

    /// <summary>Intel: the TCB information of a kind of platform.</summary>
    IntelTcbInfo,

    /// <summary>Intel: the identity of the quoting enclave.</summary>
    IntelQeIdentity,

    /// <summary>Intel: the revocation list of the platforms.</summary>
    IntelPlatformRevocationList,

    /// <summary>Intel: the revocation list of the root.</summary>
    IntelRootRevocationList,
}
