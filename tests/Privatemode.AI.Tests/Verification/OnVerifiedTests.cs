using Microsoft.Extensions.AI;
using Privatemode.AI.Internal;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Verification;

/// <summary>An application can keep the evidence of each verification, and nothing is sent before it has done so.</summary>
public sealed class OnVerifiedTests : IAsyncLifetime
{
    private const string Key = "test-api-key";

    private readonly List<VerifiedDeployment> _kept = [];
    private DeploymentScene _scene = null!;

    public async Task InitializeAsync() => _scene = await DeploymentScene.StartAsync(hasCertificates: true);

    public async Task DisposeAsync() => await _scene.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EvidenceOfEachVerification_IsPassedToTheApplication(bool async)
    {
        using DeploymentVerifier verifier = Verifier(Keep);
        VerifiedMesh first = async
            ? await verifier.GetAsync(null, Key, async: true, default)
            : await TestTimeouts.OnOwnThread(() => verifier.GetAsync(null, Key, async: false, default).Completed());
        _scene.Time.Advance(TimeSpan.FromHours(23));
        _ = await verifier.GetAsync(null, Key, async: true, default);
        await verifier.Renewal.OrTimeout();
        VerifiedMesh second = await verifier.GetAsync(null, Key, async: true, default);
        VerifiedMesh third = await verifier.VerifyNowAsync(Key, default);
        Assert.Equal([first.Deployment, second.Deployment, third.Deployment], _kept);
        using MemoryStream evidence = new();
        await _kept[1].SaveEvidenceAsync(evidence);
        evidence.Position = 0;
        Assert.Equal(_kept[1].VerifiedAt, SavedEvidence.Load(evidence).ClaimedVerifiedAt);
    }

    [Fact]
    public async Task EvidenceCannotBeKept_NoKeysAreExchangedUntilItCan()
    {
        bool isFull = true;
        await using PrivatemodeClient client = Client((deployment, stop) => isFull ? throw new IOException("disk full") : Keep(deployment, stop));
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal("disk full", Assert.IsType<IOException>(await AskAsync(client)).Message);
        }

        Assert.Equal((0, 2), (_scene.Deployment.KeyExchangeCount, _scene.Asked(EvidenceSource.Attestation)));
        Assert.Null(client.Health.Deployment);
        isFull = false;
        Assert.Null(await AskAsync(client));
        Assert.Equal(1, _scene.Deployment.KeyExchangeCount);
    }

    [Fact]
    public async Task EvidenceOfARenewalCannotBeKept_EarlierVerificationIsUsedUntilItExpires()
    {
        bool isFull = false;
        using DeploymentVerifier verifier = Verifier((deployment, stop) => isFull ? throw new IOException("disk full") : Keep(deployment, stop));
        VerifiedMesh first = await verifier.GetAsync(null, Key, async: true, default);
        isFull = true;
        _scene.Time.Advance(TimeSpan.FromHours(23));
        Assert.Same(first, await verifier.GetAsync(null, Key, async: true, default));
        await verifier.Renewal.OrTimeout();
        Assert.IsType<IOException>(verifier.Health.Failure);
        Assert.Same(first, await verifier.GetAsync(null, Key, async: true, default));
        await verifier.Renewal.OrTimeout();
        _scene.Time.JumpTo(first.Deployment.ValidUntil);
        await Assert.ThrowsAsync<IOException>(() => verifier.GetAsync(null, Key, async: true, default).AsTask());
    }

    [Fact]
    public async Task CallbackUsesTheClientThatWaitsForIt_ThrowsInPlaceOfWaitingForItself()
    {
        PrivatemodeClient? client = null;
        await using PrivatemodeClient created = client = Client(async (_, stop) => _ = await client!.VerifyAsync(stop));
        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => client.VerifyAsync().OrTimeout());
        Assert.Equal("Verification.OnVerified", exception.Setting);
        Assert.Contains("The callback of Verification.OnVerified uses a client that waits for this callback.", exception.Message, StringComparison.Ordinal);
    }

    private ValueTask Keep(VerifiedDeployment deployment, CancellationToken cancellationToken)
    {
        _kept.Add(deployment);
        return default;
    }

    private DeploymentVerifier Verifier(Func<VerifiedDeployment, CancellationToken, ValueTask> onVerified) =>
        _scene.Authority(options => options.Verification.OnVerified = onVerified);

    private PrivatemodeClient Client(Func<VerifiedDeployment, CancellationToken, ValueTask> onVerified) =>
        _scene.Deployment.CreateClient(options =>
        {
            options.Verification.OnVerified = onVerified;
            options.TimeProvider = _scene.Time;
        });

    private static async Task<Exception?> AskAsync(PrivatemodeClient client) =>
        await Record.ExceptionAsync(() => client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi")).OrTimeout();
}
