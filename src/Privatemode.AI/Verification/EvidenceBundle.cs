using Privatemode.AI.Attestation.Contrast;

namespace Privatemode.AI.Verification;

/// <summary>Everything a verdict was made of, so that it can be made again.</summary>
/// <param name="Endpoint">Where the document came from.</param>
/// <param name="VerifiedAt">The time of the verdict.</param>
/// <param name="Nonce">32 bytes.</param>
/// <param name="Document">The attestation document, JSON; the manifest is in it.</param>
/// <param name="Collateral">What it was judged by.</param>
internal sealed record EvidenceBundle(
    Uri Endpoint, DateTimeOffset VerifiedAt, ReadOnlyMemory<byte> Nonce, ReadOnlyMemory<byte> Document, ContrastCollateral Collateral);
