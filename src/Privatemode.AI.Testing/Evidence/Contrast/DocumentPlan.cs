namespace Privatemode.AI.Testing.Evidence.Contrast;

/// <summary>The attestation document around the evidence. As made it is sound; a defect changes one thing of it.</summary>
internal sealed class DocumentPlan
{
    /// <summary>The type the document states; null leaves it out, as generations before 1.22 do.</summary>
    public IReadOnlyList<int>? EvidenceType { get; set; }

    /// <summary>SNP: the document carries the certificates; otherwise clients fetch them.</summary>
    public bool HasCertificates { get; set; } = true;

    /// <summary>The history of manifests, from the one in force.</summary>
    public Func<byte[], IReadOnlyList<byte[]>> Manifests { get; set; } = manifest => [manifest];

    /// <summary>What the evidence is about, instead of what the document shows.</summary>
    public Func<byte[], byte[]>? BindNonce { get; set; }

    public Func<byte[], byte[]>? BindManifest { get; set; }

    /// <summary>What the document shows, instead of what the evidence is about.</summary>
    public Func<byte[], byte[]>? ShowMeshCa { get; set; }

    public Func<byte[], byte[]>? ShowRootCa { get; set; }

    /// <summary>The mesh CA, shown and bound.</summary>
    public Func<byte[], byte[]>? ReplaceMeshCa { get; set; }

    public Action<byte[]>? ChangeReportData { get; set; }

    /// <summary>Changes the evidence after it was encoded.</summary>
    public Func<byte[], byte[]>? ChangeEvidence { get; set; }

    /// <summary>Changes the document after it was written.</summary>
    public Func<string, string>? ChangeDocument { get; set; }
}
