namespace Privatemode.AI.Testing;

/// <summary>Specifies the kind of attestation evidence that a test deployment issues.</summary>
/// <remarks>In verification reports, the technology is a <see cref="TeeKind"/>, which can also have values of later versions.</remarks>
public enum EvidenceKind
{
    /// <summary>An attestation report of AMD SEV-SNP.</summary>
    SevSnp,

    /// <summary>A quote of Intel TDX.</summary>
    Tdx,
}
