namespace Privatemode.AI.Testing;

// What can be wrong whatever the hardware is.
public sealed partial class EvidenceDefect
{
    // Documents, on either hardware.
    /// <summary>The evidence is about another nonce.</summary>
    public static EvidenceDefect WrongNonce { get; } = new();
    /// <summary>The second half of the report data is not zero.</summary>
    public static EvidenceDefect WrongReportDataTail { get; } = new();
    /// <summary>The document shows another mesh CA than the evidence is about.</summary>
    public static EvidenceDefect SwappedMeshCa { get; } = new();
    /// <summary>The document shows another root CA than the evidence is about.</summary>
    public static EvidenceDefect SwappedRootCa { get; } = new();
    /// <summary>The mesh CA is empty; the evidence is about that.</summary>
    public static EvidenceDefect MeshCaEmpty { get; } = new();
    /// <summary>The mesh CA is no certificate; the evidence is about that.</summary>
    public static EvidenceDefect MeshCaNoCertificate { get; } = new();
    /// <summary>The mesh CA has expired; the evidence is about it. Shows when a certificate under it is judged.</summary>
    public static EvidenceDefect MeshCaExpired { get; } = new();
    /// <summary>The document has no manifest.</summary>
    public static EvidenceDefect NoManifest { get; } = new();
    /// <summary>The document has two manifests, the expected one last.</summary>
    public static EvidenceDefect TwoManifests { get; } = new();
    /// <summary>The document's manifest has one byte more than the expected one.</summary>
    public static EvidenceDefect ManifestByteChanged { get; } = new();
    /// <summary>The evidence is about another manifest than the document shows.</summary>
    public static EvidenceDefect WrongManifestBound { get; } = new();
    /// <summary>The document says that there is no hardware under it.</summary>
    public static EvidenceDefect InsecureEvidenceType { get; } = new();
    /// <summary>The document names the other hardware.</summary>
    public static EvidenceDefect OtherEvidenceType { get; } = new();
    /// <summary>The encoded evidence ends early.</summary>
    public static EvidenceDefect EvidenceTruncated { get; } = new();
    /// <summary>The encoded evidence is empty.</summary>
    public static EvidenceDefect EvidenceEmpty { get; } = new();
    /// <summary>The document ends early.</summary>
    public static EvidenceDefect DocumentTruncated { get; } = new();
    /// <summary>The document has its mesh CA twice.</summary>
    public static EvidenceDefect DocumentRepeatsMember { get; } = new();
    /// <summary>The document's evidence is not base64.</summary>
    public static EvidenceDefect DocumentBadBase64 { get; } = new();
    /// <summary>Harmless: the document has a member nobody knows.</summary>
    public static EvidenceDefect DocumentUnknownMember { get; } = new();

    // Manifests, on either hardware; CDN and document agree.
    /// <summary>No workload is the coordinator.</summary>
    public static EvidenceDefect ManifestWithoutCoordinator { get; } = new();
    /// <summary>A workload has a role nobody knows.</summary>
    public static EvidenceDefect ManifestUnknownRole { get; } = new();
    /// <summary>The hash of a workload is a byte too short.</summary>
    public static EvidenceDefect ManifestShortPolicyKey { get; } = new();
    /// <summary>There are no reference values.</summary>
    public static EvidenceDefect ManifestWithoutReferenceValues { get; } = new();
    /// <summary>There are reference values of a kind nobody knows.</summary>
    public static EvidenceDefect ManifestUnknownKind { get; } = new();
    /// <summary>Harmless: there is a member nobody knows.</summary>
    public static EvidenceDefect ManifestUnknownMember { get; } = new();
    /// <summary>The reference values come twice.</summary>
    public static EvidenceDefect ManifestRepeatsMember { get; } = new();
    /// <summary>There are reference values for the other hardware only.</summary>
    public static EvidenceDefect ManifestOtherHardwareOnly { get; } = new();
    /// <summary>The guest policy for SNP allows debugging.</summary>
    public static EvidenceDefect ManifestAllowsDebug { get; } = new();
    /// <summary>The guest policy for SNP allows migration agents.</summary>
    public static EvidenceDefect ManifestAllowsMigration { get; } = new();
    /// <summary>The platform for SNP calls itself insecure.</summary>
    public static EvidenceDefect ManifestInsecurePlatform { get; } = new();
    /// <summary>The evidence is that of another workload than the coordinator.</summary>
    public static EvidenceDefect WrongCoordinatorPolicy { get; } = new();
}
