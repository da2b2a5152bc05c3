using System.Security.Cryptography;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence.Certificates;
using Privatemode.AI.Testing.Evidence.Collateral;
using Privatemode.AI.Testing.Evidence.Sev;
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

    // AMD hands out the certificate of a chip for any TCB version, so a report needs no key to name many genuine certificates.
    [Fact]
    public async Task Verify_UnsignedReportsNameGenuineCertificates_NoneIsLeftOnDisk()
    {
        using VendorScene scene = new(EvidenceKind.SevSnp);
        _ = await scene.VerifyAsync(Keeping.Directory);
        string[] kept = Directory.GetFiles(scene.DirectoryPath);
        for (byte i = 1; i <= 5; i++)
        {
            SnpTcb named = new(i, 0, 1, 1);
            scene.Served = scene.Issue(plan =>
            {
                plan.Snp.Vek.Tcb = named;
                plan.Snp.Report.ReportedTcb = named.Encoded;
                plan.Snp.ReportKey = TestKeys.StrangerP384;
            });
            scene.Shown = scene.Served;
            Assert.Equal("snp-report-signature", await scene.RefusalAsync(Keeping.Directory));
        }

        Assert.Equal(kept.Order(), Directory.GetFiles(scene.DirectoryPath).Order());
    }

    [Theory]
    [InlineData(EvidenceKind.SevSnp)]
    [InlineData(EvidenceKind.Tdx)]
    public async Task Verify_HostReturnsInvalidData_IsNotCached(EvidenceKind kind)
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
    [InlineData(EvidenceKind.SevSnp)]
    [InlineData(EvidenceKind.Tdx)]
    public async Task Verify_HostReturnsInvalidDataLater_CachedFilesAreUsed(EvidenceKind kind)
    {
        using VendorScene scene = new(kind);
        _ = await scene.VerifyAsync();
        scene.Instead = (_, _) => new StandInAnswer(200, "text/html", "<html>please log in</html>"u8.ToArray());
        scene.Time.Advance(TimeSpan.FromHours(25));
        _ = await scene.VerifyAsync();
    }

    /// <summary>The symptom: a verification by copies took minutes, because it waited for the vendor's host once for each file.</summary>
    [Theory]
    [InlineData(EvidenceKind.SevSnp, false, 3)]
    [InlineData(EvidenceKind.Tdx, false, 3)]
    [InlineData(EvidenceKind.Tdx, true, 5)]
    public async Task Verify_AHostIsAwayAndThereAreCopies_IsWaitedForOnceUnlessItAnswers(EvidenceKind kind, bool answers, int requests)
    {
        using VendorScene scene = new(kind);
        _ = await scene.VerifyAsync();
        scene.Time.Advance(TimeSpan.FromHours(2));
        scene.Instead = (_, _) => answers ? new StandInAnswer(403, "text/plain", "blocked"u8.ToArray()) : throw new HttpRequestException("away");
        for (int i = 0; i < 2; i++)
        {
            int before = scene.Asked.Count();
            Task<VerifiedDeployment> work = scene.VerifyAsync();
            while (await Task.WhenAny(work, scene.Time.TimerAsync(due => due <= DeploymentScene.MaxPause)).OrTimeout() != work)
            {
                scene.Time.Advance(DeploymentScene.MaxPause);
            }

            _ = await work;
            Assert.Equal(requests, scene.Asked.Count() - before);
            scene.Time.Advance(TimeSpan.FromSeconds(30));
        }
    }

    [Theory]
    [InlineData(EvidenceKind.SevSnp, "/vcek/v1/Genoa/crl")]
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
    [InlineData(EvidenceKind.SevSnp)]
    [InlineData(EvidenceKind.Tdx)]
    public async Task Verify_RevokedSinceTheLastVerification_IsDetectedTwoHoursLater(EvidenceKind kind)
    {
        using VendorScene scene = new(kind);
        _ = await scene.VerifyAsync();
        scene.Served = scene.Issue(plan =>
        {
            if (kind == EvidenceKind.SevSnp)
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
