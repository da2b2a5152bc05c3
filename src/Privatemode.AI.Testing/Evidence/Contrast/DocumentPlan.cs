namespace Privatemode.AI.Testing.Evidence.Contrast;

/// <summary>The attestation document around the evidence. Initially it is valid; a defect changes one thing.</summary>
internal sealed class DocumentPlan
{
    /// <summary>The evidence type in the document; null to omit it, as versions before 1.22 do.</summary>
    public IReadOnlyList<int>? EvidenceType { get; set; }

    /// <summary>Whether a document with SEV-SNP evidence contains the certificates. Otherwise, clients retrieve them.</summary>
    public bool HasCertificates { get; set; } = true;

    /// <summary>Returns the history of manifests for the current manifest.</summary>
    public Func<byte[], IReadOnlyList<byte[]>> Manifests { get; set; } = manifest => [manifest];

    /// <summary>Changes the nonce to which the evidence is bound, but not the one in the document.</summary>
    public Func<byte[], byte[]>? BindNonce { get; set; }

    public Func<byte[], byte[]>? BindManifest { get; set; }

    /// <summary>Changes the mesh CA in the document, but not the one to which the evidence is bound.</summary>
    public Func<byte[], byte[]>? ShowMeshCa { get; set; }

    public Func<byte[], byte[]>? ShowRootCa { get; set; }

    /// <summary>Changes the mesh CA both in the document and in the evidence.</summary>
    public Func<byte[], byte[]>? ReplaceMeshCa { get; set; }

    public Action<byte[]>? ChangeReportData { get; set; }

    /// <summary>Changes the evidence after it has been encoded.</summary>
    public Func<byte[], byte[]>? ChangeEvidence { get; set; }

    /// <summary>Changes the document after it has been written.</summary>
    public Func<string, string>? ChangeDocument { get; set; }
}
