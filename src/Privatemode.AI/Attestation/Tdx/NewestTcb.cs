using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>What Intel's newest TCB info says about the platform, whichever evaluation the verdict is made by.</summary>
/// <param name="TcbInfo">The newest TCB info; <see langword="null"/> if none was given, or none that is authentic and current.</param>
/// <param name="Tcb">What it says; <see langword="null"/> if it does not list the platform.</param>
/// <param name="Problem">The check that failed; <see langword="null"/> if none did.</param>
internal sealed record NewestTcb(TcbInfo? TcbInfo, TcbJudgement? Tcb, string? Problem)
{
    /// <summary>Whether there was nothing to judge by.</summary>
    public bool IsUnknown => Tcb is null && Problem is null;

    /// <summary>Judges by the newest TCB info. What is revoked is refused here as everywhere; all else is for the policy to decide.</summary>
    /// <param name="quote">The quote.</param>
    /// <param name="platform">What the PCK certificate says about the platform.</param>
    /// <param name="collateral">The collateral with the newest TCB info.</param>
    /// <param name="verdict">What the verdict is made by.</param>
    /// <param name="revocation">The roots of this verification, and the root's verified revocation list.</param>
    /// <param name="at">The time at which everything must be valid.</param>
    /// <exception cref="PrivatemodeVerificationException">Something of the TCB is revoked.</exception>
    public static NewestTcb Judge(
        TdxQuote quote,
        PckExtensions platform,
        TdxCollateral collateral,
        (TcbInfo TcbInfo, QeIdentity QeIdentity, TcbJudgement Tcb) verdict,
        (IntelRoots Roots, CertificateRevocationList RootCrl) revocation,
        DateTimeOffset at)
    {
        if (collateral.NewestTcbInfo.IsEmpty)
        {
            return new NewestTcb(null, null, null);
        }

        TcbInfo? newest = null;
        try
        {
            TcbInfo given = Read(platform, collateral, revocation, at);

            // Intel offers a set on request before it becomes the standard one: then the verdict is made by the newer of the two.
            if (!IsNewer(given, verdict.TcbInfo))
            {
                given.CheckDates(at);
                return new NewestTcb(verdict.TcbInfo, verdict.Tcb, null);
            }

            // What it calls revoked is refused even after its time: otherwise it would be enough to keep its successor away.
            newest = at <= given.NextUpdate ? given : null;
            TcbJudgement tcb = TcbJudgement.Judge(quote, platform, given, verdict.QeIdentity);
            given.CheckDates(at);
            return new NewestTcb(given, tcb, null);
        }
        catch (PrivatemodeVerificationException exception) when (exception.ErrorType != TdxChecks.TcbRevoked)
        {
            return new NewestTcb(newest, null, exception.ErrorType);
        }
    }

    /// <summary>What was found, in words.</summary>
    public string ToText() => (TcbInfo, Tcb) switch
    {
        ({ } info, { } tcb) => $"{tcb.ToText()}, evaluation {info.EvaluationDataNumber}",
        ({ } info, null) => $"not listed ({Problem}), evaluation {info.EvaluationDataNumber}",
        _ => Problem is null ? "Intel's newest TCB info could not be retrieved" : $"Intel's newest TCB info cannot be used ({Problem})",
    };

    private static bool IsNewer(TcbInfo given, TcbInfo verdict) =>
        given.EvaluationDataNumber > verdict.EvaluationDataNumber
        || (given.EvaluationDataNumber == verdict.EvaluationDataNumber && given.IssueDate > verdict.IssueDate);

    private static TcbInfo Read(
        PckExtensions platform, TdxCollateral collateral, (IntelRoots Roots, CertificateRevocationList RootCrl) revocation, DateTimeOffset at)
    {
        using CollateralSigner signer = CollateralSigner.Verify(
            collateral.NewestTcbInfoChain.Span, revocation.Roots, at, TdxChecks.TcbInfoChain, TdxChecks.TcbInfoSigner);
        TcbInfo newest = TcbInfo.ReadSigned(collateral.NewestTcbInfo, signer);
        newest.CheckBelongsTo(platform);
        ChainRules.CheckNotRevoked(signer.Certificate, revocation.RootCrl);
        return newest;
    }
}
