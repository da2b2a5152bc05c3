using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Verification;

/// <summary>What a verified deployment tells, and what becomes of the verdict over time.</summary>
public sealed class VerificationTests : DeploymentTest
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("privatemode-verification-");

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Theory]
    [InlineData(EvidenceKind.SevSnp, "SEV-SNP")]
    [InlineData(EvidenceKind.Tdx, "TDX")]
    public async Task Verify_ValidDeployment_ReportsWhatWasProved(EvidenceKind kind, string tee)
    {
        Deployment.Evidence.Kind = kind;
        VerifiedDeployment proof = await Client.VerifyAsync().OrTimeout();
        Assert.Equal((tee, Deployment.Endpoint, Time.GetUtcNow()), (proof.Tee.ToString(), proof.Endpoint, proof.VerifiedAt));
        Assert.Equal(Deployment.Evidence.Manifest.ToArray(), proof.Manifest.ToArray());
        Assert.InRange(proof.ValidUntil, Time.GetUtcNow().AddMinutes(1), Time.GetUtcNow().AddHours(24));
        Assert.Contains(proof.Checks, check => check is { Name: "gpu-evidence", Outcome: VerificationOutcome.NotChecked, Detail: not null });
        Assert.Contains(proof.Checks, check => check is { Name: "manifest-match", Outcome: VerificationOutcome.Passed });
        Assert.NotEmpty(proof.Tcb);
        Assert.All(proof.Collateral, item => Assert.True(item.ValidUntil >= proof.ValidUntil, item.Name));
        using JsonDocument json = JsonDocument.Parse(proof.ToJson());
        Assert.Equal(proof.ManifestSha256, json.RootElement.GetProperty("manifestSha256").GetString());
        Assert.Equal(proof.Checks.Count, json.RootElement.GetProperty("checks").GetArrayLength());
        Assert.Empty(Deployment.Requests);
        Assert.Equal(0, Deployment.KeyExchangeCount);
    }

    [Theory]
    [InlineData(EvidenceKind.SevSnp)]
    [InlineData(EvidenceKind.Tdx)]
    public async Task SavedEvidence_VerifiedOffline_HasTheSameResult(EvidenceKind kind)
    {
        Deployment.Evidence.Kind = kind;
        VerifiedDeployment proof = await Client.VerifyAsync().OrTimeout();
        using MemoryStream file = new();
        await proof.SaveEvidenceAsync(file);
        int requests = Deployment.AllRequests.Count;

        SavedEvidence saved = SavedEvidence.Load(new MemoryStream(file.ToArray()));
        EvidenceExpectation expectation = new(proof.ManifestSha256)
        {
            Endpoint = Deployment.Endpoint,
            InsecureLoopbackTrust = Deployment.InsecureLoopbackTrust,
        };
        VerifiedDeployment again = saved.Verify(expectation, saved.ClaimedVerifiedAt);
        Assert.Equal(
            (proof.Measurement, proof.CoordinatorPolicySha256, proof.MeshCaSha256), (again.Measurement, again.CoordinatorPolicySha256, again.MeshCaSha256));
        Assert.Equal(proof.Checks, again.Checks);
        Assert.Equal(requests, Deployment.AllRequests.Count);

        Assert.NotNull(Record.Exception(() => saved.Verify(expectation, saved.ClaimedVerifiedAt.AddYears(3))) as PrivatemodeVerificationException);
        EvidenceExpectation other = new(new string('0', 64)) { Endpoint = Deployment.Endpoint, InsecureLoopbackTrust = Deployment.InsecureLoopbackTrust };
        Assert.Equal("manifest-pin", Assert.Throws<PrivatemodeVerificationException>(() => saved.Verify(other, saved.ClaimedVerifiedAt)).ErrorType);
        Assert.Throws<PrivatemodeVerificationException>(() => saved.Verify(new EvidenceExpectation(proof.ManifestSha256), saved.ClaimedVerifiedAt));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("{\"format\":\"privatemode-evidence-2\"}")]
    [InlineData("[1]")]
    public void SavedEvidence_OtherFile_IsAFormatError(string text) =>
        Assert.Throws<FormatException>(() => SavedEvidence.Load(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text))));

    [Fact]
    public async Task Chat_Answered_CarriesAReceiptThatNamesTheDeployment()
    {
        ChatResponse response = await Chat.GetResponseAsync([new(ChatRole.User, "hi")]).OrTimeout();
        EncryptionReceipt receipt = response.GetPrivatemodeReceipt()!;
        VerifiedDeployment proof = await Client.VerifyAsync().OrTimeout();
        Assert.Equal(proof.ManifestSha256, receipt.ManifestSha256);
        Assert.Equal(Deployment.Requests[0].RequestId, receipt.RequestId);
        Assert.Contains("messages", receipt.EncryptedMembers);
        Assert.Contains("model", receipt.ClearMembers);
        Assert.True(EncryptionReceipt.TryParse(receipt.ToJson(), out EncryptionReceipt? read));
        Assert.Equal(receipt, read);
        Assert.DoesNotContain("signature", receipt.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Chat_Streamed_EveryUpdateCarriesTheReceipt()
    {
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in Chat.GetStreamingResponseAsync([new(ChatRole.User, "hi")]).WithTimeout())
        {
            updates.Add(update);
        }

        Assert.All(updates, update => Assert.NotNull(update.GetPrivatemodeReceipt()));
        Assert.Single(updates.Select(update => update.GetPrivatemodeReceipt()!.RequestId).Distinct());
        Assert.Equal(updates[0].GetPrivatemodeReceipt(), updates.ToChatResponse().GetPrivatemodeReceipt());
    }

    [Fact]
    public async Task Chat_EvidenceGrowsOld_IsRenewedInTheBackground()
    {
        Assert.Null(await AskAsync());
        int before = Deployment.Evidence.GetRequestCount(EvidenceSource.Attestation);
        for (int hour = 0; hour < 48; hour++)
        {
            Time.Advance(TimeSpan.FromHours(1));
            Assert.Null(await AskAsync());
        }

        Assert.InRange(Deployment.Evidence.GetRequestCount(EvidenceSource.Attestation) - before, 2, 4);
    }

    [Fact]
    public async Task Chat_DeploymentReplaced_IsVerifiedAgainAndAnswers()
    {
        Assert.Null(await AskAsync());
        Deployment.Evidence.ChangeManifest();
        Deployment.RotateMeshCa();
        Assert.Null(await AskAsync());
        VerifiedDeployment proof = await Client.VerifyAsync().OrTimeout();
        Assert.Equal(Deployment.Evidence.Manifest.ToArray(), proof.Manifest.ToArray());
    }

    [Fact]
    public async Task Verify_RenewalIsRefused_StopsNewExchanges()
    {
        Assert.Null(await AskAsync());
        Deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => Client.VerifyAsync().OrTimeout());
        int requests = Deployment.Requests.Count;
        Assert.IsType<PrivatemodeVerificationException>(await AskAsync());
        Assert.Equal(requests, Deployment.Requests.Count);
        Deployment.Evidence.Defect = EvidenceDefect.None;
        Assert.Null(await AskAsync());
    }

    [Theory]
    [InlineData(5, "about 5 hours ahead of the service's")]
    [InlineData(48, "about 2 days ahead of the service's")]
    public async Task Verify_ClockIsFarOff_SaysSo(int hours, string difference)
    {
        Deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        Time.Advance(TimeSpan.FromHours(hours));
        PrivatemodeVerificationException exception = await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => Client.VerifyAsync().OrTimeout());
        Assert.Contains($"The system clock of this machine is {difference}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_PinnedManifest_NeverAsksThePublisher()
    {
        string digest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Deployment.Evidence.Manifest.Span));
        await using PrivatemodeClient pinned = Deployment.CreateClient(options => options.Verification.Manifest = ManifestPolicy.Pinned(digest));
        VerifiedDeployment proof = await pinned.VerifyAsync().OrTimeout();
        Assert.Equal((digest, ManifestSource.Pinned), (proof.ManifestSha256, proof.ManifestSource));
        Assert.Equal(0, Deployment.Evidence.GetRequestCount(EvidenceSource.Manifest));

        Deployment.Evidence.ChangeManifest();
        PrivatemodeVerificationException exception = await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => pinned.VerifyAsync().OrTimeout());
        Assert.Equal(("manifest-pin", digest), (exception.ErrorType, exception.Expected));
    }

    [Fact]
    public async Task Verify_NewManifest_IsAskedAboutOnceAndRecorded()
    {
        List<ManifestUpdate> asked = [];
        bool answer = true;
        ManifestPolicy policy = ManifestPolicy.RequireApproval(
            (update, _) =>
            {
                asked.Add(update);
                Assert.Equal(asked.Count, Deployment.Evidence.GetRequestCount(EvidenceSource.Attestation));
                return new ValueTask<bool>(answer);
            },
            _directory.FullName);
        await using PrivatemodeClient client = Deployment.CreateClient(options => options.Verification.Manifest = policy);
        _ = await client.VerifyAsync().OrTimeout();
        Assert.Null(Assert.Single(asked).CurrentSha256);
        Deployment.Evidence.ChangeManifest();
        answer = false;
        PrivatemodeVerificationException refused = await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => client.VerifyAsync().OrTimeout());
        Assert.Equal("manifest-approval", refused.ErrorType);
        Assert.Equal(2, asked.Count);
        Assert.NotEmpty(asked[1].Changes);
        Assert.Equal(2, Deployment.Evidence.GetRequestCount(EvidenceSource.Attestation));
        string log = Path.Combine(_directory.FullName, ManifestLog.InsecureLoopbackDirectoryName);
        Assert.Equal([asked[0].NewSha256], ManifestLog.Read(log).Entries.Select(entry => entry.Sha256));
    }

    [Fact]
    public async Task Verify_PublisherIsUnreachable_UsesTheLastAdoptedManifest()
    {
        await using PrivatemodeClient first = Deployment.CreateClient(options => options.Verification.Manifest = ManifestPolicy.Latest(_directory.FullName));
        DateTimeOffset adopted = (await first.VerifyAsync().OrTimeout()).ManifestAdoptedAt;
        Deployment.Faults.InjectIntoEvidence(EvidenceSource.Manifest, Fault.UnencryptedError(404), times: 100);
        await using PrivatemodeClient second = Deployment.CreateClient(options => options.Verification.Manifest = ManifestPolicy.Latest(_directory.FullName));
        VerifiedDeployment proof = await second.VerifyAsync().OrTimeout();
        Assert.Equal(ManifestSource.LastAdopted, proof.ManifestSource);
        Assert.InRange(proof.ManifestAdoptedAt - adopted, TimeSpan.FromSeconds(-1), TimeSpan.FromSeconds(1));
        await using PrivatemodeClient third = Deployment.CreateClient();
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => third.VerifyAsync().OrTimeout());
    }
}
