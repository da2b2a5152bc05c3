using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Testing.Evidence.Contrast;
using EvidenceKind = Privatemode.AI.Testing.EvidenceKind;

namespace Privatemode.AI.Tests.Attestation.Contrast;

/// <summary>The report of a successful verification: each check by name, its outcome, and what it found.</summary>
public sealed class CoordinatorReportTests
{
    private const string NeverChecked = """
        NotChecked gpu-evidence: checked by the attested workloads, not by this client
        NotChecked manifest-signature: manifests are not signed: the manifest policy decides which one is expected
        NotChecked coordinator-version: the version in the document is only a claim; the measurement is verified instead
        NotChecked policy-documents: the report does not cover them; their hashes in the manifest are used instead
        """;

    [Fact]
    public void Checks_OfSnpEvidence_SayWhatWasFound() => AssertChecks(
        $"""
        Passed manifest-count
        Passed manifest-match
        Passed snp-trust-anchor: AMD's root key for Genoa
        Passed certificate-revoked: revocation list of 2026-06-01 12:00:00Z
        Passed snp-report-signature
        Passed snp-tcb-binding
        Passed snp-hwid
        Passed snp-report-data
        Passed snp-measurement: 8 processors
        Passed snp-id-key-digest
        Passed coordinator-policy
        Passed snp-vmpl
        Passed snp-guest-debug: guest policy 0x252013a
        Passed snp-platform-unknown: platform 0x24
        Passed snp-reported-tcb: fmc 0, boot loader 13, tee 0, snp 29, microcode 90
        Passed snp-launch-tcb: fmc 0, boot loader 13, tee 0, snp 29, microcode 90
        Passed snp-launch-mitigations
        Passed snp-allowed-chip
        {NeverChecked}
        """,
        new CoordinatorScene().Verify());

    [Fact]
    public void Checks_OfTdxEvidence_SayWhatWasFound() => AssertChecks(
        $"""
        Passed manifest-count
        Passed manifest-match
        Passed tdx-pck-chain: Intel's root key
        Passed certificate-revoked: revocation lists of 2026-06-01 12:00:00Z and 2026-06-01 12:00:00Z
        Passed tdx-quote-signature
        Passed tdx-qe-report-signature
        Passed tdx-tcb-status: UpToDate (platform UpToDate, module UpToDate, quoting enclave UpToDate)
        Passed tdx-newest-tcb-status: UpToDate (platform UpToDate, module UpToDate, quoting enclave UpToDate), evaluation 20
        Passed tdx-tcb-info-evaluation: 20
        Passed tdx-report-data
        Passed tdx-mr-td
        Passed tdx-mr-seam
        Passed tdx-rtmr-0: and the other three
        Passed coordinator-policy
        Passed tdx-attributes
        Passed tdx-xfam
        Passed tdx-platform-instance
        Passed tdx-memory-integrity
        Passed tdx-smt
        Passed tdx-static-platform
        {NeverChecked}
        """,
        new CoordinatorScene(EvidenceKind.Tdx).Verify());

    [Fact]
    public void Checks_WhatTheManifestDoesNotRequire_SayWhy()
    {
        CoordinatorScene snp = new();
        snp.Manifest.Snp[0].ChipIds = [];
        snp.Manifest.Snp[0].MinimumMitigations = 0;
        snp.Snp.Report.ChipId = new byte[64];
        CoordinatorScene tdx = new(EvidenceKind.Tdx);
        TdxReference value = tdx.Manifest.Tdx[0];
        (value.PlatformInstances, value.EvaluationNumber) = ([], 0);

        Assert.Equal(
            ["snp-hwid: the host hides the chip ID", .. NotRequired("snp-launch-mitigations", "snp-allowed-chip")], NotCheckedOf(snp.Verify()));
        Assert.Equal(NotRequired("tdx-tcb-info-evaluation", "tdx-platform-instance"), NotCheckedOf(tdx.Verify()));

        static IEnumerable<string> NotRequired(params string[] checks) => checks.Select(check => $"{check}: the manifest does not require it");
    }

    [Fact]
    public void NewestTcbInfo_OfEachKind_IsReported()
    {
        VerifiedCoordinator verified = new CoordinatorScene(EvidenceKind.Tdx).Verify();
        TcbEvaluation upToDate = verified.Tdx!.Tcb;
        TcbEvaluation outdated = upToDate with { Overall = upToDate.Overall with { Status = TcbStatus.OutOfDate } };
        (NewestTcbEvaluation Newest, VerificationOutcome Outcome)[] cases =
        [
            (new(verified.Tdx.TcbInfo, upToDate, null), VerificationOutcome.Passed),
            (new(null, null, null), VerificationOutcome.NotChecked),
            (new(null, null, TdxChecks.TcbInfoExpired), VerificationOutcome.Warning),
            (new(verified.Tdx.TcbInfo, outdated, null), VerificationOutcome.Warning),
        ];
        foreach ((NewestTcbEvaluation newest, VerificationOutcome outcome) in cases)
        {
            VerifiedTdxQuote quote = verified.Tdx with { Newest = newest };
            Assert.Equal(
                outcome,
                CoordinatorReport.ChecksOf(quote, verified.Manifest.Tdx[0], new()).Single(check => check.Name == TdxPolicyChecks.NewestTcbStatus).Outcome);
            IReadOnlyList<string> warnings = CoordinatorReport.WarningsOf(quote, new());
            Assert.Equal(outcome == VerificationOutcome.Warning ? 1 : 0, warnings.Count);
            Assert.All(warnings, warning => Assert.Contains(newest.ToText(), warning, StringComparison.Ordinal));
        }
    }

    // The sender of the evidence chooses this list: its age is limited, and shown.
    [Fact]
    public void Verify_RevocationListOfTheEvidence_IsUsedUpToItsAgeWithAWarning()
    {
        CoordinatorScene Scene(DateTimeOffset at) => new()
        {
            ChangeCollateral = given => given with { Snp = given.Snp! with { IsCrlSupplied = true } },
            Options = new ContrastOptions { MaxAmdFallbackRevocationListAge = TimeSpan.FromDays(3) },
            VerifiedAt = at,
        };
        VerifiedCoordinator verified = Scene(CoordinatorScene.Day.AddDays(3)).Verify();
        const string list = "revocation list of 2026-06-01 12:00:00Z, which came with the evidence and is 3 days old";
        Assert.Contains(list, Assert.Single(verified.Warnings), StringComparison.Ordinal);
        Assert.Equal(list, verified.Checks.Single(check => check.Name == "certificate-revoked").Detail);
        PrivatemodeVerificationException refusal = Assert.Throws<PrivatemodeVerificationException>(Scene(CoordinatorScene.Day.AddDays(3).AddTicks(1)).Verify);
        Assert.Equal(
            (SevChecks.SuppliedRevocationListAge, "at most 3 days old", "issued 2026-06-01 12:00:00Z"),
            (refusal.ErrorType, refusal.Expected, refusal.Found));
    }

    private static void AssertChecks(string expected, VerifiedCoordinator verified) => Assert.Equal(
        expected, string.Join('\n', verified.Checks.Select(check => $"{check.Outcome} {check.Name}: {check.Detail}".TrimEnd(' ', ':'))));

    private static IEnumerable<string> NotCheckedOf(VerifiedCoordinator verified) => verified.Checks
        .Where(check => check.Outcome == VerificationOutcome.NotChecked)
        .Select(check => $"{check.Name}: {check.Detail}")
        .Where(line => !NeverChecked.Contains(line, StringComparison.Ordinal));
}
