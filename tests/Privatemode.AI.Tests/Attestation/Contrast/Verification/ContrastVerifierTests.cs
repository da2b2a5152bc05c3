using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Testing.Evidence.Contrast;
using Privatemode.AI.Tests.Vectors;
using EvidenceKind = Privatemode.AI.Testing.EvidenceKind;

namespace Privatemode.AI.Tests.Attestation.Contrast;

public sealed class ContrastVerifierTests
{
    private static readonly JsonElement DefectChecks = VectorFiles.Own("contrast/defect-checks.json");

    public static TheoryData<EvidenceKind, string> Defects
    {
        get
        {
            TheoryData<EvidenceKind, string> defects = [];
            foreach (EvidenceKind kind in Enum.GetValues<EvidenceKind>())
            {
                foreach (JsonProperty defect in DefectChecks.GetProperty(kind.ToString()).EnumerateObject())
                {
                    defects.Add(kind, defect.Name);
                }
            }

            return defects;
        }
    }

    [Theory]
    [MemberData(nameof(Defects))]
    public void Verify_EveryDefect_IsRefusedByItsCheck(EvidenceKind kind, string defect)
    {
        CoordinatorScene scene = new(new EvidenceSettings { Kind = kind, Defect = defect }) { Options = new ContrastOptions() };
        Assert.Equal(ChecksOf(DefectChecks.GetProperty(kind.ToString()).GetProperty(defect)), scene.Refusals());
    }

    [Fact]
    public void Defects_OfBothKinds_Are270() => Assert.Equal(270, Defects.Count);

    // A defect that is invented later is refused by something, even before this room's list knows by what.
    [Fact]
    public void Verify_DefectsThatAreNotListed_AreRefusedToo()
    {
        foreach (EvidenceKind kind in Enum.GetValues<EvidenceKind>())
        {
            foreach (EvidenceDefect defect in EvidenceDefect.All.Where(
                defect => defect.AppliesTo(kind) && !DefectChecks.GetProperty(kind.ToString()).TryGetProperty(defect.Name, out _)))
            {
                Assert.Equal(defect.IsHarmless, new CoordinatorScene(new EvidenceSettings { Kind = kind, Defect = defect.Name }).Refusals().Count == 0);
            }
        }
    }

    [Fact]
    public void Verify_ValidSnpEvidence_ReportsWhatWasProved()
    {
        CoordinatorScene scene = new();
        VerifiedCoordinator verified = scene.Verify();

        Assert.Equal(AI.Attestation.Contrast.EvidenceKind.SevSnp, verified.Kind);
        Assert.Equal("Genoa", verified.Product);
        Assert.Equal("ReferenceValues.snp[0]", verified.ReferenceValue);
        Assert.Equal("Metal-QEMU-SNP-GPU", verified.Platform);
        Assert.Equal(8, verified.Processors);
        Assert.Equal(scene.Manifest.Coordinator.Hash, verified.PolicyHash.ToArray());
        Assert.Equal(verified.Snp!.Report.Measurement.ToArray(), verified.Measurement.ToArray());
        Assert.Equal("v1.24.1", verified.ClaimedVersion);
        Assert.Equal(scene.Manifest.Write(), verified.Manifest.Raw.ToArray());
        Assert.Equal(CoordinatorScene.Day, verified.VerifiedAt);
        Assert.Equal(verified.Snp.Dates.CrlNextUpdate, verified.ValidUntil);
        Assert.Equal(SHA256.HashData(verified.MeshAuthority.Certificate.Raw.Span), verified.MeshAuthority.Fingerprint);
        Assert.Empty(verified.Warnings);
        Assert.Null(verified.Tdx);
        Assert.Empty(scene.Requests);
        AssertChecks(verified, notChecked: ["gpu-evidence", "manifest-signature", "coordinator-version", "policy-documents"]);
    }

    [Fact]
    public void Verify_ValidTdxEvidence_ReportsWhatWasProved()
    {
        CoordinatorScene scene = new(EvidenceKind.Tdx);
        VerifiedCoordinator verified = scene.Verify();

        Assert.Equal(AI.Attestation.Contrast.EvidenceKind.Tdx, verified.Kind);
        Assert.Equal("TDX", verified.Product);
        Assert.Equal("ReferenceValues.tdx[0]", verified.ReferenceValue);
        Assert.Null(verified.Processors);
        Assert.Equal(scene.Manifest.Coordinator.Hash, verified.PolicyHash.ToArray());
        Assert.Equal(scene.Manifest.Tdx[0].MrTd, verified.Measurement.ToArray());
        Assert.Equal(verified.Tdx!.ValidUntil, verified.ValidUntil);
        Assert.Equal(TcbStatus.UpToDate, verified.Tdx.Tcb.Overall.Status);
        Assert.Empty(verified.Warnings);
        Assert.Null(verified.Snp);
        Assert.Equal(5, scene.Requests.Count);
        Assert.Contains("tcbEvaluationDataNumber=20", scene.Requests[0], StringComparison.Ordinal);
        AssertChecks(verified, notChecked: ["gpu-evidence", "manifest-signature", "coordinator-version", "policy-documents"]);
    }

