using System.Security.Cryptography;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence.Certificates;
using Privatemode.AI.Testing.Evidence.Collateral;
using Privatemode.AI.Testing.Evidence.Tdx;
using Privatemode.AI.Tests.Fakes;
using Keeping = Privatemode.AI.Tests.Fakes.VendorScene.Keeping;

namespace Privatemode.AI.Tests.Issues;

/// <summary>What is kept of downloads, and how long a revocation can go unnoticed.</summary>
public sealed class CollateralKeepingTests
{
    [Fact]
    public async Task Verify_ForgedQuotesNameInventedPlatforms_NothingIsLeftOnDisk()
    {
        using VendorScene scene = new(EvidenceKind.Tdx);
        scene.Instead = (_, _) => new StandInAnswer(200, "application/json", new byte[1024 * 1024]);
        for (int i = 0; i < 20; i++)
        {
            scene.Shown = scene.Issue(plan =>
            {
                plan.Tdx.RootKey = TestKeys.ForgedIntelRoot;
                plan.Tdx.Platform!.Fmspc = RandomNumberGenerator.GetBytes(6);
            });
            await Assert.ThrowsAnyAsync<PrivatemodeException>(() => scene.VerifyAsync(Keeping.Directory));
        }

        Assert.Empty(Directory.GetFiles(scene.DirectoryPath));
    }

    [Theory]
    [InlineData(EvidenceKind.Snp)]
    [InlineData(EvidenceKind.Tdx)]
    public async Task Verify_AHostSendsRubbish_ItIsNotKept(EvidenceKind kind)
    {
        using VendorScene scene = new(kind);
        scene.Instead = (_, _) => new StandInAnswer(200, "text/html", "<html>please log in</html>"u8.ToArray());
        await Assert.ThrowsAnyAsync<PrivatemodeException>(() => scene.VerifyAsync(Keeping.Directory));
        Assert.Empty(Directory.GetFiles(scene.DirectoryPath));
        scene.Instead = (_, _) => null;
        _ = await scene.VerifyAsync(Keeping.Directory);
        Assert.NotEmpty(Directory.GetFiles(scene.DirectoryPath));
    }

    [Theory]
    [InlineData(EvidenceKind.Snp)]
    [InlineData(EvidenceKind.Tdx)]
    public async Task Verify_AHostSendsRubbishLater_TheKeptFilesCount(EvidenceKind kind)
    {
        using VendorScene scene = new(kind);
        _ = await scene.VerifyAsync();
        scene.Instead = (_, _) => new StandInAnswer(200, "text/html", "<html>please log in</html>"u8.ToArray());
        scene.Time.Advance(TimeSpan.FromHours(25));
        _ = await scene.VerifyAsync();
    }

    [Theory]
    [InlineData(EvidenceKind.Snp, "/vcek/v1/Genoa/crl")]
    [InlineData(EvidenceKind.Tdx, "/sgx/certification/v4/pckcrl?ca=platform&encoding=der", "/IntelSGXRootCA.der")]
    public async Task Verify_TheCopyOfARevocationListIsOlderThanAnHour_IsFetchedAnew(EvidenceKind kind, params string[] lists)
    {
        using VendorScene scene = new(kind);
        _ = await scene.VerifyAsync();
        scene.Time.Advance(TimeSpan.FromMinutes(59));
        _ = await scene.VerifyAsync();
        Assert.All(lists, list => Assert.Single(scene.Asked, list));
        scene.Time.Advance(TimeSpan.FromMinutes(1));
        _ = await scene.VerifyAsync();
        Assert.All(lists, list => Assert.Equal(2, scene.Asked.Count(path => path == list)));
        Assert.All(
            scene.Asked.Where(path => path.Contains("cert_chain", StringComparison.Ordinal) || path.Contains("SPL", StringComparison.Ordinal)),
            path => Assert.Single(scene.Asked, path));
    }

    [Theory]
    [InlineData(EvidenceKind.Snp)]
    [InlineData(EvidenceKind.Tdx)]
    public async Task Verify_RevokedSinceTheLastVerdict_IsNoticedTwoHoursLater(EvidenceKind kind)
    {
        using VendorScene scene = new(kind);
        _ = await scene.VerifyAsync();
        scene.Served = scene.Issue(plan =>
        {
            if (kind == EvidenceKind.Snp)
            {
                plan.Snp.RevocationList!.Revoked.Add(plan.Snp.Line.IntermediateNumber);
            }
            else
            {
                plan.Tdx.PckList.Revoked.Add(IntelAuthority.Serial(IntelAuthority.PckName));
            }
        });
        scene.Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal("certificate-revoked", await scene.RefusalAsync());
    }
}
