using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>From bytes to a verdict, all at one time.</summary>
internal static class TdxVerification
{
    public static VerifiedTdxQuote Verify(ReadOnlyMemory<byte> quote, TdxCollateral collateral, TdxTrustAnchors anchors, DateTimeOffset at)
    {
        using SignedQuote signed = SignedQuote.Verify(quote, anchors, at);
        return TdxVerifier.Verify(signed, collateral, at);
    }
}
