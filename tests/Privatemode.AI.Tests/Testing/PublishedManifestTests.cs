using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Testing;

/// <summary>A test could not reach the state in which a manifest is published and the deployment still runs the previous one.</summary>
public sealed class PublishedManifestTests
{
    [Theory]
    [InlineData(EvidenceKind.SevSnp)]
    [InlineData(EvidenceKind.Tdx)]
    public async Task PublishedManifest_ThatIsNotDeployed_IsShownToTheApprover_AndTheDeployedOneGoesOn(EvidenceKind kind)
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        deployment.Evidence.Kind = kind;
        List<bool> deployed = [];
        HashSet<int> approved = [0];
        await using PrivatemodeClient client = deployment.CreateClient(options => options.Verification.Manifest = ManifestPolicy.RequireApproval(
            (update, _) =>
            {
                deployed.Add(update.IsDeployed);
                return new(approved.Contains(deployed.Count - 1));
            }));
        VerifiedDeployment first = await client.VerifyAsync().OrTimeout();

        deployment.Evidence.PublishManifest();
        deployment.Evidence.PublishManifest();
        byte[] published = deployment.Evidence.Manifest.ToArray();
        VerifiedDeployment second = await client.VerifyAsync().OrTimeout();
        Assert.Equal([true, false], deployed);
        Assert.Equal(first.ManifestSha256, second.ManifestSha256);
        Assert.NotNull(second.UnapprovedManifestSha256);
        Assert.Equal("You said: hi", (await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout()).Text);

        deployment.Evidence.ChangeManifest();
        Assert.Equal(published, deployment.Evidence.Manifest.ToArray());
        PrivatemodeVerificationException exception = await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => client.VerifyAsync().OrTimeout());
        Assert.Equal("manifest-approval", exception.ErrorType);
    }
}
