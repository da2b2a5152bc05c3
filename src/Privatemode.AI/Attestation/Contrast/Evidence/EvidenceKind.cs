namespace Privatemode.AI.Attestation.Contrast;

/// <summary>The hardware whose evidence a document carries.</summary>
internal enum EvidenceKind
{
    /// <summary>AMD SEV-SNP: a report and its certificates.</summary>
    SevSnp,

    /// <summary>Intel TDX: a quote.</summary>
    Tdx,
}
