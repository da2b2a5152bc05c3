namespace Privatemode.AI.Testing;

/// <summary>Specifies the kind of attestation evidence that a test deployment issues.</summary>
public enum EvidenceKind
{
    /// <summary>An attestation report of AMD SEV-SNP.</summary>
    SevSnp,

    /// <summary>A quote of Intel TDX.</summary>
    Tdx,
}
