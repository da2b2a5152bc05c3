using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>What has to be fetched before evidence can be judged. One of the two.</summary>
internal sealed record CollateralNeeds(SnpCollateralNeeds? Snp, PcsRequests? Tdx)
{
    /// <summary>
    /// Judges what the evidence proves by itself, as far as it brings its own chain along, and names what the rest takes. Pure, and the first stage of
    /// <see cref="ContrastVerifier.Verify"/>.
    /// </summary>
    /// <remarks>
    /// So nobody but a genuine platform chooses what is fetched, except of a report without its certificate: its chip id is only a claim.
    /// For TDX the highest evaluation number that any reference value asks for is asked of Intel: a platform that only an older one
    /// accepts is refused, where the reference would have tried each value with collateral of its own.
    /// </remarks>
    /// <param name="document">What the coordinator answered.</param>
    /// <param name="expected">The only manifest the deployment may have.</param>
    /// <param name="anchors">The root keys to trust.</param>
    /// <param name="at">The time at which the evidence's own certificates must be valid.</param>
    /// <exception cref="PrivatemodeVerificationException">No collateral could make this document acceptable.</exception>
    public static CollateralNeeds Of(AttestationDocument document, Manifest expected, ContrastTrustAnchors anchors, DateTimeOffset at)
    {
        ContrastVerifier.CheckManifest(document, expected);
        if (document.Kind == EvidenceKind.SevSnp)
        {
            ReferenceValues.DemandAny(expected.Snp, SnpJudgement.Kind);
            return new CollateralNeeds(SnpCollateralNeeds.Of(document.Evidence, expected, anchors.Sev, at), null);
        }

        ReferenceValues.DemandAny(expected.Tdx, TdxJudgement.Kind);
        ReadOnlyMemory<byte> quote = TdxQuoteMessage.ReadQuote(document.Evidence);
        using SignedQuote signed = SignedQuote.Verify(quote, anchors.Tdx, at);
        int evaluation = expected.Tdx.Max(value => value.MinimumEvaluationDataNumber);
        return new CollateralNeeds(null, PcsRequests.For(signed.Chain.Extensions, evaluation) with { Quote = quote });
    }
}
