using Privatemode.AI.Testing.Evidence.Defects;

namespace Privatemode.AI.Testing.Evidence;

/// <summary>The settings of the evidence to issue.</summary>
internal sealed record EvidenceSettings
{
    public EvidenceKind Kind { get; init; } = EvidenceKind.SevSnp;

    public EvidenceAmdProduct Product { get; init; } = EvidenceAmdProduct.Genoa;

    public uint ReportVersion { get; init; } = 5;

    public bool HasCertificates { get; init; } = true;

    public bool StatesKind { get; init; } = true;

    /// <summary>The number of the manifest. Each manifest has its own workloads.</summary>
    public int Revision { get; init; } = 1;

    /// <summary>Whether the publisher names the next manifest already, which the deployment does not have yet.</summary>
    public bool IsNextPublished { get; init; }

    public string Defect { get; init; } = DefectCatalogue.None;
}
