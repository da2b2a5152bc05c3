using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Issues;

/// <summary>A look at the publisher failed, and then the publisher was merely unreachable: the failure was no longer reported.</summary>
/// <remarks>The look fails for a reason of its own, the manifest log: after another manifest was named, no look would do.</remarks>
public sealed class HealthForgetsFailureTests : IAsyncLifetime
{
    private const string Key = "test-api-key";
    private static readonly TimeSpan UntilTheNextLook = TimeSpan.FromMinutes(6);

    private DeploymentScene _scene = null!;
    private DeploymentVerifier _authority = null!;

    public async Task InitializeAsync()
    {
        _scene = await DeploymentScene.StartAsync(hasCertificates: true);
        _authority = _scene.Authority(options => options.Verification.Manifest = ManifestPolicy.Latest(_scene.DirectoryPath));
        await LookAsync();
        string lockFile = Path.Combine(_scene.DirectoryPath, ManifestLog.InsecureLoopbackDirectoryName, "log.lock");
        File.Delete(lockFile);
        _ = Directory.CreateDirectory(lockFile);
        await LookAsync();
        Assert.IsType<PrivatemodeConfigurationException>(_authority.Health.Failure);
        Directory.Delete(lockFile);
    }

    public async Task DisposeAsync()
    {
        _authority.Dispose();
        await _scene.DisposeAsync();
    }

    [Theory]
    [InlineData(403)]
    [InlineData(404)]
    public async Task Health_RenewalFailedAndThePublisherIsAway_StillReportsTheFailure(int status)
    {
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Manifest, Fault.UnencryptedError(status), times: 100);
        await LookAsync();
        Assert.IsType<PrivatemodeConfigurationException>(_authority.Health.Failure);
        Assert.NotNull(_authority.Health.Deployment);
    }

    [Fact]
    public async Task Health_PublisherNamesTheVerifiedManifest_ReportsNoFailure()
    {
        await LookAsync();
        Assert.Null(_authority.Health.Failure);
    }

    [Fact]
    public async Task Health_NextRenewalSucceeds_ReportsNoFailure()
    {
        _scene.Deployment.Evidence.ChangeManifest();
        await LookAsync();
        Assert.Null(_authority.Health.Failure);
    }

    /// <summary>A call that looks at what is published, and the end of what it starts in the background.</summary>
    private async Task LookAsync()
    {
        _scene.Time.Advance(UntilTheNextLook);
        _ = await _authority.GetAsync(null, Key, async: true, default).AsTask().OrTimeout();
        await _authority.Renewal.OrTimeout();
    }
}
