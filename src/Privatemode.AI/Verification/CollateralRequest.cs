using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Verification;

/// <summary>A file to judge evidence by.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Limit">Largest file accepted, in bytes.</param>
/// <param name="What">What it is, for messages: <c>AMD's revocation list</c>.</param>
/// <param name="Authenticate">Returns the version of a file that is authentic, <see langword="null"/> for any other. Must not keep state.</param>
internal sealed record CollateralRequest(Uri Address, int Limit, string What, Func<CollateralFile, DocumentVersion?> Authenticate)
{
    /// <summary>The header with the signer's certificates; null when there is none.</summary>
    public string? ChainHeader { get; init; }

    /// <summary>The same file as it came with the evidence: one more copy, which was never downloaded. Null when there is none.</summary>
    public CollateralFile? Supplied { get; init; }

    /// <summary>Whether an authentic file is worth keeping: not if anybody could make clients keep any number of them. By default, it is.</summary>
    public Func<CollateralFile, bool> MayKeep { get; init; } = _ => true;

    /// <summary>The name in caches.</summary>
    public string Key => Address.AbsoluteUri;
}
