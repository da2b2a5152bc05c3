namespace Privatemode.AI.Attestation.Sev;

/// <summary>What belongs to a product line and comes from AMD, or with the evidence. Nothing in it is trusted unless a pinned root signed it.</summary>
/// <param name="Intermediate">The certificate that issued the signing key's: ASK for a VCEK, ASVK for a VLEK, DER.</param>
/// <param name="Root">The certificate of the root key (ARK), DER.</param>
/// <param name="Crl">The root key's revocation list, DER. An empty one is no list, and nothing is accepted without.</param>
internal sealed record SnpCollateral(ReadOnlyMemory<byte> Intermediate, ReadOnlyMemory<byte> Root, ReadOnlyMemory<byte> Crl)
{
    /// <summary>The list came with the evidence, and AMD could not be asked for the current one.</summary>
    public bool IsCrlSupplied { get; init; }
}
