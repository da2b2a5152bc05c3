using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Testing.Evidence.Collateral;
using Privatemode.AI.Testing.Evidence.Tdx;
using Privatemode.AI.Tests.Fakes;
using Keeping = Privatemode.AI.Tests.Fakes.VendorScene.Keeping;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Signed documents stay valid for weeks after a newer one took something back: a host that replays them must not be believed.</summary>
public sealed class RolledBackCollateralTests
{
    private static readonly StandInAnswer Blocked = new(403, "text/plain", "blocked"u8.ToArray());

    public static TheoryData<string> Keepings => [.. Enum.GetNames<Keeping>()];

    [Theory]
    [MemberData(nameof(Keepings))]
    public async Task Verify_TcbInfoSaidOutOfDate_AReplayedOlderOneIsNotBelieved(string keeping)
    {
        using VendorScene scene = new(EvidenceKind.Tdx);
        IssuedEvidence older = scene.Issue(plan => Date(plan.Tdx.TcbInfo, plan, daysAgo: 2, number: 29));
        scene.Served = scene.Issue(plan =>
        {
            Date(plan.Tdx.TcbInfo, plan, daysAgo: 1, number: 30);
            plan.Tdx.TcbInfo.Levels[0].Status = "OutOfDate";
        });
        await RefusedThenReplayedAsync(scene, older, keeping, "tdx-tcb-status");

        scene.Served = scene.Issue(plan => Date(plan.Tdx.TcbInfo, plan, daysAgo: 0, number: 30));
        Next(scene, keeping);
        _ = await scene.VerifyAsync(Enum.Parse<Keeping>(keeping));
    }

    [Theory]
    [MemberData(nameof(Keepings))]
    public async Task Verify_QeIdentitySaidRevoked_AReplayedOlderOneIsNotBelieved(string keeping)
    {
        using VendorScene scene = new(EvidenceKind.Tdx);
        IssuedEvidence older = scene.Issue(plan => Date(plan.Tdx.QeIdentity, plan, daysAgo: 0, number: 29));
        scene.Served = scene.Issue(plan =>
        {
            Date(plan.Tdx.QeIdentity, plan, daysAgo: 0, number: 30);
            plan.Tdx.QeIdentity.Levels = [new SvnLevel(4, "Revoked")];
        });
        await RefusedThenReplayedAsync(scene, older, keeping, "tdx-tcb-revoked");
    }

    [Theory]
    [MemberData(nameof(Keepings))]
    public async Task Verify_AmdRevokedTheIntermediate_AReplayedOlderListIsNotBelieved(string keeping)
    {
        using VendorScene scene = new(EvidenceKind.SevSnp);
        IssuedEvidence older = scene.Issue(plan => plan.Snp.RevocationList!.ThisUpdate = plan.Day.AddDays(-100));
        scene.Served = scene.Issue(plan =>
        {
            plan.Snp.RevocationList!.Number++;
            plan.Snp.RevocationList.Revoked.Add(plan.Snp.Line.IntermediateNumber);
        });
        await RefusedThenReplayedAsync(scene, older, keeping, "certificate-revoked");
    }

    [Theory]
    [InlineData(nameof(Keeping.Directory), true)]
    [InlineData(nameof(Keeping.Memory), false)]
    public async Task Verify_IntelRevokedThePlatform_AReplayedOlderListIsNotBelieved(string keeping, bool isPlatform)
    {
        using VendorScene scene = new(EvidenceKind.Tdx);
        IssuedEvidence older = scene.Issue();
        scene.Served = scene.Issue(plan =>
        {
            (string name, var list) = isPlatform ? (IntelAuthority.PckName, plan.Tdx.PckList) : (IntelAuthority.PlatformCaName, plan.Tdx.RootList);
            list.Number++;
            list.Revoked.Add(IntelAuthority.Serial(name));
        });
        await RefusedThenReplayedAsync(scene, older, keeping, "certificate-revoked");
    }

    [Fact]
    public async Task Verify_AnotherProcessKnowsTheNewerList_TheSharedCacheIsNotOverwrittenWithTheOlder()
    {
        using VendorScene scene = new(EvidenceKind.SevSnp);
        IssuedEvidence older = scene.Served;
        _ = await scene.VerifyAsync(Keeping.Shared);
        scene.Served = scene.Issue(plan =>
        {
            plan.Snp.RevocationList!.Number++;
            plan.Snp.RevocationList.Revoked.Add(plan.Snp.Line.IntermediateNumber);
        });
        scene.Time.Advance(TimeSpan.FromHours(2));
        scene.Restart();
        Assert.Equal("certificate-revoked", await scene.RefusalAsync(Keeping.Shared));

        scene.Served = older;
        scene.Time.Advance(TimeSpan.FromHours(2));
        scene.Restart();
        Assert.Equal("certificate-revoked", await scene.RefusalAsync(Keeping.Shared));
        scene.Restart();
        Assert.Equal("certificate-revoked", await scene.RefusalAsync(Keeping.Shared));
    }

