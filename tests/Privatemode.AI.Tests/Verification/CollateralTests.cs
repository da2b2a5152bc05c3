using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence.Collateral;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Verification;

/// <summary>What is fetched from the vendors, how often, and what becomes of a verification when they are away or talk rubbish.</summary>
public sealed class CollateralTests
{
    private static readonly EvidenceSource[] Amd = [EvidenceSource.AmdChipCertificate, EvidenceSource.AmdCertificateChain, EvidenceSource.AmdRevocationList];

    private static readonly EvidenceSource[] Intel =
    [
        EvidenceSource.IntelTcbInfo, EvidenceSource.IntelQeIdentity, EvidenceSource.IntelPlatformRevocationList, EvidenceSource.IntelRootRevocationList,
    ];

    public static TheoryData<EvidenceKind, EvidenceSource> Sources
    {
        get
        {
            TheoryData<EvidenceKind, EvidenceSource> sources = [];
            Array.ForEach(Amd, source => sources.Add(EvidenceKind.SevSnp, source));
            Array.ForEach(Intel, source => sources.Add(EvidenceKind.Tdx, source));
            return sources;
        }
    }

    [Theory]
    [InlineData(EvidenceKind.SevSnp)]
    [InlineData(EvidenceKind.Tdx)]
    public async Task Verify_AHundredClientsAtOnce_EachFileIsFetchedOnceADay(EvidenceKind kind)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(kind);
        PrivatemodeClient[] clients = [.. Enumerable.Range(0, 100).Select(_ => scene.Deployment.CreateClient())];
        await Task.WhenAll(clients.Select(client => Task.Run(() => client.VerifyAsync()))).OrTimeout();
        Assert.All(Of(kind), source => Assert.Equal((source, Files(source)), (source, scene.Asked(source))));
        scene.Time.Advance(TimeSpan.FromHours(24));
        await Task.WhenAll(clients.Select(client => Task.Run(() => client.VerifyAsync()))).OrTimeout();
        Assert.All(Of(kind), source => Assert.Equal(
            (source, source == EvidenceSource.AmdChipCertificate ? 1 : 2 * Files(source)), (source, scene.Asked(source))));
        Assert.Equal(200, scene.Asked(EvidenceSource.Attestation));
        Assert.All(clients, client => client.Dispose());
    }

    [Theory]
    [InlineData(EvidenceKind.SevSnp, true)]
    [InlineData(EvidenceKind.SevSnp, false)]
    [InlineData(EvidenceKind.Tdx, true)]
    [InlineData(EvidenceKind.Tdx, false)]
    public async Task Chat_AnotherProcessLeftItsFiles_NeedsNoVendor(EvidenceKind kind, bool async)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(kind);
        using PrivatemodeClient first = scene.Client(options => options.Verification.CollateralDirectory = scene.DirectoryPath);
        await ChatAsync(first, async);
        scene.VendorsAnswer(403);
        using PrivatemodeClient second = scene.Client(options => options.Verification.CollateralDirectory = scene.DirectoryPath);
        await ChatAsync(second, async);
        Assert.All(Of(kind), source => Assert.Equal(Files(source), scene.Asked(source)));
        using PrivatemodeClient without = scene.Client();
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => without.VerifyAsync().OrTimeout());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Chat_AnotherMachineLeftItsFilesInTheApplicationsCache_NeedsNoVendor(bool async)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync();
        MemoryDistributedCache cache = new(Options.Create(new MemoryDistributedCacheOptions()));
        using PrivatemodeClient first = scene.Client(options => options.Verification.CollateralCache = cache);
        await ChatAsync(first, async);
        scene.VendorsAnswer(403);
        using PrivatemodeClient second = scene.Client(options => options.Verification.CollateralCache = cache);
        await ChatAsync(second, async);
        Assert.All(Amd, source => Assert.Equal(1, scene.Asked(source)));
    }

    [Theory]
    [InlineData(EvidenceKind.SevSnp)]
    [InlineData(EvidenceKind.Tdx)]
    public async Task Verify_VendorsAreUnreachableForTwoDays_OldCopiesAreUsed(EvidenceKind kind)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(kind);
        using PrivatemodeClient client = scene.Client();
        _ = await client.VerifyAsync().OrTimeout();
        scene.VendorsAnswer(403);
        scene.Time.Advance(TimeSpan.FromDays(2));
        VerifiedDeployment proof = await client.VerifyAsync().OrTimeout();
        Assert.Equal(scene.Time.GetUtcNow(), proof.VerifiedAt);
    }

    [Theory]
    [InlineData(EvidenceKind.SevSnp)]
    [InlineData(EvidenceKind.Tdx)]
    public async Task Verify_VendorsAreUnreachableAndCopiesExpired_IsNotAVerificationFailure(EvidenceKind kind)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(kind);
        using PrivatemodeClient client = scene.Client();
        _ = await client.VerifyAsync().OrTimeout();
        scene.VendorsAnswer(403);
        scene.Time.Advance(TimeSpan.FromDays(370));
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => client.VerifyAsync().OrTimeout());
        Assert.Contains("expired", exception.Message, StringComparison.Ordinal);
        Assert.True(exception.WasNotSent);
    }

    [Fact]
    public async Task Verify_AmdIsAwayAndTheCopyExpired_TheListThatCameWithTheEvidenceCounts()
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(hasCertificates: true);
        using PrivatemodeClient client = scene.Client();
        _ = await client.VerifyAsync().OrTimeout();
        Assert.Equal(1, scene.Asked(EvidenceSource.AmdRevocationList));
        scene.VendorsAnswer(403);
        scene.Time.Advance(TimeSpan.FromDays(370));
        scene.Deployment.RotateMeshCa();
        _ = await client.VerifyAsync().OrTimeout();
        using PrivatemodeClient other = scene.Client();
        _ = await other.VerifyAsync().OrTimeout();
        Assert.Equal(0, scene.Asked(EvidenceSource.AmdChipCertificate) + scene.Asked(EvidenceSource.AmdCertificateChain));
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task Verify_CachedCopyIsInvalid_IsDownloadedAgainOnce(EvidenceKind kind, EvidenceSource source)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(kind);
        using PrivatemodeClient first = scene.Client(options => options.Verification.CollateralDirectory = scene.DirectoryPath);
        _ = await first.VerifyAsync().OrTimeout();
        scene.Time.Advance(TimeSpan.FromMinutes(1));
        string path = FileOf(scene, source);
        CollateralFile file = CollateralFile.Decode(await File.ReadAllBytesAsync(path))!;
        await File.WriteAllBytesAsync(path, (file with
        {
            Body = "<html>please log in</html>"u8.ToArray(),
            Version = new DocumentVersion(scene.Time.GetUtcNow(), 1, scene.Time.GetUtcNow().AddDays(1)),
        }).Encode());

        using PrivatemodeClient second = scene.Client(options => options.Verification.CollateralDirectory = scene.DirectoryPath);
        _ = await second.VerifyAsync().OrTimeout();
        _ = await second.VerifyAsync().OrTimeout();
        Assert.Equal(Files(source) + 1, scene.Asked(source));
        using PrivatemodeClient third = scene.Client(options => options.Verification.CollateralDirectory = scene.DirectoryPath);
        _ = await third.VerifyAsync().OrTimeout();
        Assert.Equal(Files(source) + 1, scene.Asked(source));
    }

    [Theory]
    [InlineData(EvidenceKind.SevSnp, "WrongNonce")]
    [InlineData(EvidenceKind.Tdx, "WrongNonce")]
    [InlineData(EvidenceKind.SevSnp, "SnpWrongMeasurement")]
    [InlineData(EvidenceKind.SevSnp, "SnpSignatureChanged")]
    public async Task Verify_TheEvidenceIsWrong_NothingIsFetchedAnew(EvidenceKind kind, string defect)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(kind);
        using PrivatemodeClient client = scene.Client();
        _ = await client.VerifyAsync().OrTimeout();
        scene.Time.Advance(TimeSpan.FromMinutes(1));
        scene.Deployment.Evidence.Defect = EvidenceDefect.FromName(defect);
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => client.VerifyAsync().OrTimeout());
        Assert.All(Of(kind), source => Assert.Equal((source, Files(source)), (source, scene.Asked(source))));
    }

    [Fact]
    public async Task Verify_CacheFilesAreForeign_AreIgnored()
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync();
        using PrivatemodeClient first = scene.Client(options => options.Verification.CollateralDirectory = scene.DirectoryPath);
        _ = await first.VerifyAsync().OrTimeout();
        foreach (string path in Directory.GetFiles(scene.DirectoryPath))
        {
            await File.WriteAllTextAsync(path, "something else");
        }

        using PrivatemodeClient second = scene.Client(options => options.Verification.CollateralDirectory = scene.DirectoryPath);
        _ = await second.VerifyAsync().OrTimeout();
        Assert.All(Amd, source => Assert.Equal(2, scene.Asked(source)));
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task Verify_VendorRedirects_IsRefusedAndNotFollowed(EvidenceKind kind, EvidenceSource source)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(kind);
        scene.Deployment.Faults.InjectIntoEvidence(source, Fault.Redirect(new Uri(scene.Deployment.Endpoint, "/elsewhere")));
        Assert.Equal((ServiceFailureReason.Other, 307), await FailureAsync(scene));
        Assert.DoesNotContain(scene.Deployment.AllRequests, request => request.PathAndQuery.StartsWith("/elsewhere", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task Verify_VendorSendsTooMuch_IsRefused(EvidenceKind kind, EvidenceSource source)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(kind);
        scene.Deployment.Faults.InjectIntoEvidence(source, Fault.OversizedResponse(5 * 1024 * 1024));
        Assert.Equal((ServiceFailureReason.Other, 0), await FailureAsync(scene));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    public async Task Verify_VendorDoesNotEnd_IsATimeout(int stallAt)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync();
        scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.AmdChipCertificate, stallAt < 0 ? Fault.NoResponse : Fault.StallBeforeEvent(stallAt));
        using PrivatemodeClient client = scene.Client();
        Task verifying = client.VerifyAsync();
        await scene.AskedAsync(EvidenceSource.AmdChipCertificate, 1);
        scene.Time.Advance(TimeSpan.FromSeconds(31));
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => verifying.OrTimeout());
        Assert.Equal(ServiceFailureReason.Timeout, exception.Reason);
        Assert.Equal(1, scene.Asked(EvidenceSource.AmdChipCertificate));
    }

    [Fact]
    public async Task Verify_VendorIsBusyOrCut_IsTriedAgainAfterPauses()
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync();
        scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.AmdChipCertificate, Fault.UnencryptedError(503));
        scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.AmdChipCertificate, Fault.UnencryptedError(429, retryAfter: TimeSpan.FromSeconds(7)));
        scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.AmdRevocationList, Fault.CutConnection(5));
        using PrivatemodeClient client = scene.Client();
        Task verifying = client.VerifyAsync();
        Assert.Equal([1, 7, 1], (await scene.PassPausesAsync(verifying)).Select(pause => pause.TotalSeconds));
        await verifying;
        Assert.Equal((3, 2), (scene.Asked(EvidenceSource.AmdChipCertificate), scene.Asked(EvidenceSource.AmdRevocationList)));
    }

    [Theory]
    [InlineData(EvidenceKind.SevSnp)]
    [InlineData(EvidenceKind.Tdx)]
    public async Task Verify_VendorsAndPublisher_GetNeitherCredentialsNorProtocolHeaders(EvidenceKind kind)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(kind);
        using PrivatemodeClient client = scene.Client();
        _ = await client.VerifyAsync().OrTimeout();
        RecordedRequest[] requests = [.. scene.Deployment.AllRequests.Where(request => request.Method == "GET")];
        Assert.Equal(1 + Of(kind).Sum(Files), requests.Length);
        Assert.All(requests, request => Assert.Equal(["Host", "User-Agent"], request.Headers.Keys.Order(StringComparer.Ordinal)));
    }

    private static EvidenceSource[] Of(EvidenceKind kind) => kind == EvidenceKind.SevSnp ? Amd : Intel;

    // The TCB info of the evaluation that the manifest names, and the newest one.
    private static int Files(EvidenceSource source) => source == EvidenceSource.IntelTcbInfo ? 2 : 1;

    private static async Task<(ServiceFailureReason Reason, int Status)> FailureAsync(DeploymentScene scene)
    {
        using PrivatemodeClient client = scene.Client();
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => client.VerifyAsync().OrTimeout());
        return (exception.Reason, exception.Status);
    }

    /// <summary>The cache file of what was fetched first from a source.</summary>
    private static string FileOf(DeploymentScene scene, EvidenceSource source)
    {
        RecordedRequest request = scene.Deployment.AllRequests.First(request => StandIns.Find(request.Method, request.PathAndQuery.Split('?')[0]) == source);
        byte[] name = System.Security.Cryptography.SHA256.HashData(
            System.Text.Encoding.UTF8.GetBytes(new Uri(scene.Deployment.Endpoint, request.PathAndQuery).AbsoluteUri));
        return Path.Combine(scene.DirectoryPath, Convert.ToHexStringLower(name) + ".collateral");
    }

    private static async Task ChatAsync(PrivatemodeClient client, bool async)
    {
        OpenAI.Chat.ChatClient chat = client.OpenAI.GetChatClient("gpt-oss-120b");
        string text = async
            ? (await chat.CompleteChatAsync("hi").OrTimeout()).Value.Content[0].Text
            : await TestTimeouts.OnOwnThread(() => chat.CompleteChat("hi").Value.Content[0].Text);
        Assert.Equal("You said: hi", text);
    }
}
