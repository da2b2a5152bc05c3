namespace Privatemode.AI.Testing;

/// <summary>The hardware a test deployment pretends to run on.</summary>
public enum EvidenceKind
{
    /// <summary>AMD SEV-SNP.</summary>
    Snp,

    /// <summary>Intel TDX.</summary>
    Tdx,
}