    // The evidence's own chain is verified before anything is fetched, and its dates count at the time of the verdict all the same.
    [Fact]
    public void Verify_ChainOfTheEvidenceExpiresBeforeTheVerification_IsRefused()
    {
        DateTimeOffset end = new CoordinatorScene().Verify().Snp!.Dates.VekNotAfter;
        Assert.Equal([CertificateChecks.Expired], new CoordinatorScene { VerifiedAt = end.AddSeconds(1) }.Refusals());
    }

    // The certificates of the collateral count, whatever the evidence brings along.
    [Fact]
    public void Verify_CollateralWithAnotherIntermediate_IsNotJudgedByThatOfTheEvidence()
    {
        CoordinatorScene scene = new()
        {
            ChangeCollateral = collateral => collateral with { Snp = collateral.Snp! with { Intermediate = collateral.Snp.Root } },
        };
        Assert.NotEmpty(scene.Refusals());
    }

    [Theory]
    [InlineData(EvidenceKind.SevSnp)]
    [InlineData(EvidenceKind.Tdx)]
    public void Verify_DocumentWithoutType_InfersIt(EvidenceKind kind) =>
        Assert.Equal(kind == EvidenceKind.Tdx, new CoordinatorScene(new EvidenceSettings { Kind = kind, StatesKind = false }).Verify().Tdx is not null);

    [Theory]
    [InlineData(2u)]
    [InlineData(3u)]
    [InlineData(4u)]
    public void Verify_OlderReport_PassesWhereTheManifestAsksForNoMitigations(uint version)
    {
        VerifiedCoordinator verified = new CoordinatorScene(new EvidenceSettings { ReportVersion = version }).Verify();
        Assert.Equal(version, verified.Snp!.Report.Version);
        AssertChecks(verified, ["snp-launch-mitigations", "gpu-evidence", "manifest-signature", "coordinator-version", "policy-documents"]);
    }

