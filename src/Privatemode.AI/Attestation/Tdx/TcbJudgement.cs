namespace Privatemode.AI.Attestation.Tdx;

// Intel's algorithm: level of the platform, of the module (when its line is 1 or higher) and of the quoting enclave, then converged.
// A TD report 1.5 states the TCB at launch and the one now: both are judged, then compared.

/// <summary>What Intel says about everything a quote depends on.</summary>
/// <param name="Overall">The whole: worst status, oldest date, all advisories.</param>
/// <param name="Platform">CPU and firmware.</param>
/// <param name="Module">The TDX module; null when it is judged with the platform.</param>
/// <param name="QuotingEnclave">The quoting enclave.</param>
/// <param name="WithoutPlatform">Module and quoting enclave together, without the platform: all that some verifiers look at.</param>
internal sealed record TcbJudgement(
    TcbFinding Overall, TcbStatus Platform, TcbStatus? Module, TcbStatus QuotingEnclave, TcbStatus WithoutPlatform)
{
    /// <summary>Judges the TCB that a quote states.</summary>
    /// <exception cref="PrivatemodeVerificationException">Something of it is unknown to Intel, too old, or revoked.</exception>
    public static TcbJudgement Judge(TdxQuote quote, PckExtensions platform, TcbInfo tcbInfo, QeIdentity qeIdentity)
    {
        TcbFinding enclave = qeIdentity.Judge(quote.QeReport);
        TdReport report = quote.Report;
        TcbJudgement judgement = JudgeAt(report.TeeTcbSvn.Span, report, platform, tcbInfo, enclave);
        if (report.Is15)
        {
            judgement = judgement.Compare(JudgeAt(report.TeeTcbSvn2.Span, report, platform, tcbInfo, enclave));
        }

        return judgement.Overall.Status != TcbStatus.Revoked
            ? judgement
            : throw TdxFailure.Platform(TdxChecks.TcbRevoked, "is revoked by Intel", found: judgement.ToText());
    }

    /// <summary>The statuses in words, for reports and messages.</summary>
    public string ToText() => $"{Overall.Status} (platform {Platform}, module {Module?.ToString() ?? "as platform"}, quoting enclave {QuotingEnclave})";

    private static TcbJudgement JudgeAt(
        ReadOnlySpan<byte> teeTcbSvn, TdReport report, PckExtensions platform, TcbInfo tcbInfo, TcbFinding enclave)
    {
        TcbFinding level = TcbLevel.Match(tcbInfo.Levels, platform, teeTcbSvn)?.Finding ?? throw TdxFailure.Platform(
            TdxChecks.PlatformLevel,
            "has a TCB older than any that Intel lists",
            found: $"components {TdxFailure.Hex(platform.Components.Span)}, PCE {platform.PceSvn}, TDX {TdxFailure.Hex(teeTcbSvn)}");
        TcbFinding? module = TdxModuleIdentity.Judge(tcbInfo, report, teeTcbSvn);
        TcbFinding withoutPlatform = (module ?? level).Converge(enclave);
        return new TcbJudgement(level.Converge(withoutPlatform), level.Status, module?.Status, enclave.Status, withoutPlatform.Status);
    }

    // This is the judgement at launch. Dates and advisories are those of both; a module of line 0 at either time is judged with the platform.
    private TcbJudgement Compare(TcbJudgement now) => new(
        Overall.Converge(now.Overall) with { Status = TcbStatuses.Relaunch(Overall.Status, now.Overall.Status) },
        TcbStatuses.Relaunch(Platform, now.Platform),
        Module is { } atLaunch && now.Module is { } current ? TcbStatuses.Relaunch(atLaunch, current) : Module ?? now.Module,
        QuotingEnclave,
        TcbStatuses.Relaunch(WithoutPlatform, now.WithoutPlatform));
}
