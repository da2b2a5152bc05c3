using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>What evidence is judged by, of one kind; <see cref="CollateralNeeds"/> says what. Nothing in it is trusted by itself.</summary>
internal sealed record ContrastCollateral
{
    /// <summary>For SEV-SNP.</summary>
    public SnpCollateral? Snp { get; init; }

    /// <summary>For SEV-SNP: the chip's certificate (DER), where the evidence has none.</summary>
    public ReadOnlyMemory<byte> Vcek { get; init; }

    /// <summary>For TDX.</summary>
    public TdxCollateral? Tdx { get; init; }
}
