using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.DependencyInjection;

/// <summary>What a host says about the deployment.</summary>
public sealed class HealthCheckTests : IAsyncLifetime
{
    private DeploymentScene _scene = null!;

    public async Task InitializeAsync() => _scene = await DeploymentScene.StartAsync(hasCertificates: true);

    public async Task DisposeAsync() => await _scene.DisposeAsync();

    [Fact]
    public async Task Check_NothingKnownYet_VerifiesAndIsHealthy()
    {
        await using ServiceProvider provider = Provider();
        HealthReportEntry entry = await CheckAsync(provider);
        Assert.Equal(HealthStatus.Healthy, entry.Status);
        Assert.Equal(TimeSpan.Zero, entry.Data["evidenceAge"]);
        VerifiedDeployment proof = await provider.GetRequiredService<PrivatemodeClient>().VerifyAsync();
        Assert.Equal(proof.ManifestSha256, entry.Data["manifestSha256"]);
        Assert.Equal(proof.ValidUntil, entry.Data["validUntil"]);
    }

    [Fact]
    public async Task Check_Verified_TellsTheAgeAndSendsNothing()
    {
        await using ServiceProvider provider = Provider();
        _ = await CheckAsync(provider);
        int requests = _scene.Deployment.AllRequests.Count;
        _scene.Time.Advance(TimeSpan.FromMinutes(7));
        Assert.Equal(TimeSpan.FromMinutes(7), (await CheckAsync(provider)).Data["evidenceAge"]);
        Assert.Equal(requests, _scene.Deployment.AllRequests.Count);
    }

    [Fact]
    public async Task Check_RenewalFails_IsDegradedWhileTheVerificationIsValidThenHealthyAgain()
    {
        await using ServiceProvider provider = Provider();
        _ = await CheckAsync(provider);
        _scene.Time.Advance(TimeSpan.FromHours(23));
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.UnencryptedError(503), times: 1);
        await AskAsync(provider);
        HealthReportEntry entry = await UntilAsync(provider, HealthStatus.Degraded);
        Assert.Equal(TimeSpan.FromHours(23), entry.Data["evidenceAge"]);
        Assert.IsType<PrivatemodeServiceException>(entry.Exception);

