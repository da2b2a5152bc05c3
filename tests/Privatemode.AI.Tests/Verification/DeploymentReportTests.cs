using System.Text.Json;
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
        Assert.NotEmpty(proof.Warnings);
        Assert.Contains(proof.Warnings[0].Split(' ')[0], proof.ToJson(), StringComparison.Ordinal);
    }

    private static string? Name(JsonElement element) => element.GetProperty("name").GetString();
}
