using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;

namespace Privatemode.AI.Tests.Testing;

public sealed class PrivatemodeModelFactoryTests
{
    private static readonly DateTimeOffset At = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);
    private static readonly EncryptionReceipt Receipt = PrivatemodeModelFactory.EncryptionReceipt() with { RequestId = "made" };

    [Theory]
    [InlineData(EvidenceKind.SevSnp, "SEV-SNP")]
    [InlineData(EvidenceKind.Tdx, "TDX")]
    public async Task VerifiedDeployment_IsAReportAboutEvidenceThatCanBeVerifiedAgain(EvidenceKind kind, string tee)
    {
        VerifiedDeployment report = PrivatemodeModelFactory.VerifiedDeployment(kind, At);
        Assert.Equal((tee, At, true), (report.Tee.ToString(), report.VerifiedAt, report.Endpoint.IsLoopback));
        Assert.Contains(report.Checks, check => check.Outcome == VerificationOutcome.Passed);
        using MemoryStream file = new();
        await report.SaveEvidenceAsync(file);
        file.Position = 0;
        EvidenceExpectation expectation = new(report.ManifestSha256)
        {
            Endpoint = report.Endpoint,
            InsecureLoopbackTrust = TestTrustAnchors.For(report.Endpoint).ToTrust(),
        };
        Assert.Equal(report, SavedEvidence.Load(file).Verify(expectation, At));
    }

    [Fact]
    public void VerifiedDeployment_WithAnything_IsACopy()
    {
        VerifiedDeployment report = PrivatemodeModelFactory.VerifiedDeployment();
        VerificationCheck check = PrivatemodeModelFactory.VerificationCheck("made", VerificationOutcome.Warning, "why");
        VerifiedDeployment other = report with { Endpoint = new Uri("https://elsewhere"), Checks = [check], Manifest = new byte[] { 1 } };
        Assert.Contains("\"https://elsewhere/\"", other.ToJson(), StringComparison.Ordinal);
        Assert.Equal(("made", VerificationOutcome.Warning, "why"), (other.Checks[0].Name, other.Checks[0].Outcome, other.Checks[0].Detail));
        Assert.NotEqual(report, other);
        Assert.Equal(report, other with { Endpoint = report.Endpoint, Checks = report.Checks, Manifest = report.Manifest });
        Assert.Equal(report.GetHashCode(), (report with { Warnings = [.. report.Warnings] }).GetHashCode());
    }

    [Fact]
    public void Receipt_NotVerified_IsThatOfALocalProxy()
    {
        EncryptionReceipt receipt = PrivatemodeModelFactory.EncryptionReceipt(isVerified: false) with { RequestId = "made" };
        Assert.Equal(EncryptionReceipt.Unverified("made", ["model", "messages"]), receipt);
        Assert.Equal((false, null, null, null), (receipt.IsVerified, receipt.SecretId, receipt.ManifestSha256, receipt.VerifiedAt));
        Assert.Equal(receipt, new ChatResponse().WithPrivatemodeReceipt(receipt).GetPrivatemodeReceipt());
        Assert.True(Receipt.IsVerified);
    }

    [Fact]
    public async Task WithReceipt_OfResponses_IsReadAsThatOfTheClient()
    {
        Assert.Equal(Receipt, new ChatResponse().WithPrivatemodeReceipt(Receipt).GetPrivatemodeReceipt());
        ChatResponseUpdate update = new ChatResponseUpdate(ChatRole.Assistant, "x").WithPrivatemodeReceipt(Receipt);
        Assert.Equal(Receipt, update.GetPrivatemodeReceipt());
        Assert.Equal(Receipt, (await new[] { update }.ToAsyncEnumerable().ToChatResponseAsync()).GetPrivatemodeReceipt());
        GeneratedEmbeddings<Embedding<float>> embeddings = [new(new float[] { 1 }), new(new float[] { 2 })];
        Assert.Equal(Receipt, embeddings.WithPrivatemodeReceipt(Receipt).GetPrivatemodeReceipt());
        Assert.Equal([Receipt], embeddings.GetPrivatemodeReceipts());
        Assert.Equal(Receipt, embeddings[1].GetPrivatemodeReceipt());
        Assert.Equal(Receipt, new SpeechToTextResponse("x").WithPrivatemodeReceipt(Receipt).GetPrivatemodeReceipt());
        Assert.Equal(Receipt, new SpeechToTextResponseUpdate("x").WithPrivatemodeReceipt(Receipt).GetPrivatemodeReceipt());
    }

    [Fact]
    public void WithReceipt_OfAnHttpResponse_IsReadAsThatOfTheHandler()
    {
        using HttpResponseMessage bare = new();
        using HttpResponseMessage sent = new() { RequestMessage = new HttpRequestMessage(HttpMethod.Post, "http://localhost") };
        Assert.Null(bare.GetPrivatemodeReceipt());
        Assert.Equal(Receipt, bare.WithPrivatemodeReceipt(Receipt).GetPrivatemodeReceipt());
        Assert.Equal(Receipt, sent.WithPrivatemodeReceipt(Receipt).GetPrivatemodeReceipt());
        Assert.Equal(HttpMethod.Post, sent.RequestMessage!.Method);
    }

    [Fact]
    public void Arguments_Null_AreRefused()
    {
        Assert.Throws<ArgumentNullException>(() => new ChatResponse().WithPrivatemodeReceipt(null!));
        Assert.Throws<ArgumentNullException>(() => ((HttpResponseMessage)null!).WithPrivatemodeReceipt(Receipt));
        Assert.Throws<ArgumentNullException>(() => PrivatemodeModelFactory.VerificationCheck(null!));
    }
}
