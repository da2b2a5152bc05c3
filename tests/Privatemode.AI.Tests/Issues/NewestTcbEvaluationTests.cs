using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Testing.Evidence.Collateral;
using Privatemode.AI.Testing.Evidence.Tdx;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>A manifest names an old evaluation of Intel's: what the newest one says must not go unnoticed.</summary>
public sealed class NewestTcbEvaluationTests : IDisposable
{
    private const string Check = "tdx-newest-tcb-status";
    private const string EvaluationParameter = "tcbEvaluationDataNumber=20";

    private static readonly HardwarePolicy Strict = new() { RequireNewestTdxTcbInfo = true };

    private readonly VendorScene _scene = new(EvidenceKind.Tdx);

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task Verify_TheNewestQeIdentitySaysRevoked_IsRefusedWhateverTheManifestNames()
    {
        Newest(EvidenceSource.IntelQeIdentity, plan =>
        {
            plan.Tdx.QeIdentity.EvaluationNumber = 21;
            plan.Tdx.QeIdentity.Levels = [new SvnLevel(4, "Revoked")];
        });
        Assert.Equal("tdx-tcb-revoked", await _scene.RefusalAsync());
        Assert.DoesNotContain(_scene.Asked, path => path.Contains("qe/identity?", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Verify_TheNewestQeIdentityIsBelowTheManifestsMinimum_AsksForTheManifestsNumber()
    {
        Newest(EvidenceSource.IntelQeIdentity, plan => plan.Tdx.QeIdentity.EvaluationNumber = 19);
        _ = await _scene.VerifyAsync();
        Assert.Equal(
            ["/tdx/certification/v4/qe/identity", $"/tdx/certification/v4/qe/identity?{EvaluationParameter}"],
            _scene.Asked.Where(path => path.Contains("qe/identity", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("OutOfDate")]
    [InlineData("SWHardeningNeeded")]
    [InlineData("ConfigurationNeeded")]
    public async Task Verify_TheNewestTcbInfoSaysLess_IsAWarningOrRefused(string status)
    {
        Newest(EvidenceSource.IntelTcbInfo, plan =>
        {
            plan.Tdx.TcbInfo.EvaluationNumber = 21;
            plan.Tdx.TcbInfo.Levels[0].Status = status;
        });
        VerifiedDeployment proof = await _scene.VerifyAsync();
        VerificationCheck check = Assert.Single(proof.Checks, check => check.Name == Check);
        Assert.Equal(VerificationOutcome.Warning, check.Outcome);
        Assert.Contains(status, check.Detail!, StringComparison.Ordinal);
        Assert.Contains("evaluation 21", check.Detail!, StringComparison.Ordinal);
        Assert.Contains(status, Assert.Single(WarningsAfterTestRoots(proof)), StringComparison.Ordinal);
        Assert.Contains(proof.Collateral, date => date.Name == "Intel newest TCB info");
        Assert.Contains("\"Warning\"", proof.ToJson(), StringComparison.Ordinal);
        Assert.Equal(Check, await _scene.RefusalAsync(hardware: Strict));
        await SavedEvidenceSaysTheSameAsync(proof);
    }

    [Fact]
    public async Task Verify_TheNewestTcbInfoDoesNotListThePlatform_IsAWarningOrRefused()
    {
        Newest(EvidenceSource.IntelTcbInfo, plan =>
        {
            plan.Tdx.TcbInfo.EvaluationNumber = 21;
            plan.Tdx.TcbInfo.Levels.ForEach(level => level.PceSvn += 100);
        });
        VerificationCheck check = Assert.Single((await _scene.VerifyAsync()).Checks, check => check.Name == Check);
        Assert.Equal((VerificationOutcome.Warning, true), (check.Outcome, check.Detail!.Contains("not listed", StringComparison.Ordinal)));
        Assert.Equal(Check, await _scene.RefusalAsync(hardware: Strict));
    }

    [Fact]
    public async Task Verify_TheNewestTcbInfoSaysRevoked_IsRefused()
    {
        Newest(EvidenceSource.IntelTcbInfo, plan =>
        {
            plan.Tdx.TcbInfo.EvaluationNumber = 21;
            plan.Tdx.TcbInfo.Levels[0].Status = "Revoked";
        });
        Assert.Equal("tdx-tcb-revoked", await _scene.RefusalAsync());
    }

    [Fact]
    public async Task Verify_TheNewestTcbInfoIsNotSigned_IsAWarningOrRefused()
    {
        Newest(EvidenceSource.IntelTcbInfo, plan => plan.Tdx.TcbInfo.AfterSigning =
            value => value.Replace("\"OutOfDate\"", "\"UpToDate\"", StringComparison.Ordinal));
        VerificationCheck check = Assert.Single((await _scene.VerifyAsync()).Checks, check => check.Name == Check);
        Assert.Equal((VerificationOutcome.Warning, true), (check.Outcome, check.Detail!.Contains("tdx-tcb-info-signature", StringComparison.Ordinal)));
        Assert.Equal(Check, await _scene.RefusalAsync(hardware: Strict));
    }

    [Fact]
    public async Task Verify_NewestTcbInfoCannotBeRetrieved_IsReportedAsNotCheckedOrUnknown()
    {
        BlockNewest();
        VerifiedDeployment proof = await _scene.VerifyAsync();
        Assert.Equal(VerificationOutcome.NotChecked, Assert.Single(proof.Checks, check => check.Name == Check).Outcome);
        Assert.Empty(WarningsAfterTestRoots(proof));
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => _scene.VerifyAsync(hardware: Strict));
    }

    [Fact]
    public async Task Verify_TheNewestTcbInfoSaidRevokedAndHasExpiredSince_IsStillRefused()
    {
        Newest(EvidenceSource.IntelTcbInfo, plan =>
        {
            plan.Tdx.TcbInfo.EvaluationNumber = 21;
            plan.Tdx.TcbInfo.Levels[0].Status = "Revoked";
        });
        Assert.Equal("tdx-tcb-revoked", await _scene.RefusalAsync());
        BlockNewest();
        _scene.Time.Advance(TimeSpan.FromDays(31));
        _scene.Served = _scene.Issue();
        Assert.Equal("tdx-tcb-revoked", await _scene.RefusalAsync());
    }

    [Theory]
    [InlineData(5, 0)]
    [InlineData(0, 5)]
    public async Task Verify_TwoTcbInfosOfOneEvaluationDiffer_TheNewerJudges(int numberedDaysAgo, int newestDaysAgo)
    {
        void Date(EvidencePlan plan, int daysAgo)
        {
            plan.Tdx.TcbInfo.IssueDate = plan.Day.AddDays(-daysAgo);
            plan.Tdx.TcbInfo.Levels[0].Status = daysAgo == 0 ? "OutOfDate" : "UpToDate";
        }

        _scene.Served = _scene.Issue(plan => Date(plan, numberedDaysAgo));
        Newest(EvidenceSource.IntelTcbInfo, plan => Date(plan, newestDaysAgo));
        Assert.Equal("tdx-tcb-status", await _scene.RefusalAsync());
    }

    [Theory]
    [InlineData(25)]
    [InlineData(24 * 31)]
    public async Task Verify_IntelHasDroppedTheEvaluationSinceItWasCopied_TheNewestJudges(int hours)
    {
        _ = await _scene.VerifyAsync();
        _scene.Time.Advance(TimeSpan.FromHours(hours));
        _scene.Served = _scene.Issue(plan => plan.Tdx.TcbInfo.EvaluationNumber = 21);
        _scene.Instead = (source, query) => source == EvidenceSource.IntelTcbInfo && query.Contains(EvaluationParameter, StringComparison.Ordinal)
            ? new StandInAnswer(410, "text/plain", Array.Empty<byte>())
            : null;
        VerifiedDeployment proof = await _scene.VerifyAsync();
        Assert.Equal("21", Assert.Single(proof.Checks, check => check.Name == "tdx-tcb-info-evaluation").Detail);
    }

    [Fact]
    public async Task Verify_TheNewestTcbInfoSaysUpToDate_HasPassed()
    {
        VerifiedDeployment proof = await _scene.VerifyAsync(hardware: Strict);
        Assert.Equal(VerificationOutcome.Passed, Assert.Single(proof.Checks, check => check.Name == Check).Outcome);
    }

    private static IEnumerable<string> WarningsAfterTestRoots(VerifiedDeployment proof)
    {
        Assert.Contains("root keys of a test deployment", proof.Warnings[0], StringComparison.Ordinal);
        return proof.Warnings.Skip(1);
    }

    private void Newest(EvidenceSource changed, Action<EvidencePlan> change)
    {
        IssuedEvidence newest = _scene.Issue(change);
        _scene.Instead = (source, query) => source != changed || query.Contains(EvaluationParameter, StringComparison.Ordinal)
            ? null
            : StandIns.Answer(source, newest, "", new Dictionary<string, string> { ["fmspc"] = newest.Tdx!.Fmspc });
    }

    private void BlockNewest() => _scene.Instead = (source, query) =>
        source == EvidenceSource.IntelTcbInfo && !query.Contains(EvaluationParameter, StringComparison.Ordinal)
            ? new StandInAnswer(403, "text/plain", "blocked"u8.ToArray())
            : null;

    private static async Task SavedEvidenceSaysTheSameAsync(VerifiedDeployment proof)
    {
        using MemoryStream file = new();
        await proof.SaveEvidenceAsync(file);
        file.Position = 0;
        SavedEvidence saved = SavedEvidence.Load(file);
        InsecureLoopbackTrust trust = TestTrustAnchors.For(proof.Endpoint).ToTrust();
        VerifiedDeployment again = saved.Verify(
            new EvidenceExpectation(proof.ManifestSha256) { Endpoint = proof.Endpoint, InsecureLoopbackTrust = trust }, proof.VerifiedAt);
        Assert.Equal(proof.Warnings, again.Warnings);
        Assert.Throws<PrivatemodeVerificationException>(() => saved.Verify(
            new EvidenceExpectation(proof.ManifestSha256) { Endpoint = proof.Endpoint, InsecureLoopbackTrust = trust, Hardware = Strict }, proof.VerifiedAt));
    }
}
