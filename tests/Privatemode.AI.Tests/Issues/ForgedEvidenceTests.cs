using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence.Collateral;
using Privatemode.AI.Testing.Evidence.Contrast;
using Privatemode.AI.Testing.Evidence.Defects;
using Privatemode.AI.Tests.Diagnostics;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Issues;

/// <summary>
/// Forged evidence named files that nobody has. Their absence was taken for trouble with the network, and what was trusted before stayed trusted.
/// </summary>
[Collection(ListenersAlone.Name)]
public sealed class ForgedEvidenceTests
{
    private const int NotFound = 404;
    private const int Forbidden = 403; // the host is away; no pause before another try
    private const string Key = "test-api-key";

    private static readonly EvidenceSource[] Vendors = [.. Enum.GetValues<EvidenceSource>().Where(source => source > EvidenceSource.Manifest)];

    [Theory]
    [InlineData(EvidenceKind.Tdx, "TdxForgedRoot", "certificate-trust-anchor")]
    [InlineData(EvidenceKind.Tdx, "TdxPckTampered", "certificate-signature")]
    [InlineData(EvidenceKind.Tdx, "TdxPckExpired", "certificate-expired")]
    [InlineData(EvidenceKind.Tdx, "TdxQeReportByOtherKey", "tdx-qe-report-signature")]
    [InlineData(EvidenceKind.Tdx, "TdxAttestationKeySubstituted", "tdx-qe-report-data")]
    [InlineData(EvidenceKind.Tdx, "TdxSignatureChanged", "tdx-quote-signature")]
    [InlineData(EvidenceKind.SevSnp, "SnpForgedRoot", "snp-trust-anchor")]
    [InlineData(EvidenceKind.SevSnp, "SnpForgedIntermediate", "certificate-signature")]
    [InlineData(EvidenceKind.SevSnp, "SnpChipCertificateTampered", "certificate-signature")]
    [InlineData(EvidenceKind.SevSnp, "SnpSignatureByOtherKey", "snp-report-signature")]
    [InlineData(EvidenceKind.SevSnp, "SnpTcbMismatch", "snp-tcb-binding")]
    [InlineData(EvidenceKind.SevSnp, "SnpHardwareIdMismatch", "snp-hwid")]
    public async Task Verify_EvidenceIsForged_IsRefusedWithoutADownload(EvidenceKind kind, string defect, string check)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(kind, hasCertificates: true);
        scene.VendorsAnswer(NotFound);
        scene.Deployment.Evidence.Defect = EvidenceDefect.FromName(defect);
        using PrivatemodeClient client = scene.Client();
        PrivatemodeVerificationException refusal =
            await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => client.VerifyAsync().OrTimeout());
        Assert.Equal(check, refusal.ErrorType);
        Assert.All(Vendors, source => Assert.Equal((source, 0), (source, scene.Asked(source))));
    }

    [Theory]
    [InlineData(EvidenceKind.Tdx, "TdxForgedRoot")]
    [InlineData(EvidenceKind.Tdx, "TdxSignatureChanged")]
    [InlineData(EvidenceKind.SevSnp, "SnpForgedRoot")]
    [InlineData(EvidenceKind.SevSnp, "SnpChipCertificateTampered")]
    public async Task Verify_ForgedEvidenceAgainAndAgain_CopiesStayInUse(EvidenceKind kind, string defect)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(kind, hasCertificates: true);
        using PrivatemodeClient client = scene.Client();
        _ = await client.VerifyAsync().OrTimeout();
        int[] asked = [.. Vendors.Select(scene.Asked)];
        scene.Deployment.Evidence.Defect = EvidenceDefect.FromName(defect);
        for (int i = 0; i < 5; i++)
        {
            scene.Time.Advance(TimeSpan.FromMinutes(1));
            await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => client.VerifyAsync().OrTimeout());
        }

        Assert.Equal(asked, Vendors.Select(scene.Asked));
    }

    [Theory]
    [InlineData(EvidenceKind.SevSnp, EvidenceSource.AmdChipCertificate, 404, "snp-chip-unknown")]
    [InlineData(EvidenceKind.SevSnp, EvidenceSource.AmdChipCertificate, 400, "snp-chip-unknown")]
    [InlineData(EvidenceKind.Tdx, EvidenceSource.IntelTcbInfo, 404, "tdx-platform-unknown")]
    public async Task Verify_VendorDoesNotKnowTheChipOrPlatform_IsRefused(EvidenceKind kind, EvidenceSource source, int status, string check)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(kind);
        scene.Deployment.Faults.InjectIntoEvidence(source, Fault.UnencryptedError(status));
        using PrivatemodeClient client = scene.Client();
        PrivatemodeVerificationException refusal =
            await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => client.VerifyAsync().OrTimeout());
        Assert.Equal(check, refusal.ErrorType);
        Assert.Contains("CollateralEndpoint", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EvidenceSource.AmdChipCertificate)]
    [InlineData(EvidenceSource.AmdCertificateChain)]
    [InlineData(EvidenceSource.AmdRevocationList)]
    [InlineData(EvidenceSource.IntelTcbInfo)]
    [InlineData(EvidenceSource.IntelQeIdentity)]
    [InlineData(EvidenceSource.IntelPlatformRevocationList)]
    [InlineData(EvidenceSource.IntelRootRevocationList)]
    public async Task Verify_VendorIsUnreachable_IsNotAVerificationFailure(EvidenceSource source)
    {
        await using DeploymentScene scene =
            await DeploymentScene.StartAsync(source < EvidenceSource.IntelTcbInfo ? EvidenceKind.SevSnp : EvidenceKind.Tdx);
        scene.Deployment.Faults.InjectIntoEvidence(source, Fault.UnencryptedError(Forbidden));
        using PrivatemodeClient client = scene.Client();
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => client.VerifyAsync().OrTimeout());
    }

    // Whoever stands between the client and the vendors must not be able to end what was proved.
    [Theory]
    [InlineData(EvidenceKind.SevSnp, 400)]
    [InlineData(EvidenceKind.SevSnp, 404)]
    [InlineData(EvidenceKind.SevSnp, 410)]
    [InlineData(EvidenceKind.Tdx, 400)]
    [InlineData(EvidenceKind.Tdx, 404)]
    [InlineData(EvidenceKind.Tdx, 410)]
    public async Task Renewal_VendorsAnswerThatTheyKnowNothing_TheCopiesCount(EvidenceKind kind, int status)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(kind);
        using DeploymentVerifier authority = scene.Authority();
        VerifiedMesh trusted = await authority.GetAsync(null, Key, async: true, default);
        scene.VendorsAnswer(status);
        scene.Time.Advance(TimeSpan.FromHours(23));
        _ = await authority.GetAsync(null, Key, async: true, default);
        await authority.Renewal.OrTimeout();
        Assert.True(authority.IsTrusted(trusted.Deployment));
        Assert.Null(authority.Health.Failure);
    }

    // The certificate of the chip had to be fetched. With it in hand the forgery shows, whatever else cannot be had.
    [Theory]
    [InlineData("SnpSignatureByOtherKey", "snp-report-signature", EvidenceSource.AmdCertificateChain, 1)]
    [InlineData("SnpSignatureByOtherKey", "snp-report-signature", EvidenceSource.AmdRevocationList, 0)]
    [InlineData("SnpForgedRoot", "snp-trust-anchor", EvidenceSource.AmdRevocationList, 0)]
    public async Task Verify_ForgeryShownByADownload_IsRefusedWithoutAnotherDownload(
        string defect, string check, EvidenceSource away, int asked)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync();
        scene.Deployment.Faults.InjectIntoEvidence(away, Fault.UnencryptedError(Forbidden));
        scene.Deployment.Evidence.Defect = EvidenceDefect.FromName(defect);
        using PrivatemodeClient client = scene.Client();
        PrivatemodeVerificationException refusal =
            await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => client.VerifyAsync().OrTimeout());
        Assert.Equal((check, asked), (refusal.ErrorType, scene.Asked(away)));
    }

    [Fact]
    public async Task Verify_IssuersAreForgedAndChipCertificateIsMissing_IsRefusedWithoutADownload()
    {
        using VendorScene scene = new(EvidenceKind.SevSnp);
        scene.Shown = scene.Issue(plan =>
        {
            DefectCatalogue.Apply("SnpForgedRoot", plan);
            ProtobufWriter issuers = new ProtobufWriter()
                .Bytes(2, plan.Snp.Intermediate.Sign(plan.Snp.IntermediateSigner)).Bytes(3, plan.Snp.Root.Sign(plan.Snp.RootSigner));
            plan.Document.ChangeEvidence = evidence => [.. evidence, .. new ProtobufWriter().Message(2, issuers).ToArray()];
        });
        scene.Instead = (_, _) => new StandInAnswer(Forbidden, "text/plain", Array.Empty<byte>());
        Assert.Equal("snp-trust-anchor", await scene.RefusalAsync());
        Assert.Empty(scene.Asked);
    }

    [Fact]
    public async Task Verify_ForgedUnderACachedCertificate_IsRefusedAlthoughTheListCannotBeRetrieved()
    {
        using VendorScene scene = new(EvidenceKind.SevSnp);
        scene.Instead = (source, _) => source == EvidenceSource.AmdRevocationList ? new StandInAnswer(Forbidden, "text/plain", Array.Empty<byte>()) : null;
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => scene.VerifyAsync());
        scene.Shown = scene.Issue(plan => DefectCatalogue.Apply("SnpSignatureByOtherKey", plan));
        Assert.Equal("snp-report-signature", await scene.RefusalAsync());
    }

    [Fact]
    public async Task Renewal_ChipIsUnknown_EndsTheTrust()
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync();
        using DeploymentVerifier authority = scene.Authority();
        int changes = 0;
        authority.Changed = () => changes++;
        VerifiedMesh trusted = await authority.GetAsync(null, Key, async: true, default);
        NameAnUnknownChip(scene);
        scene.Time.Advance(TimeSpan.FromHours(23));
        _ = await authority.GetAsync(null, Key, async: true, default);
        await authority.Renewal.OrTimeout();
        Assert.Equal((1, false), (changes, authority.IsTrusted(trusted.Deployment)));
        Assert.IsType<PrivatemodeVerificationException>(authority.Health.Failure);
    }

    [Fact]
    public async Task Verify_ChipIsUnknown_EndsSessionsAndRaisesTheVerificationEvent()
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync();
        using PrivatemodeClient client = scene.Client();
        OpenAI.Chat.ChatClient chat = client.OpenAI.GetChatClient("gpt-oss-120b");
        _ = await chat.CompleteChatAsync("hi").OrTimeout();
        using TelemetryRecorder recorder = new();
        NameAnUnknownChip(scene);
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => client.VerifyAsync().OrTimeout());
        Assert.Contains(recorder.Measurements, line => line.Contains("snp-chip-unknown", StringComparison.Ordinal));
        int exchanges = scene.Deployment.KeyExchangeCount;
        int requests = scene.Deployment.Requests.Count;
        _ = await Assert.ThrowsAnyAsync<Exception>(() => chat.CompleteChatAsync("hi").OrTimeout());
        Assert.Equal((exchanges, requests), (scene.Deployment.KeyExchangeCount, scene.Deployment.Requests.Count));
    }

    /// <summary>The report names another certificate than the one that is kept, and AMD does not have it.</summary>
    private static void NameAnUnknownChip(DeploymentScene scene)
    {
        scene.Deployment.Evidence.Defect = EvidenceDefect.FromName("SnpReportedTcbAboveCurrent");
        scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.AmdChipCertificate, Fault.UnencryptedError(NotFound), times: 100);
    }
}
