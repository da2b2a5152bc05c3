using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Tdx;

// Intel's algorithm: level of the platform, of the module (when its line is 1 or higher) and of the quoting enclave, then converged.
// A TD report 1.5 states the TCB at launch and the one now: both are judged, then compared.

/// <summary>What Intel says about everything a quote depends on.</summary>
/// <param name="Overall">The whole: worst status, oldest date, all advisories.</param>
/// <param name="Platform">CPU and firmware.</param>
/// <param name="Module">The TDX module; null when it is judged with the platform.</param>
/// <param name="WithoutPlatform">Module and quoting enclave together, without the platform: all that some verifiers look at.</param>
internal sealed record TcbEvaluation(
    TcbFinding Overall, TcbStatus Platform, TcbStatus? Module, TcbStatus QuotingEnclave, TcbStatus WithoutPlatform)
{
    /// <summary>Evaluates the TCB that a quote states.</summary>
    /// <exception cref="PrivatemodeVerificationException">Something of it is unknown to Intel, too old, or revoked.</exception>
    public static TcbEvaluation Evaluate(TdxQuote quote, PckExtensions platform, TcbInfo tcbInfo, QeIdentity qeIdentity)
    {
        TcbFinding enclave = qeIdentity.Evaluate(quote.QeReport);
        TdReport report = quote.Report;
        TcbEvaluation evaluation = EvaluateAt(report.TeeTcbSvn.Span, report, platform, tcbInfo, enclave);
        if (report.Is15)
        {
            evaluation = evaluation.Compare(EvaluateAt(report.TeeTcbSvn2.Span, report, platform, tcbInfo, enclave));
        }

        return evaluation.Overall.Status != TcbStatus.Revoked
            ? evaluation
            : throw TdxExceptions.Platform(TdxChecks.TcbRevoked, "is revoked by Intel", found: evaluation.ToText(), cause: VerificationCause.TcbRevoked);
    }

    /// <summary>The statuses in words, for reports and messages.</summary>
    public string ToText() => $"{Overall.Status} (platform {Platform}, module {Module?.ToString() ?? "as the platform"}, quoting enclave {QuotingEnclave})";

    private static TcbEvaluation EvaluateAt(
        ReadOnlySpan<byte> teeTcbSvn, TdReport report, PckExtensions platform, TcbInfo tcbInfo, TcbFinding enclave)
    {
        TcbFinding level = TcbLevel.Match(tcbInfo.Levels, platform, teeTcbSvn)?.Finding ?? throw TdxExceptions.Platform(
            TdxChecks.PlatformLevel,
            "has a TCB that is older than all levels that Intel lists",
            found: $"components {Convert.ToHexStringLower(platform.Components.Span)}, PCE {platform.PceSvn}, TDX {Convert.ToHexStringLower(teeTcbSvn)}",
            cause: VerificationCause.Collateral);
        TcbFinding? module = TdxModuleIdentity.Evaluate(tcbInfo, report, teeTcbSvn);
        TcbFinding withoutPlatform = (module ?? level).Converge(enclave);
        return new TcbEvaluation(level.Converge(withoutPlatform), level.Status, module?.Status, enclave.Status, withoutPlatform.Status);
    }

    // This is the evaluation at launch. Dates and advisories are those of both; a module of line 0 at either time is judged with the platform.
    private TcbEvaluation Compare(TcbEvaluation now) => new(
        Overall.Converge(now.Overall) with { Status = TcbStatuses.Relaunch(Overall.Status, now.Overall.Status) },
        TcbStatuses.Relaunch(Platform, now.Platform),
        Module is { } atLaunch && now.Module is { } current ? TcbStatuses.Relaunch(atLaunch, current) : Module ?? now.Module,
        QuotingEnclave,
        TcbStatuses.Relaunch(WithoutPlatform, now.WithoutPlatform));
}

/// <summary>What Intel's newest TCB info says about the platform, whichever evaluation the verdict is made by.</summary>
/// <param name="TcbInfo">The newest TCB info; <see langword="null"/> if none was given, or none that is authentic and current.</param>
/// <param name="Tcb">What it says; <see langword="null"/> if it does not list the platform.</param>
/// <param name="Problem">The check that failed; <see langword="null"/> if none did.</param>
internal sealed record NewestTcbEvaluation(TcbInfo? TcbInfo, TcbEvaluation? Tcb, string? Problem)
{
    /// <summary>Whether there was nothing to judge by.</summary>
    public bool IsUnknown => Tcb is null && Problem is null;