        _scene.Time.Advance(TimeSpan.FromMinutes(50));
        await AskAsync(provider);
        Assert.Equal(TimeSpan.Zero, (await UntilAsync(provider, HealthStatus.Healthy)).Data["evidenceAge"]);
    }

    [Fact]
    public async Task Check_DeploymentDoesNotProveItself_IsWhatFailureCountsAs()
    {
        _scene.Deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        await using ServiceProvider provider = Provider();
        HealthReportEntry entry = await CheckAsync(provider);
        Assert.Equal(HealthStatus.Unhealthy, entry.Status);
        Assert.IsType<PrivatemodeVerificationException>(entry.Exception);
        await using ServiceProvider lenient = Provider(failureStatus: HealthStatus.Degraded);
        Assert.Equal(HealthStatus.Degraded, (await CheckAsync(lenient)).Status);
    }

    // Each verification is a request to the service and, if it fails, an error in the log.
    [Fact]
    public async Task Check_DeploymentIsRefusedAndAProbeComesEveryTenSeconds_DoesNotVerifyAtEachProbe()
    {
        _scene.Deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        await using ServiceProvider provider = Provider();
        for (int probe = 0; probe < 6; probe++)
        {
            HealthReportEntry entry = await CheckAsync(provider);
            Assert.Equal((HealthStatus.Unhealthy, true), (entry.Status, entry.Exception is PrivatemodeVerificationException));
            _scene.Time.Advance(TimeSpan.FromSeconds(10));
        }

        Assert.Equal(2, _scene.Asked(EvidenceSource.Attestation));
        _scene.Deployment.Evidence.Defect = EvidenceDefect.None;
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(provider)).Status);
    }

    // A call does not wait for the next probe.
    [Fact]
    public async Task Check_DeploymentWasRefusedAndACallSucceeds_IsHealthyAtOnce()
    {
        _scene.Deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        await using ServiceProvider provider = Provider();
        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync(provider)).Status);
        _scene.Deployment.Evidence.Defect = EvidenceDefect.None;
        await AskAsync(provider);
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(provider)).Status);
    }

    [Theory]
    [InlineData(null, 3)]
    [InlineData(8, 8)]
    public async Task Check_Offline_AnswersWithinTheTimeoutAndGoesOn(int? timeout, int seconds)
    {
        // The rest is shorter than the timeout of the next check, whether that begins before the clock moves or afterwards.
        TimeSpan delay = TimeSpan.FromSeconds(seconds + 1);
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.Delay(delay));
        await using ServiceProvider provider = Provider(timeout: timeout is null ? null : TimeSpan.FromSeconds(timeout.Value));
        Task<HealthReportEntry> checking = CheckAsync(provider);
        _ = await _scene.Time.TimerAsync(due => due == TimeSpan.FromSeconds(seconds)).OrTimeout();
        _ = await _scene.Time.TimerAsync(due => due == delay).OrTimeout();
        Assert.False(checking.IsCompleted);
        _scene.Time.Advance(TimeSpan.FromSeconds(seconds));
        HealthReportEntry entry = await checking.OrTimeout();
        Assert.Equal(HealthStatus.Unhealthy, entry.Status);
        Assert.Contains($"longer than {seconds} s", entry.Description, StringComparison.Ordinal);

        // Nothing begins anew: the next check waits for the same verification.
        Task<HealthReportEntry> next = CheckAsync(provider);
        _scene.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HealthStatus.Healthy, (await next.OrTimeout()).Status);
        Assert.Equal(1, _scene.Asked(EvidenceSource.Attestation));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-2)]
    public void Add_TimeoutIsNotAboveZero_IsRefused(int seconds) => Assert.Throws<ArgumentOutOfRangeException>(
        () => new ServiceCollection().AddHealthChecks().AddPrivatemodeHealthCheck(timeout: TimeSpan.FromSeconds(seconds)));

    [Fact]
    public async Task Check_LaterVerificationFails_IsUnhealthyAtOnce()
    {
        await using ServiceProvider provider = Provider();
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(provider)).Status);
        _scene.Deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => provider.GetRequiredService<PrivatemodeClient>().VerifyAsync());
        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync(provider)).Status);
    }

    [Fact]
    public async Task Check_CallersBringTheirKeys_IsDegradedUntilTheFirstCall()
    {
        string? key = null;
        await using ServiceProvider provider = Provider(options => options.ApiKeyAccessor = _ => new(key));
        Assert.Equal(HealthStatus.Degraded, (await CheckAsync(provider)).Status);
        key = _scene.Deployment.ApiKey;
        await AskAsync(provider);
        key = null;
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(provider)).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Check_CallbackThrows_DoesNotPublishItsMessage(bool isOfOurs)
    {
        Exception thrown = isOfOurs ? new PrivatemodeConfigurationException("Vault", "no entry for key-7") : new TimeoutException("no entry for key-7");
        await using ServiceProvider provider = Provider(options => options.ApiKeyAccessor = _ => throw thrown);
        HealthReportEntry entry = await CheckAsync(provider);
        Assert.Equal((HealthStatus.Unhealthy, thrown), (entry.Status, entry.Exception));
        Assert.Contains("callback", entry.Description, StringComparison.Ordinal);
        Assert.DoesNotContain("key-7", entry.Description, StringComparison.Ordinal);
    }

    // Each verification asks the service, and calls the callback again.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Check_OnVerifiedThrowsAndProbesFollow_NonePublishesItsMessageAndOneVerifies(bool isOfOurs)
    {
        Exception? thrown = isOfOurs ? new PrivatemodeVerificationException("audit", "no entry for key-7") : new TimeoutException("no entry for key-7");
        await using ServiceProvider provider = Provider(options => options.Verification.OnVerified = (_, _) => thrown is null ? default : throw thrown);
        for (int probe = 0; probe < 3; probe++)
        {
            HealthReportEntry entry = await CheckAsync(provider);
            Assert.Equal((HealthStatus.Unhealthy, thrown), (entry.Status, entry.Exception));
            Assert.Contains("callback", entry.Description, StringComparison.Ordinal);
            Assert.DoesNotContain("key-7", entry.Description, StringComparison.Ordinal);
            _scene.Time.Advance(TimeSpan.FromSeconds(10));
        }

        Assert.Equal(1, _scene.Asked(EvidenceSource.Attestation));
        thrown = null;
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(provider)).Status);
    }

    [Fact]
    public async Task Check_ManifestIsNotApproved_DescriptionNamesTheCheckWithoutDirectoriesAndValues()
    {
        await using ServiceProvider provider = Provider(
            options => options.Verification.Manifest = ManifestPolicy.RequireApproval((_, _) => new(false), _scene.DirectoryPath));
        for (int probe = 0; probe < 2; probe++)
        {
            HealthReportEntry entry = await CheckAsync(provider);
            PrivatemodeVerificationException refusal = Assert.IsType<PrivatemodeVerificationException>(entry.Exception);
            Assert.Contains(_scene.DirectoryPath, refusal.Message, StringComparison.Ordinal);
            Assert.Contains("No content was sent that it can read.", refusal.Message, StringComparison.Ordinal);
            Assert.Contains("manifest-approval", entry.Description, StringComparison.Ordinal);
            Assert.DoesNotContain(_scene.DirectoryPath, entry.Description, StringComparison.Ordinal);
            Assert.DoesNotContain(refusal.Found!, entry.Description, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Check_ManifestLogCannotBeUsed_DescriptionHasNoDirectory()
    {
        string file = Path.Combine(_scene.DirectoryPath, "file");
        await File.WriteAllTextAsync(file, "");
        await using ServiceProvider provider = Provider(options => options.Verification.Manifest = ManifestPolicy.Latest(file));
        HealthReportEntry entry = await CheckAsync(provider);
        Assert.Contains(_scene.DirectoryPath, entry.Exception!.Message, StringComparison.Ordinal);
        Assert.Contains("Verification.Manifest", entry.Description, StringComparison.Ordinal);
        Assert.DoesNotContain(_scene.DirectoryPath, entry.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_IsCanceledWhileTheCallbackWaits_IsCanceled()
    {
        using CancellationTokenSource cancellation = new();
        await using ServiceProvider provider = Provider(options => options.ApiKeyAccessor = async token =>
        {
            await cancellation.CancelAsync();
            token.ThrowIfCancellationRequested();
            return null;
        });
        HealthCheckService service = provider.GetRequiredService<HealthCheckService>();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => service.CheckHealthAsync(cancellation.Token).OrTimeout());
    }

    private static async Task<HealthReportEntry> CheckAsync(ServiceProvider provider) =>
        (await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync().OrTimeout()).Entries["privatemode"];

    private static async Task<HealthReportEntry> UntilAsync(ServiceProvider provider, HealthStatus wanted)
    {
        long start = TimeProvider.System.GetTimestamp();
        HealthReportEntry entry = await CheckAsync(provider);
        while (entry.Status != wanted)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < TestTimeouts.Default, $"still {entry.Status}");
            await Task.Yield();
            entry = await CheckAsync(provider);
        }

        return entry;
    }

    private static Task<ChatResponse> AskAsync(ServiceProvider provider) => provider.GetRequiredService<IChatClient>().GetResponseAsync("hi").OrTimeout();

    private ServiceProvider Provider(Action<PrivatemodeOptions>? configure = null, HealthStatus? failureStatus = null, TimeSpan? timeout = null)
    {
        ServiceCollection services = new();
        _ = services.AddPrivatemodeChatClient("gpt-oss-120b");
        _ = services.AddLogging().AddPrivatemode(options =>
        {
            _scene.Deployment.ConfigureClient(options);
            configure?.Invoke(options);
        });
        _ = services.AddHealthChecks().AddPrivatemodeHealthCheck(failureStatus: failureStatus, timeout: timeout);
        return services.BuildServiceProvider();
    }
}
