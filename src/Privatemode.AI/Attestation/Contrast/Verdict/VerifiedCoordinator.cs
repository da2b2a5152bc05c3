using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>A coordinator that proved itself: what it runs on, what it runs, and the mesh CA that is to be trusted because of it.</summary>
internal sealed record VerifiedCoordinator
{
    /// <param name="document">The verified document.</param>
    /// <param name="manifest">The expected manifest, which is the deployment's.</param>
    /// <param name="meshAuthorityFingerprint">SHA-256 of the mesh CA.</param>
    /// <param name="at">The time of the verdict.</param>
    public VerifiedCoordinator(AttestationDocument document, Manifest manifest, ReadOnlyMemory<byte> meshAuthorityFingerprint, DateTimeOffset at)
    {
        Manifest = manifest;
        Kind = document.Kind;
        MeshAuthority = document.MeshAuthority;
        MeshAuthorityFingerprint = meshAuthorityFingerprint;
        ClaimedVersion = document.Version;
        VerifiedAt = at;
    }

    /// <summary>The deployment's manifest, which is the expected one.</summary>
    public Manifest Manifest { get; }

    public EvidenceKind Kind { get; }

    /// <summary>Milan, Genoa or TDX.</summary>
    public required string Product { get; init; }

    /// <summary>Where the reference value that the evidence equals stands in the manifest.</summary>
    public required string ReferenceValue { get; init; }

    /// <summary>The name the manifest gives this kind of machine.</summary>
    public required string Platform { get; init; }

    /// <summary>The coordinator's policy, 32 bytes: one that the manifest lists with this role.</summary>
    public required ReadOnlyMemory<byte> PolicyHash { get; init; }

    /// <summary>Launch measurement or MRTD, 48 bytes.</summary>
    public required ReadOnlyMemory<byte> Measurement { get; init; }

    /// <summary>With how many processors the machine was launched; null when the manifest does not leave it open.</summary>
    public int? Processors { get; init; }

    /// <summary>The report with its TCB versions and dates; null for TDX.</summary>
    public VerifiedSnpReport? Snp { get; init; }

    /// <summary>The quote with its TCB status and the dates of its collateral; null for SEV-SNP.</summary>
    public VerifiedTdxQuote? Tdx { get; init; }

    /// <summary>PEM text; its first block is the certificate.</summary>
    public ReadOnlyMemory<byte> MeshAuthority { get; }

    /// <summary>SHA-256 of the certificate (DER).</summary>
    public ReadOnlyMemory<byte> MeshAuthorityFingerprint { get; }

    /// <summary>The version the coordinator claims to have; nothing proves it.</summary>
    public string? ClaimedVersion { get; }

    /// <summary>The time of the verdict.</summary>
    public DateTimeOffset VerifiedAt { get; }

    /// <summary>When the first certificate or piece of collateral expires; the mesh CA's own dates are judged where it is used.</summary>
    public required DateTimeOffset ValidUntil { get; init; }

    /// <summary>What was accepted and should be known; in sentences.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    public required IReadOnlyList<CoordinatorCheck> Checks { get; init; }
}
