using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.KeyExchange;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>A verified coordinator: its hardware, its code, and the mesh CA that can be trusted because of it.</summary>
internal sealed record VerifiedCoordinator
{
    /// <exception cref="PrivatemodeVerificationException">The document has no mesh CA, or one that is not permitted to sign certificates.</exception>
    public VerifiedCoordinator(ParsedEvidence evidence, DateTimeOffset at)
    {
        Manifest = evidence.Manifest;
        Kind = evidence.Document.Kind;
        MeshAuthority = MeshCertificateAuthority.FromPem(evidence.Document.MeshAuthority.Span);
        ClaimedVersion = evidence.Document.Version;
        VerifiedAt = at;
    }

    /// <summary>The deployment's manifest, which is the expected one.</summary>
    public Manifest Manifest { get; }

    public EvidenceKind Kind { get; }

    /// <summary>Milan, Genoa or TDX.</summary>
    public required string Product { get; init; }

    /// <summary>The path in the manifest of the reference value that the evidence matches.</summary>
    public required string ReferenceValue { get; init; }

    /// <summary>The name that the manifest gives this kind of machine.</summary>
    public required string Platform { get; init; }

    /// <summary>The coordinator's policy, 32 bytes: one that the manifest lists with this role.</summary>
    public required ReadOnlyMemory<byte> PolicyHash { get; init; }

    /// <summary>Launch measurement or MRTD, 48 bytes.</summary>
    public required ReadOnlyMemory<byte> Measurement { get; init; }

    /// <summary>The number of processors at launch; null if the manifest requires an exact measurement.</summary>
    public int? Processors { get; init; }

    /// <summary>The report with its TCB versions and dates; null for TDX.</summary>
    public VerifiedSnpReport? Snp { get; init; }

    /// <summary>The quote with its TCB status and the dates of its collateral; null for SEV-SNP.</summary>
    public VerifiedTdxQuote? Tdx { get; init; }

    /// <summary>The mesh CA. Its validity at a time is checked where it is used.</summary>
    public MeshCertificateAuthority MeshAuthority { get; }

    /// <summary>The version that the coordinator claims. It is not verified.</summary>
    public string? ClaimedVersion { get; }

    /// <summary>The time of the verification.</summary>
    public DateTimeOffset VerifiedAt { get; }

    /// <summary>The time at which the first certificate or collateral expires; the dates of the mesh CA are checked where it is used.</summary>
    public required DateTimeOffset ValidUntil { get; init; }

    /// <summary>Warnings about what was accepted, as sentences.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    public required IReadOnlyList<VerificationCheck> Checks { get; init; }

    /// <summary>Whether the roots are those of a test deployment.</summary>
    public bool IsInsecureLoopback { get; init; }
}

/// <summary>Describes a successful verification: what was proved, what was not checked, and warnings.</summary>
internal static class CoordinatorReport
{
    private const string NotRequired = "the manifest does not require it";
    private const string TestRoot = "test root (InsecureLoopbackTrust): proves nothing about hardware";

    private static readonly VerificationCheck[] NeverChecked =
    [
        NotChecked("gpu-evidence", "checked by the attested workloads, not by this client"),
        NotChecked("manifest-signature", "manifests are not signed: the manifest policy decides which one is expected"),
        NotChecked("coordinator-version", "the version in the document is only a claim; the measurement is verified instead"),
        NotChecked("policy-documents", "the report does not cover them; their hashes in the manifest are used instead"),
    ];

    /// <summary>Warns of the product line whose root key was extracted, and of a revocation list that may not be AMD's current one.</summary>
    public static IReadOnlyList<string> WarningsOf(VerifiedSnpReport verified, bool isCrlSupplied, DateTimeOffset at)
    {
        List<string> warnings = [];
        if (verified.Product == SnpProduct.Milan)
        {
            warnings.Add("This machine is of AMD's product line Milan, whose root seed can be extracted by software alone (arXiv 2605.12990): its "
                + "reports can be forged. It was accepted because the manifest lists Milan.");
        }

        if (isCrlSupplied)
        {
            warnings.Add($"AMD's revocation list could not be retrieved. The {ListOf(verified, isCrlSupplied, at)} was used: keys that were revoked "
                + "since then are not detected.");
        }

        return warnings;
    }

    /// <summary>Warns of a platform that only the option accepted, and of one that is not up to date under Intel's newest TCB info.</summary>
    public static IReadOnlyList<string> WarningsOf(VerifiedTdxQuote verified, ContrastOptions options)
    {
        List<string> warnings = [];
        if (verified.Tcb.Overall.Status != TcbStatus.UpToDate)
        {
            warnings.Add(
                $"According to Intel, this platform is not up to date: {verified.Tcb.ToText()}. DangerousAcceptOutdatedTdxPlatform accepted it.");
        }

        if (NewestCheckOf(verified, options).Outcome == VerificationOutcome.Warning)
        {
            warnings.Add($"Under Intel's newest TCB info, this platform is not up to date: {verified.Newest.ToText()}. It was accepted by evaluation "
                + $"{verified.TcbInfo.EvaluationDataNumber}, which the manifest allows.");
        }

        return warnings;
    }