    [Fact]
    public void Verify_Milan_PassesWithAWarning()
    {
        VerifiedCoordinator verified = new CoordinatorScene(new EvidenceSettings { Product = EvidenceAmdProduct.Milan }).Verify();
        Assert.Equal("Milan", verified.Product);
        Assert.Contains("2605.12990", Assert.Single(verified.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_StricterOptions_RefuseWhatTheManifestAllows()
    {
        ContrastOptions genoaOnly = new() { AllowedProducts = [SnpProduct.Genoa] };
        CoordinatorScene milan = new(new EvidenceSettings { Product = EvidenceAmdProduct.Milan }) { Options = genoaOnly };
        Assert.Equal([ContrastChecks.OptionProduct], milan.Refusals());
        CoordinatorScene chip = new() { Options = new ContrastOptions { AllowedChipIds = [new byte[64]] } };
        Assert.Equal([ContrastChecks.OptionChip], chip.Refusals());

        ReadOnlyMemory<byte> own = new CoordinatorScene().Verify().Snp!.Report.ChipId;
        CoordinatorScene allowed = new() { Options = new ContrastOptions { AllowedProducts = [SnpProduct.Genoa], AllowedChipIds = [new byte[64], own] } };
        Assert.Empty(allowed.Refusals());
    }

    [Fact]
    public void Verify_MaskedChipIdAndZerosInTheList_IsRefused()
    {
        ContrastOptions zeros = new() { AllowedChipIds = [new byte[64]] };
        CoordinatorScene masked = new(new EvidenceSettings { Defect = "SnpChipMasked" }) { Options = zeros };
        Assert.Contains(ContrastChecks.OptionChip, masked.Refusals());
    }

    // Lists of AMD's chips and product lines say nothing about Intel: who wants only these says so.
    [Fact]
    public void Verify_OnlyAmdIsAllowed_TdxIsRefused()
    {
        ContrastOptions chips = new() { AllowedChipIds = [new byte[64]], AllowedProducts = [SnpProduct.Genoa] };
        Assert.Empty(new CoordinatorScene(EvidenceKind.Tdx) { Options = chips }.Refusals());
        ContrastOptions amd = new() { AllowedKinds = [AI.Attestation.Contrast.EvidenceKind.SevSnp] };
        PrivatemodeVerificationException refusal = Assert.Throws<PrivatemodeVerificationException>(
            new CoordinatorScene(EvidenceKind.Tdx) { Options = amd }.Verify);
        Assert.Equal((ContrastChecks.OptionKind, "SEV-SNP", "TDX"), (refusal.ErrorType, refusal.Expected, refusal.Found));
        Assert.Empty(new CoordinatorScene(EvidenceKind.SevSnp) { Options = amd }.Refusals());
    }

    [Fact]
    public void Verify_OptionThatLooksAtTheModuleOnly_PassesWithAWarning()
    {
        CoordinatorScene scene = new(new EvidenceSettings { Kind = EvidenceKind.Tdx, Defect = "TdxPlatformOutOfDate" })
        {
            Options = new ContrastOptions { DangerousAcceptOutdatedTdxPlatform = true },
        };
        Assert.Contains("OutOfDate", Assert.Single(scene.Verify().Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_SecondReferenceValueFits_Passes()
    {
        CoordinatorScene snp = new();
        snp.Manifest.Snp.Insert(0, OtherSnp(snp.Manifest.Snp[0]));
        Assert.Equal("ReferenceValues.snp[1]", snp.Verify().ReferenceValue);

        CoordinatorScene tdx = new(EvidenceKind.Tdx);
        tdx.Manifest.Tdx.Insert(0, new TdxReference { MrTd = new byte[48] });
        Assert.Equal("ReferenceValues.tdx[1]", tdx.Verify().ReferenceValue);
    }

    [Fact]
    public void Verify_NoReferenceValueFits_KeepsAllReasons()
    {
        CoordinatorScene scene = new();
        scene.Manifest.Snp[0].ChipIds = [new byte[64]];
        scene.Manifest.Snp.Add(OtherSnp(scene.Manifest.Snp[0]));
        PrivatemodeVerificationException refusal = Assert.Throws<PrivatemodeVerificationException>(scene.Verify);
        Assert.Equal(
            [SnpPolicyChecks.AllowedChip, ContrastChecks.SnpMeasurement, SnpPolicyChecks.AllowedChip], refusal.Mismatches.Select(mismatch => mismatch.Check));
        Assert.StartsWith("ReferenceValues.snp[0]: ", refusal.Mismatches[0].Expected, StringComparison.Ordinal);
        Assert.StartsWith("ReferenceValues.snp[1]: ", refusal.Mismatches[1].Expected, StringComparison.Ordinal);
        Assert.NotNull(refusal.Found);
    }

    [Fact]
    public void Verify_ExactMeasurement_IsComparedWithoutDerivation()
    {
        CoordinatorScene exact = new();
        exact.Manifest.Snp[0].ResetAddress = "";
        exact.Manifest.Snp[0].TrustedMeasurement = exact.Snp.Report.Measurement;
        Assert.Null(exact.Verify().Processors);

        CoordinatorScene seed = new();
        seed.Manifest.Snp[0].ResetAddress = "";
        Assert.Equal([SnpPolicyChecks.Measurement], seed.Refusals()); // the ID key of another measurement says nothing more
    }

    [Fact]
    public void Verify_NothingListed_IsNotChecked()
    {
        CoordinatorScene snp = new();
        snp.Manifest.Snp[0].ChipIds = [];
        snp.Snp.Report.ChipId = new byte[64];
        AssertChecks(snp.Verify(), ["snp-hwid", "snp-allowed-chip", "gpu-evidence", "manifest-signature", "coordinator-version", "policy-documents"]);

        CoordinatorScene tdx = new(EvidenceKind.Tdx);
        tdx.Manifest.Tdx[0].PlatformInstances = [];
        tdx.Manifest.Tdx[0].EvaluationNumber = 0;
        AssertChecks(tdx.Verify(),
            ["tdx-tcb-info-evaluation", "tdx-platform-instance", "gpu-evidence", "manifest-signature", "coordinator-version", "policy-documents"]);
        Assert.DoesNotContain("tcbEvaluationDataNumber", tdx.Requests[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_OtherManifestExpected_IsRefusedBeforeAnythingIsFetched()
    {
        CoordinatorScene scene = new(new EvidenceSettings { HasCertificates = false }) { ExpectedManifest = ContrastFiles.OwnManifestWith() };
        PrivatemodeVerificationException refusal = Assert.Throws<PrivatemodeVerificationException>(scene.Verify);
        Assert.Equal(ContrastChecks.ManifestMatch, refusal.ErrorType);
        Assert.Equal("f6fb5bba940611bdd6626e632e7a39b955ec5dca6b6ee06396b36d37cdcdfc8f", refusal.Expected);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(scene.Manifest.Write())), refusal.Found);
        Assert.Empty(scene.Requests);
    }

    [Fact]
    public void Verify_ManyTimes_ComputesTheIdKeyOnce()
    {
        ContrastOptions options = new();
        VerifiedCoordinator verified = new CoordinatorScene { Options = options }.Verify();
        ReadOnlyMemory<byte> Digest() => options.IdKeyDigests.Get(verified.Measurement.Span, verified.Snp!.Report.Policy.Value);
        ReadOnlyMemory<byte> first = Digest();
        for (int i = 0; i < IdKeyDigestCache.Capacity; i++)
        {
            Assert.Empty(new CoordinatorScene { Options = options }.Refusals());
        }

        // Had each of them computed another digest, this one would have been dropped.
        Assert.True(first.Equals(Digest()));
    }

    [Fact]
    public void Verify_AtTheEndOfItsValidity_PassesAndThenNoMore()
    {
        foreach (EvidenceKind kind in Enum.GetValues<EvidenceKind>())
        {
            DateTimeOffset end = new CoordinatorScene(kind).Verify().ValidUntil;
            Assert.Empty(new CoordinatorScene(kind) { At = end }.Refusals());
            Assert.NotEmpty(new CoordinatorScene(kind) { At = end.AddSeconds(1) }.Refusals());
        }
    }

    [Theory]
    [InlineData(EvidenceKind.SevSnp)]
    [InlineData(EvidenceKind.Tdx)]
    public void Verify_NoCollateral_IsRefused(EvidenceKind kind) => Assert.Equal(
        [ContrastChecks.Collateral], new CoordinatorScene(kind) { ChangeCollateral = _ => new ContrastCollateral() }.Refusals());

    [Fact]
    public void Verify_NonceOfOtherSize_IsRefused() => Assert.Equal([ContrastChecks.NonceSize], new CoordinatorScene { Nonce = new byte[31] }.Refusals());

    [Fact]
    public void Verify_CertificatesInPem_AreRead()
    {
        static ContrastCollateral InPem(ContrastCollateral given) =>
            given with { Snp = given.Snp! with { Intermediate = Pem(given.Snp.Intermediate), Root = Pem(given.Snp.Root) } };
        static ContrastCollateral Twice(ContrastCollateral given) =>
            given with { Snp = given.Snp! with { Root = (byte[])[.. Pem(given.Snp.Root), .. Pem(given.Snp.Root)] } };
        CoordinatorScene scene = new() { ChangeCollateral = InPem };
        Assert.Empty(scene.Refusals());
        CoordinatorScene two = new() { ChangeCollateral = Twice };
        Assert.Equal([CertificateChecks.PemFormat], two.Refusals());
    }

    [Fact]
    public void Production_Anchors_AreThoseOfBothMakers()
    {
        Assert.Same(SevTrustAnchors.Production, ContrastTrustAnchors.Production.Sev);
        Assert.Same(TdxTrustAnchors.Production, ContrastTrustAnchors.Production.Tdx);
    }

    [ThirdPartyFact]
    public void Verify_EveryGoldenPairOfXfam_ComparesWithoutCet()
    {
        CaseLog log = new();
        foreach (JsonElement pair in VectorFiles.ThirdParty("contrast/golden/report-data.json").Items("xfam_ignoring_cet"))
        {
            CoordinatorScene scene = new(EvidenceKind.Tdx);
            scene.Tdx.Body.Xfam = pair.Hex("quote");
            scene.Manifest.Tdx[0].Xfam = pair.Hex("reference");
            log.Run(pair.ToString(), () => Assert.Equal(pair.Flag("equal") ? [] : [TdxPolicyChecks.Xfam], scene.Refusals()));
        }

        log.AssertAllPassed(5);
    }

    private static byte[] Pem(ReadOnlyMemory<byte> der) => Encoding.ASCII.GetBytes(PemEncoding.WriteString("CERTIFICATE", der.Span) + "\n");

    private static SnpReference OtherSnp(SnpReference value) => new()
    {
        ProductName = value.ProductName,
        TrustedMeasurement = new byte[48],
        ResetAddress = value.ResetAddress,
        MinimumTcb = value.MinimumTcb,
        MinimumMitigations = value.MinimumMitigations,
        ChipIds = value.ChipIds,
    };

    private static List<string> ChecksOf(JsonElement checks) => checks.ValueKind switch
    {
        JsonValueKind.Null => [],
        JsonValueKind.String => [checks.GetString()!],
        _ => [.. checks.EnumerateArray().Select(check => check.GetString()!)],
    };

    private static void AssertChecks(VerifiedCoordinator verified, string[] notChecked)
    {
        Assert.Equal(notChecked, verified.Checks.Where(check => check.Outcome != VerificationOutcome.Passed).Select(check => check.Name));
        Assert.All(verified.Checks.Where(check => check.Outcome != VerificationOutcome.Passed), check => Assert.NotNull(check.Detail));
        Assert.Equal(verified.Checks.Count, verified.Checks.Select(check => check.Name).Distinct().Count());
        Assert.InRange(verified.Checks.Count(check => check.Outcome == VerificationOutcome.Passed), 15, 30);
    }
}