    /// <summary>Evaluates the TCB by the newest TCB info. What is revoked is refused here as everywhere; all else is for the policy to decide.</summary>
    /// <param name="verdict">What the verdict is made by.</param>
    /// <param name="revocation">The roots of this verification, and the root's verified revocation list.</param>
    /// <exception cref="PrivatemodeVerificationException">Something of the TCB is revoked.</exception>
    public static NewestTcbEvaluation Evaluate(
        TdxQuote quote,
        PckExtensions platform,
        TdxCollateral collateral,
        (TcbInfo TcbInfo, QeIdentity QeIdentity, TcbEvaluation Tcb) verdict,
        (IntelRoots Roots, CertificateRevocationList RootCrl) revocation,
        DateTimeOffset at)
    {
        if (collateral.NewestTcbInfo.IsEmpty)
        {
            return new NewestTcbEvaluation(null, null, null);
        }

        TcbInfo? newest = null;
        try
        {
            TcbInfo given = Read(platform, collateral, revocation, at);

            // Intel offers a set on request before it becomes the standard one: then the verdict is made by the newer of the two.
            if (!IsNewer(given, verdict.TcbInfo))
            {
                given.CheckDates(at);
                return new NewestTcbEvaluation(verdict.TcbInfo, verdict.Tcb, null);
            }

            // What it calls revoked is refused even after its time: otherwise it would be enough to keep its successor away.
            newest = at <= given.NextUpdate ? given : null;
            TcbEvaluation tcb = TcbEvaluation.Evaluate(quote, platform, given, verdict.QeIdentity);
            given.CheckDates(at);
            return new NewestTcbEvaluation(given, tcb, null);
        }
        catch (PrivatemodeVerificationException exception) when (!exception.Cause.HasFlag(VerificationCause.TcbRevoked))
        {
            return new NewestTcbEvaluation(newest, null, exception.ErrorType);
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

/// <summary>What Intel says about a TCB. The two that advise a relaunch come from comparing the TCB at launch with the current one.</summary>
internal enum TcbStatus
{
    /// <summary>Nothing is known against it.</summary>
    UpToDate,

    /// <summary>The software in the trust domain must protect itself against something known.</summary>
    SWHardeningNeeded,

    /// <summary>The platform's configuration may be weak.</summary>
    ConfigurationNeeded,

    /// <summary>Both of the above.</summary>
    ConfigurationAndSWHardeningNeeded,

    /// <summary>A known weakness is not repaired.</summary>
    OutOfDate,

    /// <summary>A known weakness is not repaired, and the configuration may be weak.</summary>
    OutOfDateConfigurationNeeded,

    /// <summary>The trust domain was started on an out-of-date TCB that has been repaired since.</summary>
    TDRelaunchAdvised,

    /// <summary>The same, and the configuration may be weak.</summary>
    TDRelaunchAdvisedConfigurationNeeded,

    /// <summary>Keys or code of it are known to be compromised. Never accepted.</summary>
    Revoked,
}

/// <summary>Joins statuses: those of the parts of a platform, and those at launch and now.</summary>
/// <remarks>
/// A status is a set of findings: out of date, configuration needed, hardening needed. Joining is the union; out of date covers
/// hardening. For the statuses Intel gives to the module and the quoting enclave this is Intel's rule. For the others, which Intel's
/// rule would drop, it is the worse of the two.
/// </remarks>
internal static class TcbStatuses
{
    [Flags]
    private enum Findings
    {
        None = 0,
        Hardening = 1,
        Configuration = 2,
        OutOfDate = 4,
        Revoked = 8,
    }

    /// <summary>The status of a whole from the statuses of two of its parts.</summary>
    public static TcbStatus Converge(TcbStatus one, TcbStatus other) => StatusOf(FindingsOf(one) | FindingsOf(other));

    /// <summary>The status of a trust domain from that of the TCB it was started on and that of the TCB which runs now.</summary>
    /// <remarks>Intel ignores a TCB that is worse now than it was at launch; here the worse counts.</remarks>
    public static TcbStatus Relaunch(TcbStatus launch, TcbStatus current)
    {
        Findings atLaunch = FindingsOf(launch);
        Findings now = FindingsOf(current);
        bool repaired = atLaunch.HasFlag(Findings.OutOfDate) && !now.HasFlag(Findings.OutOfDate) && !now.HasFlag(Findings.Revoked);
        if (!repaired)
        {
            return StatusOf(atLaunch | now);
        }

        return (atLaunch | now).HasFlag(Findings.Configuration) ? TcbStatus.TDRelaunchAdvisedConfigurationNeeded : TcbStatus.TDRelaunchAdvised;
    }

    /// <summary>The status Intel's collateral names; null for a word that is not one of the seven.</summary>
    public static TcbStatus? Find(ReadOnlySpan<byte> name) => name switch
    {
        _ when name.SequenceEqual("UpToDate"u8) => TcbStatus.UpToDate,
        _ when name.SequenceEqual("SWHardeningNeeded"u8) => TcbStatus.SWHardeningNeeded,
        _ when name.SequenceEqual("ConfigurationNeeded"u8) => TcbStatus.ConfigurationNeeded,
        _ when name.SequenceEqual("ConfigurationAndSWHardeningNeeded"u8) => TcbStatus.ConfigurationAndSWHardeningNeeded,
        _ when name.SequenceEqual("OutOfDate"u8) => TcbStatus.OutOfDate,
        _ when name.SequenceEqual("OutOfDateConfigurationNeeded"u8) => TcbStatus.OutOfDateConfigurationNeeded,
        _ when name.SequenceEqual("Revoked"u8) => TcbStatus.Revoked,
        _ => null,
    };

    private static Findings FindingsOf(TcbStatus status) => status switch
    {
        TcbStatus.UpToDate => Findings.None,
        TcbStatus.SWHardeningNeeded => Findings.Hardening,
        TcbStatus.ConfigurationNeeded => Findings.Configuration,
        TcbStatus.ConfigurationAndSWHardeningNeeded => Findings.Configuration | Findings.Hardening,
        TcbStatus.OutOfDate => Findings.OutOfDate,
        TcbStatus.OutOfDateConfigurationNeeded => Findings.OutOfDate | Findings.Configuration,
        TcbStatus.Revoked => Findings.Revoked,
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "A component cannot have this status."),
    };

    private static TcbStatus StatusOf(Findings findings)
    {
        if (findings.HasFlag(Findings.Revoked))
        {
            return TcbStatus.Revoked;
        }

        bool configuration = findings.HasFlag(Findings.Configuration);
        if (findings.HasFlag(Findings.OutOfDate))
        {
            return configuration ? TcbStatus.OutOfDateConfigurationNeeded : TcbStatus.OutOfDate;
        }

        return findings.HasFlag(Findings.Hardening)
            ? configuration ? TcbStatus.ConfigurationAndSWHardeningNeeded : TcbStatus.SWHardeningNeeded
            : configuration ? TcbStatus.ConfigurationNeeded : TcbStatus.UpToDate;
    }
}
