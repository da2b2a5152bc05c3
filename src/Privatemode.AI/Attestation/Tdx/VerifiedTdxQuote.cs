namespace Privatemode.AI.Attestation.Tdx;

/// <summary>A quote that a genuine TDX platform made, and what Intel says about that platform. Whether it is the expected one is policy.</summary>
/// <param name="Quote">The quote; its report is what the CPU said.</param>
/// <param name="Platform">What the PCK certificate says about the platform.</param>
/// <param name="Tcb">What Intel says about the platform, the module and the quoting enclave. Never revoked.</param>
/// <param name="TcbInfo">The TCB info it was judged by.</param>
/// <param name="QeIdentity">The QE identity it was judged by.</param>
/// <param name="PckCrl">From when until when the PCK CRL counts.</param>
/// <param name="RootCrl">From when until when the root's CRL counts.</param>
/// <param name="ValidUntil">When the first certificate or piece of collateral expires.</param>
internal sealed record VerifiedTdxQuote(
    TdxQuote Quote,
    PckExtensions Platform,
    TcbJudgement Tcb,
    TcbInfo TcbInfo,
    QeIdentity QeIdentity,
    CollateralPeriod PckCrl,
    CollateralPeriod RootCrl,
    DateTimeOffset ValidUntil)
{
    /// <summary>What Intel's newest TCB info says about the platform.</summary>
    public required NewestTcb Newest { get; init; }

    /// <summary>What the CPU said about the trust domain.</summary>
    public TdReport Report => Quote.Report;
}
