using Privatemode.AI.Attestation.Sev;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>What a user demands beyond the manifest, and the one thing that can be demanded less.</summary>
internal sealed record ContrastOptions
{
    /// <summary>The hardware that is accepted; null: what the manifest lists.</summary>
    public IReadOnlyCollection<EvidenceKind>? AllowedKinds { get; init; }

    /// <summary>The product lines of AMD that are accepted; null: those the manifest lists, Milan included when it does.</summary>
    public IReadOnlyCollection<SnpProduct>? AllowedProducts { get; init; }

    /// <summary>The AMD chips that are accepted, 64 bytes each; null: those the manifest allows. A masked chip id is none of them.</summary>
    public IReadOnlyCollection<ReadOnlyMemory<byte>>? AllowedChipIds { get; init; }

    /// <summary>Looks at the status of the TDX module and the quoting enclave only, as the Go reference does.</summary>
    /// <remarks>Gives up that firmware and microcode of the platform are up to date.</remarks>
    public bool DangerousAcceptOutdatedTdxPlatform { get; init; }

    /// <summary>Demands that a TDX platform is up to date under Intel's newest TCB info too, not only under the one the manifest names.</summary>
    public bool RequireNewestTdxTcbInfo { get; init; }

    /// <summary>How old a revocation list of AMD may be that came with the evidence, when AMD could not be asked for the current one.</summary>
    public TimeSpan MaxAmdFallbackRevocationListAge { get; init; } = HardwarePolicy.DefaultMaxAmdFallbackRevocationListAge;

    /// <summary>Kept by whoever verifies often: a digest is computed once per measurement and policy.</summary>
    public IdKeyDigestCache IdKeyDigests { get; init; } = new();
}
