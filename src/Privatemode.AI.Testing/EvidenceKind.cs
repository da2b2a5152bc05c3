namespace Privatemode.AI.Testing;

/// <summary>Specifies the kind of attestation evidence that a test deployment issues.</summary>
/// <remarks>Verification reports name the same technologies as <see cref="TeeKind"/>, which has values for those of later versions too.</remarks>
public enum EvidenceKind
{
    /// <summary>An attestation report of AMD SEV-SNP.</summary>
    SevSnp,

    /// <summary>A quote of Intel TDX.</summary>
    Tdx,
}