    public static IReadOnlyList<VerificationCheck> ChecksOf(
        VerifiedSnpReport verified, SnpReferenceValue value, int? processors, bool isCrlSupplied, DateTimeOffset at) =>
    [
        .. Common(),
        Passed(SevChecks.TrustAnchor, $"AMD's root key for {verified.Product}"),
        Passed(CertificateChecks.Revoked, ListOf(verified, isCrlSupplied, at)),
        Passed(SevChecks.ReportSignature),
        Passed(SevChecks.TcbBinding),
        OptionalCheck(SevChecks.HardwareId, !verified.Report.IsChipIdMasked, "the host hides the chip ID"),
        Passed(SnpPolicyChecks.ReportData),
        Passed(SnpPolicyChecks.Measurement, processors is { } count ? $"{count} processors" : null),
        Passed(SnpPolicyChecks.IdKeyDigest),
        Passed(ContrastChecks.CoordinatorPolicy),
        Passed(SnpPolicyChecks.Vmpl),
        Passed(SnpPolicyChecks.GuestDebug, $"guest policy {verified.Report.Policy}"),
        Passed(SnpPolicyChecks.PlatformUnknown, $"platform {verified.Report.PlatformInfo}"),
        Passed(SnpPolicyChecks.ReportedTcb, $"{verified.Tcb.Reported}"),
        Passed(SnpPolicyChecks.LaunchTcb, $"{verified.Tcb.Launch}"),
        OptionalCheck(SnpPolicyChecks.LaunchMitigations, value.MinimumMitigationVector != 0, NotRequired),
        OptionalCheck(SnpPolicyChecks.AllowedChip, value.AllowedChipIds.Count > 0, NotRequired),
        .. NeverChecked,
    ];

    public static IReadOnlyList<VerificationCheck> ChecksOf(VerifiedTdxQuote verified, TdxReferenceValue value, ContrastOptions options) =>
    [
        .. Common(),
        Passed(TdxChecks.PckChain, "Intel's root key"),
        Passed(CertificateChecks.Revoked, $"revocation lists of {verified.PckCrl.From:u} and {verified.RootCrl.From:u}"),
        Passed(TdxChecks.QuoteSignature),
        Passed(TdxChecks.QeReportSignature),
        Passed(TdxPolicyChecks.TcbStatus, verified.Tcb.ToText()),
        NewestCheckOf(verified, options),
        OptionalCheck(
            TdxPolicyChecks.TcbInfoEvaluation,
            value.MinimumEvaluationDataNumber > 0,
            NotRequired,
            $"{verified.TcbInfo.EvaluationDataNumber}"),
        Passed(TdxPolicyChecks.ReportData),
        Passed(TdxPolicyChecks.MrTd),
        Passed(TdxPolicyChecks.MrSeam),
        Passed(TdxPolicyChecks.Rtmr0, "and the other three"),
        Passed(ContrastChecks.CoordinatorPolicy),
        Passed(TdxPolicyChecks.Attributes),
        Passed(TdxPolicyChecks.Xfam),
        OptionalCheck(TdxPolicyChecks.PlatformInstance, value.AllowedPlatformInstances.Count > 0, NotRequired),
        OptionalCheck(TdxPolicyChecks.MemoryIntegrity, value.MemoryIntegrity, NotRequired),
        OptionalCheck(TdxPolicyChecks.Multithreading, value.SmtDisabled, NotRequired),
        OptionalCheck(TdxPolicyChecks.StaticPlatform, value.StaticPlatform, NotRequired),
        .. NeverChecked,
    ];

    /// <summary>Says in the warnings and in the check of the root key that the roots are those of a test deployment.</summary>
    public static VerifiedCoordinator WithTestRoots(VerifiedCoordinator verified) => verified with
    {
        IsInsecureLoopback = true,
        Warnings =
        [
            "The deployment was verified with the root keys of a test deployment (InsecureLoopbackTrust). This proves nothing about hardware.",
            .. verified.Warnings,
        ],
        Checks =
        [
            .. verified.Checks.Select(check => check.Name is SevChecks.TrustAnchor or TdxChecks.PckChain
                ? check with { Outcome = VerificationOutcome.Warning, Detail = TestRoot }
                : check),
        ],
    };

    private static VerificationCheck[] Common() => [Passed(ContrastChecks.ManifestCount), Passed(ContrastChecks.ManifestMatch)];

    private static VerificationCheck Passed(string check, string? found = null) =>
        new() { Name = check, Outcome = VerificationOutcome.Passed, Detail = found };

    private static VerificationCheck NotChecked(string check, string reason) =>
        new() { Name = check, Outcome = VerificationOutcome.NotChecked, Detail = reason };

    private static VerificationCheck OptionalCheck(string check, bool asked, string reason, string? found = null) =>
        asked ? Passed(check, found) : NotChecked(check, reason);

    private static VerificationCheck NewestCheckOf(VerifiedTdxQuote verified, ContrastOptions options)
    {
        TdxPolicy policy = new() { DangerousAcceptOutdatedTdxPlatform = options.DangerousAcceptOutdatedTdxPlatform };
        VerificationOutcome outcome = verified.Newest.Tcb is { } tcb && policy.Accepts(tcb) ? VerificationOutcome.Passed
            : verified.Newest.IsUnknown ? VerificationOutcome.NotChecked
            : VerificationOutcome.Warning;
        return new VerificationCheck { Name = TdxPolicyChecks.NewestTcbStatus, Outcome = outcome, Detail = verified.Newest.ToText() };
    }

    private static string ListOf(VerifiedSnpReport verified, bool isSupplied, DateTimeOffset at) => isSupplied
        ? $"revocation list of {verified.Dates.CrlThisUpdate:u}, which came with the evidence and is {(at - verified.Dates.CrlThisUpdate).TotalDays:0} days old"
        : $"revocation list of {verified.Dates.CrlThisUpdate:u}";
}
