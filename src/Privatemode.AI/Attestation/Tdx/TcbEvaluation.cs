using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Tdx;

// Intel's algorithm: level of the platform, of the module (when its line is 1 or higher) and of the quoting enclave, then converged.
// A TD report 1.5 states the TCB at launch and the current one: both are evaluated, then compared.

/// <summary>Intel's findings about every component that a quote depends on.</summary>
/// <param name="Overall">All components together: worst status, oldest date, all advisories.</param>
/// <param name="Platform">CPU and firmware.</param>
/// <param name="Module">The TDX module; null if it is evaluated together with the platform.</param>
/// <param name="WithoutPlatform">The module and the quoting enclave together, without the platform. Some verifiers check only this.</param>
internal sealed record TcbEvaluation(
    TcbFinding Overall, TcbStatus Platform, TcbStatus? Module, TcbStatus QuotingEnclave, TcbStatus WithoutPlatform)
{
    /// <summary>Evaluates the TCB that a quote states.</summary>
    /// <exception cref="PrivatemodeVerificationException">A component is unknown to Intel, too old, or revoked.</exception>
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

    /// <summary>The statuses as text, for reports and messages.</summary>
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

    // This is the evaluation at launch. Dates and advisories are those of both; a module of line 0 at either time is evaluated with the platform.
    private TcbEvaluation Compare(TcbEvaluation now) => new(
        Overall.Converge(now.Overall) with { Status = TcbStatuses.Relaunch(Overall.Status, now.Overall.Status) },
        TcbStatuses.Relaunch(Platform, now.Platform),
        Module is { } atLaunch && now.Module is { } current ? TcbStatuses.Relaunch(atLaunch, current) : Module ?? now.Module,
        QuotingEnclave,
        TcbStatuses.Relaunch(WithoutPlatform, now.WithoutPlatform));
}

/// <summary>The status of the platform under Intel's newest TCB info. It can differ from the status under the TCB info that the manifest requires, which
/// decides.</summary>
/// <param name="TcbInfo">The newest TCB info; <see langword="null"/> if no TCB info is authentic and current.</param>
/// <param name="Tcb">The evaluation; <see langword="null"/> if the platform is not listed.</param>
/// <param name="Problem">The check that failed; <see langword="null"/> if none did.</param>
internal sealed record NewestTcbEvaluation(TcbInfo? TcbInfo, TcbEvaluation? Tcb, string? Problem)
{
    /// <summary>Whether the newest TCB info is not available.</summary>
    public bool IsUnknown => Tcb is null && Problem is null;

    /// <summary>Evaluates the TCB with the newest TCB info. A revoked TCB is refused, as always; the policy decides about all other statuses.</summary>
    /// <param name="current">The evaluation under the TCB info that decides.</param>
    /// <param name="revocation">The roots of this verification, and the root's verified revocation list.</param>
    /// <exception cref="PrivatemodeVerificationException">A component of the TCB is revoked.</exception>
    public static NewestTcbEvaluation Evaluate(
        TdxQuote quote,
        PckExtensions platform,
        TdxCollateral collateral,
        (TcbInfo TcbInfo, QeIdentity QeIdentity, TcbEvaluation Tcb) current,
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

            // Intel offers a set on request before it becomes the standard one: then the newer of the two decides.
            if (!IsNewer(given, current.TcbInfo))
            {
                given.CheckDates(at);
                return new NewestTcbEvaluation(current.TcbInfo, current.Tcb, null);
            }

            // A TCB that it lists as revoked is refused even after its expiry: otherwise, blocking its successor would be enough.
            newest = at <= given.NextUpdate ? given : null;
            TcbEvaluation tcb = TcbEvaluation.Evaluate(quote, platform, given, current.QeIdentity);
            given.CheckDates(at);
            return new NewestTcbEvaluation(given, tcb, null);
        }
        catch (PrivatemodeVerificationException exception) when (!exception.Cause.HasFlag(VerificationCause.TcbRevoked))
        {
            return new NewestTcbEvaluation(newest, null, exception.ErrorType);
        }
    }

    /// <summary>Returns the status as text.</summary>
    public string ToText() => (TcbInfo, Tcb) switch
    {
        ({ } info, { } tcb) => $"{tcb.ToText()}, evaluation {info.EvaluationDataNumber}",
        ({ } info, null) => $"not listed ({Problem}), evaluation {info.EvaluationDataNumber}",
        _ => Problem is null ? "Intel's newest TCB info could not be retrieved" : $"Intel's newest TCB info cannot be used ({Problem})",
    };

    private static bool IsNewer(TcbInfo given, TcbInfo current) =>
        given.EvaluationDataNumber > current.EvaluationDataNumber
        || (given.EvaluationDataNumber == current.EvaluationDataNumber && given.IssueDate > current.IssueDate);

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

/// <summary>Intel's statuses of a TCB. The two that advise a relaunch result from comparing the TCB at launch with the current one.</summary>
internal enum TcbStatus
{
    /// <summary>No weakness is known.</summary>
    UpToDate,

    /// <summary>The software in the trust domain must mitigate a known weakness.</summary>
    SWHardeningNeeded,

    /// <summary>The platform's configuration may be weak.</summary>
    ConfigurationNeeded,

    /// <summary>Both of the above.</summary>
    ConfigurationAndSWHardeningNeeded,

    /// <summary>A known weakness is not fixed.</summary>
    OutOfDate,

    /// <summary>A known weakness is not fixed, and the configuration may be weak.</summary>
    OutOfDateConfigurationNeeded,

    /// <summary>The trust domain was started on an out-of-date TCB that has been updated since.</summary>
    TDRelaunchAdvised,

    /// <summary>The trust domain was started on an out-of-date TCB that has been updated since, and the configuration may be weak.</summary>
    TDRelaunchAdvisedConfigurationNeeded,

    /// <summary>The keys or the code of the component are known to be compromised. Never accepted.</summary>
    Revoked,
}

/// <summary>Combines statuses: those of the components of a platform, and those at launch and now.</summary>
/// <remarks>
/// A status is a set of findings: out of date, configuration needed, hardening needed. The combination of two statuses is the union of their findings; out of
/// date includes hardening needed. For the statuses that Intel gives to the module and the quoting enclave, the result is that of Intel's rule. For other
/// statuses, which Intel's rule would drop, it is the worse of the two.
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

    /// <summary>Returns the status of two components together.</summary>
    public static TcbStatus Converge(TcbStatus one, TcbStatus other) => StatusOf(FindingsOf(one) | FindingsOf(other));

    /// <summary>Returns the status of a trust domain from the TCB on which it was started and the current one.</summary>
    /// <remarks>If the current TCB is worse than the TCB at launch, Intel ignores this; here, the worse status is used.</remarks>
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

    /// <summary>Returns the status with this name in Intel's collateral; null for an unknown name.</summary>
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
