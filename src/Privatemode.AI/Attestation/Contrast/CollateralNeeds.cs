using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>What has to be fetched before evidence can be judged. One of the two.</summary>
internal sealed record CollateralNeeds(SnpCollateralNeeds? Snp, PcsRequests? Tdx)
{
    /// <summary>Reads it from a document that is not verified yet, after its manifest was found to be the expected one.</summary>
    /// <remarks>
    /// For TDX the highest evaluation number that any reference value asks for is asked of Intel: a platform that only an older one
    /// accepts is refused, where the reference would have tried each value with collateral of its own.
    /// </remarks>
    /// <exception cref="PrivatemodeVerificationException">No collateral could make this document acceptable.</exception>
    public static CollateralNeeds Of(AttestationDocument document, Manifest expected)
    {
        ContrastVerifier.CheckManifest(document, expected);
        if (document.Kind == EvidenceKind.SevSnp)
        {
            ReferenceValues.DemandAny(expected.Snp, SnpJudgement.Kind);
            return new CollateralNeeds(SnpCollateralNeeds.Of(document.Evidence, expected), null);
        }

        ReferenceValues.DemandAny(expected.Tdx, TdxJudgement.Kind);
        int evaluation = expected.Tdx.Max(value => value.MinimumEvaluationDataNumber);
        return new CollateralNeeds(null, PcsRequests.For(TdxQuoteMessage.ReadQuote(document.Evidence), evaluation));
    }
}
