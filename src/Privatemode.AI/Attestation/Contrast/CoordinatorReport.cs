using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Says in words what a successful verification proved, what it did not look at, and what should be known.</summary>
internal static class CoordinatorReport
{
    private const string NotAsked = "the manifest does not ask for it";

    private static readonly CoordinatorCheck[] NeverChecked =
    [
        new("gpu-evidence", false, "checked inside by the attested workloads, not by the client"),
        new("manifest-signature", false, "manifests are not signed: the manifest policy decides which one is expected"),
        new("coordinator-version", false, "the version in the document is a claim; the measurement counts"),
        new("policy-documents", false, "nothing binds them to the report; their hashes in the manifest count"),
    ];

    /// <summary>The product line whose root key was extracted.</summary>
    public static IReadOnlyList<string> WarningsOf(VerifiedSnpReport verified) => verified.Product != SnpProduct.Milan
        ? []
        : ["This machine is of AMD's product line Milan, whose root seed can be extracted by software alone (arXiv 2605.12990): its "
            + "reports can be forged. It was accepted because the manifest lists Milan."];

    /// <summary>A platform that only the option accepted.</summary>
    public static IReadOnlyList<string> WarningsOf(VerifiedTdxQuote verified) => verified.Tcb.Overall.Status == TcbStatus.UpToDate
        ? []
        : [$"Intel does not call this platform up to date: {verified.Tcb.ToText()}. It was accepted because an option looks at the module only."];

    public static IReadOnlyList<CoordinatorCheck> ChecksOf(VerifiedSnpReport verified, SnpReferenceValue value, int? processors) =>
    [
        .. Common(),
        Passed(SevChecks.TrustAnchor, $"AMD's root key for {verified.Product}"),
        Passed(CertificateChecks.Revoked, $"revocation list of {verified.Dates.CrlThisUpdate:u}"),
        Passed(SevChecks.ReportSignature),
        Passed(SevChecks.TcbBinding),
        Asked(SevChecks.HardwareId, !verified.Report.IsChipIdMasked, "the host masks the chip's name"),
        Passed(SnpPolicyChecks.ReportData),
        Passed(SnpPolicyChecks.Measurement, processors is { } count ? $"{count} processors" : null),
        Passed(SnpPolicyChecks.IdKeyDigest),
        Passed(ContrastChecks.CoordinatorPolicy),
        Passed(SnpPolicyChecks.Vmpl),
        Passed(SnpPolicyChecks.GuestDebug, $"guest policy {verified.Report.Policy}"),
        Passed(SnpPolicyChecks.PlatformUnknown, $"platform {verified.Report.PlatformInfo}"),
        Passed(SnpPolicyChecks.ReportedTcb, $"{verified.Tcb.Reported}"),
        Passed(SnpPolicyChecks.LaunchTcb, $"{verified.Tcb.Launch}"),
        Asked(SnpPolicyChecks.LaunchMitigations, value.MinimumMitigationVector != 0, NotAsked),
        Asked(SnpPolicyChecks.AllowedChip, value.AllowedChipIds.Count > 0, NotAsked),
        .. NeverChecked,
    ];

    public static IReadOnlyList<CoordinatorCheck> ChecksOf(VerifiedTdxQuote verified, TdxReferenceValue value) =>
    [
        .. Common(),
        Passed(TdxChecks.PckChain, "Intel's root key"),
        Passed(CertificateChecks.Revoked, $"revocation lists of {verified.PckCrl.From:u} and {verified.RootCrl.From:u}"),
        Passed(TdxChecks.QuoteSignature),
        Passed(TdxChecks.QeReportSignature),
        Passed(TdxPolicyChecks.TcbStatus, verified.Tcb.ToText()),
        Asked(
            TdxPolicyChecks.TcbInfoEvaluation,
            value.MinimumEvaluationDataNumber > 0,
            NotAsked,
            $"{verified.TcbInfo.EvaluationDataNumber}"),
        Passed(TdxPolicyChecks.ReportData),
        Passed(TdxPolicyChecks.MrTd),
        Passed(TdxPolicyChecks.MrSeam),
        Passed(TdxPolicyChecks.Rtmr0, "and the other three"),
        Passed(ContrastChecks.CoordinatorPolicy),
        Passed(TdxPolicyChecks.Attributes),
        Passed(TdxPolicyChecks.Xfam),
        Asked(TdxPolicyChecks.PlatformInstance, value.AllowedPlatformInstances.Count > 0, NotAsked),
        Asked(TdxPolicyChecks.MemoryIntegrity, value.MemoryIntegrity, NotAsked),
        Asked(TdxPolicyChecks.Multithreading, value.SmtDisabled, NotAsked),
        Asked(TdxPolicyChecks.StaticPlatform, value.StaticPlatform, NotAsked),
        .. NeverChecked,
    ];

    private static CoordinatorCheck[] Common() => [Passed(ContrastChecks.ManifestCount), Passed(ContrastChecks.ManifestMatch)];

    private static CoordinatorCheck Passed(string check, string? found = null) => new(check, true, found);

    private static CoordinatorCheck Asked(string check, bool asked, string reason, string? found = null) => new(check, asked, asked ? found : reason);
}
