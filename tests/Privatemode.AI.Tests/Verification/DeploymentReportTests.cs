using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Verification;

/// <summary>What a report says, and that its JSON says the same.</summary>
public sealed class DeploymentReportTests
{
    [Theory]
    [InlineData(EvidenceKind.SevSnp, "SEV-SNP (Genoa)", "AMD revocation list", "reported")]
    [InlineData(EvidenceKind.Tdx, "TDX", "Intel TCB info", "advisories")]
    public async Task Report_AndItsJson_SayTheSame(EvidenceKind kind, string tee, string collateral, string tcb)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(kind);
        using PrivatemodeClient client = scene.Client(options => options.Verification.Lifetime = TimeSpan.FromHours(2));
        VerifiedDeployment proof = await client.VerifyAsync().OrTimeout();
        Assert.StartsWith(tee, proof.ToString(), StringComparison.Ordinal);
        bool isAmd = kind == EvidenceKind.SevSnp;
        Assert.Equal((isAmd ? TeeKind.SevSnp : TeeKind.Tdx, isAmd ? AmdProduct.Genoa : default(AmdProduct?)), (proof.Tee, proof.AmdProduct));
        Assert.Equal(proof.VerifiedAt.AddHours(2), proof.ValidUntil);
        using JsonDocument json = JsonDocument.Parse(proof.ToJson());
        JsonElement root = json.RootElement;
        Assert.Equal(proof.Endpoint.AbsoluteUri, root.GetProperty("endpoint").GetString());
        Assert.Equal(
            (proof.Tee.Value, proof.AmdProduct?.Value), (root.GetProperty("tee").GetString(), root.GetProperty("amdProduct").GetString()));
        Assert.Equal(proof.MeshCaSha256, root.GetProperty("meshCaSha256").GetString());
        Assert.Equal(proof.ClaimedCoordinatorVersion, root.GetProperty("claimedCoordinatorVersion").GetString());
        Assert.InRange((proof.ValidUntil - root.GetProperty("validUntil").GetDateTimeOffset()).TotalSeconds, 0, 1);
        Assert.Equal(proof.Tcb[tcb], root.GetProperty("tcb").GetProperty(tcb).GetString());
        Assert.Equal(proof.Collateral.Select(date => date.Name), root.GetProperty("collateral").EnumerateArray().Select(Name));
        Assert.Contains(collateral, proof.Collateral.Select(date => date.Name));
        Assert.Equal(proof.Warnings.Count, root.GetProperty("warnings").GetArrayLength());
        Assert.Equal(proof.Checks.Select(check => check.Name), root.GetProperty("checks").EnumerateArray().Select(Name));
        Assert.Equal(
            proof.Checks.Select(check => check.Detail),
            root.GetProperty("checks").EnumerateArray().Select(check => check.GetProperty("detail").GetString()));
    }

    [Fact]
    public async Task Report_OfMilan_WarnsOfItsRootSeed()
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync();
        scene.Deployment.Evidence.AmdProduct = EvidenceAmdProduct.Milan;
        using PrivatemodeClient client = scene.Client();
        VerifiedDeployment proof = await client.VerifyAsync().OrTimeout();
        Assert.Contains("Milan", proof.Warnings[1], StringComparison.Ordinal);
        Assert.Contains(proof.Warnings[1].Split(' ')[0], proof.ToJson(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EvidenceKind.SevSnp, "snp-trust-anchor")]
    [InlineData(EvidenceKind.Tdx, "tdx-pck-chain")]
    public async Task Report_UnderTestRoots_DoesNotLookLikeOneOfRealHardware(EvidenceKind kind, string anchor)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(kind);
        using PrivatemodeClient client = scene.Client();
        VerifiedDeployment proof = await client.VerifyAsync().OrTimeout();
        AssertTestRoots(proof, anchor);

        // The same evidence, read from a file.
        using MemoryStream file = new();
        await proof.SaveEvidenceAsync(file);
        file.Position = 0;
        EvidenceExpectation expectation = new(proof.ManifestSha256) { Endpoint = proof.Endpoint, InsecureLoopbackTrust = scene.OtherProcess() };
        AssertTestRoots(SavedEvidence.Load(file).Verify(expectation, proof.VerifiedAt), anchor);

        ChatResponse response = await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout();
        EncryptionReceipt receipt = response.GetPrivatemodeReceipt()!;
        Assert.True(receipt.IsInsecureLoopback);
        Assert.EndsWith("verified with test roots, which prove nothing about hardware.", receipt.ToString(), StringComparison.Ordinal);
        Assert.True(EncryptionReceipt.TryParse(receipt.ToJson(), out EncryptionReceipt? again));
        Assert.Equal(receipt, again);
        Assert.NotEqual(receipt, receipt with { IsInsecureLoopback = false });
    }

    private static void AssertTestRoots(VerifiedDeployment proof, string anchor)
    {
        Assert.True(proof.IsInsecureLoopback);
        Assert.Contains("\"insecureLoopback\": true", proof.ToJson(), StringComparison.Ordinal);
        Assert.NotEqual(proof, proof with { IsInsecureLoopback = false });
        Assert.Contains("proves nothing about hardware", proof.Warnings[0], StringComparison.Ordinal);
        VerificationCheck check = Assert.Single(proof.Checks, check => check.Name == anchor);
        Assert.Equal(VerificationOutcome.Warning, check.Outcome);
        Assert.Contains("test root", check.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("AMD's root key", proof.ToJson(), StringComparison.Ordinal);
        Assert.DoesNotContain("Intel's root key", proof.ToJson(), StringComparison.Ordinal);
        Assert.EndsWith("with test roots, which prove nothing about hardware", proof.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("with test roots, which prove nothing about hardware", (proof with { Warnings = [] }).ToString(), StringComparison.Ordinal);
    }

    private static string? Name(JsonElement element) => element.GetProperty("name").GetString();
}