    // Whoever serves a file chooses how long the download takes.
    [Fact]
    public async Task Verify_AnotherProcessKeepsANewerListDuringTheDownload_ItJudgesAndIsNotOverwritten()
    {
        using VendorScene scene = new(EvidenceKind.SevSnp);
        IssuedEvidence older = scene.Served;
        IssuedEvidence newer = scene.Issue(plan =>
        {
            plan.Snp.RevocationList!.Number++;
            plan.Snp.RevocationList.Revoked.Add(plan.Snp.Line.IntermediateNumber);
        });
        scene.Instead = (source, _) =>
        {
            if (source == EvidenceSource.AmdRevocationList)
            {
                scene.Instead = (_, _) => null;
                scene.Served = newer;
                scene.Restart();
                Assert.Equal("certificate-revoked", scene.RefusalAsync(Keeping.Directory).GetAwaiter().GetResult());
                scene.Served = older;
            }

            return null;
        };
        Assert.Equal("certificate-revoked", await scene.RefusalAsync(Keeping.Directory));
        scene.Restart();
        Assert.Equal("certificate-revoked", await scene.RefusalAsync(Keeping.Directory));
    }

    [Theory]
    [InlineData(301, null, false)]
    [InlineData(31, null, false)]
    [InlineData(29, null, true)]
    [InlineData(301, 302, true)]
    [InlineData(29, 0, false)]
    public async Task Verify_AmdIsBlockedAndTheListCameWithTheEvidence_CountsForThirtyDays(int age, int? allowed, bool isAccepted)
    {
        using VendorScene scene = new(EvidenceKind.SevSnp, hasCertificates: true);
        scene.Shown = scene.Issue(plan =>
        {
            plan.Snp.RevocationList!.ThisUpdate = plan.Day.AddDays(-age);
            plan.Snp.RevocationList.NextUpdate = plan.Day.AddDays(60);
        });
        scene.Instead = (_, _) => Blocked;
        HardwarePolicy policy = allowed is { } days ? new() { MaxAmdFallbackRevocationListAge = TimeSpan.FromDays(days) } : HardwarePolicy.Default;
        scene.Time.JumpTo(scene.Shown.Day.AddMinutes(1));
        if (!isAccepted)
        {
            PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => scene.VerifyAsync(hardware: policy));
            Assert.Equal("snp-crl-supplied-too-old", Assert.IsType<PrivatemodeVerificationException>(exception.InnerException).ErrorType);
            return;
        }

        VerifiedDeployment proof = await scene.VerifyAsync(hardware: policy);
        VerificationCheck check = Assert.Single(proof.Checks, check => check.Name == "certificate-revoked");
        Assert.Contains($"came with the evidence and is {age} days old", check.Detail!, StringComparison.Ordinal);
        Assert.Contains(proof.Warnings, warning => warning.Contains($"is {age} days old", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Verify_TheListOfTheEvidenceIsNewerThanAmdsAnswer_TheNewerJudges()
    {
        using VendorScene scene = new(EvidenceKind.SevSnp, hasCertificates: true);
        scene.Served = scene.Issue(plan => plan.Snp.RevocationList!.ThisUpdate = plan.Day.AddDays(-3));
        scene.Shown = scene.Issue(plan =>
        {
            plan.Snp.RevocationList!.Number++;
            plan.Snp.RevocationList.Revoked.Add(plan.Snp.Line.IntermediateNumber);
        });
        Assert.Equal("certificate-revoked", await scene.RefusalAsync());
    }

    [Fact]
    public async Task Verify_TheListOfTheEvidenceIsOlderThanAKeptOne_TheNewerJudges()
    {
        using VendorScene scene = new(EvidenceKind.SevSnp, hasCertificates: true);
        scene.Shown = scene.Issue(plan => plan.Snp.RevocationList!.ThisUpdate = plan.Day.AddDays(-3));
        scene.Served = scene.Issue(plan =>
        {
            plan.Snp.RevocationList!.Number++;
            plan.Snp.RevocationList.Revoked.Add(plan.Snp.Line.IntermediateNumber);
        });
        Assert.Equal("certificate-revoked", await scene.RefusalAsync());
        scene.Instead = (_, _) => Blocked;
        scene.Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal("certificate-revoked", await scene.RefusalAsync());
    }

    private static async Task RefusedThenReplayedAsync(VendorScene scene, IssuedEvidence older, string keeping, string check)
    {
        Keeping kept = Enum.Parse<Keeping>(keeping);
        Assert.Equal(check, await scene.RefusalAsync(kept));
        for (int i = 0; i < 2; i++)
        {
            scene.Served = older;
            Next(scene, keeping);
            Assert.Equal(check, await scene.RefusalAsync(kept));
        }
    }

    /// <summary>Later, and in another process if what was kept outlives one.</summary>
    private static void Next(VendorScene scene, string keeping)
    {
        scene.Time.Advance(TimeSpan.FromHours(25));
        if (keeping != nameof(Keeping.Memory))
        {
            scene.Restart();
        }
    }

    private static void Date(SignedJson document, EvidencePlan plan, int daysAgo, int number)
    {
        document.IssueDate = plan.Day.AddDays(-daysAgo);
        document.NextUpdate = plan.Day.AddDays(30 - daysAgo);
        document.EvaluationNumber = number;
    }
}
