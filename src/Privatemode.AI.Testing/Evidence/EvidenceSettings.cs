namespace Privatemode.AI.Testing.Evidence;

/// <summary>What evidence to issue.</summary>
internal sealed record EvidenceSettings
{
    public EvidenceKind Kind { get; init; } = EvidenceKind.Snp;

    public EvidenceProduct Product { get; init; } = EvidenceProduct.Genoa;

    public uint ReportVersion { get; init; } = 5;

    public bool HasCertificates { get; init; } = true;

    public bool StatesKind { get; init; } = true;

    /// <summary>Which manifest; each has workloads of its own.</summary>
    public int Revision { get; init; } = 1;

    public EvidenceDefect Defect { get; init; } = EvidenceDefect.None;
}
