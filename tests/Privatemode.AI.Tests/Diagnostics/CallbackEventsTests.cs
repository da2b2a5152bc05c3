using Microsoft.Extensions.AI;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Diagnostics;

/// <summary>A callback that fails is no refused deployment, and hides none.</summary>
[Collection(ListenersAlone.Name)]
public sealed class CallbackEventsTests : IAsyncLifetime
{
    private const string Key = "test-api-key";

    private readonly CapturingLoggerFactory _logs = new();
    private Exception? _thrown;
    private DeploymentScene _scene = null!;

    public async Task InitializeAsync() => _scene = await DeploymentScene.StartAsync(hasCertificates: true);

    public async Task DisposeAsync() => await _scene.DisposeAsync();

    [Fact]
    public async Task OnVerified_ThrowsAVerificationExceptionInARenewal_EarlierVerificationStaysAndNoErrorIsLogged()
    {
        using TelemetryRecorder recorder = new();
        using DeploymentVerifier verifier = _scene.Authority(Configure);
        int changes = 0;
        verifier.Changed = () => changes++;
        VerifiedMesh first = await verifier.GetAsync(null, Key, async: true, default);
        _thrown = Refusal();
        _scene.Time.Advance(TimeSpan.FromHours(23));
        _ = await verifier.GetAsync(null, Key, async: true, default);
        await verifier.Renewal.OrTimeout();
        Assert.Same(_thrown, verifier.Health.Failure);
        Assert.Equal((first.Deployment, 0), (verifier.Health.Deployment, changes));
        Assert.Contains(_logs.Lines, line => line.Contains("Warning RenewalFailed", StringComparison.Ordinal));
        AssertNoRefusal(recorder);
    }

    [Fact]
    public async Task OnVerified_ThrowsAVerificationException_ReachesTheCallerAndNoErrorIsLogged()
    {
        using TelemetryRecorder recorder = new();
        await using PrivatemodeClient client = _scene.Client(Configure);
        _thrown = Refusal();
        Assert.Same(_thrown, await Record.ExceptionAsync(() => ChatAsync(client)));
        AssertNoRefusal(recorder);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task OnVerified_FailsAfterARestartOfTheService_IsNoRefusedDeployment(int kind)
    {
        using TelemetryRecorder recorder = new();
        await using PrivatemodeClient client = _scene.Client(Configure);
        await ChatAsync(client);
        _scene.Deployment.RotateMeshCa();
        _thrown = Thrown(kind);
        Assert.Same(_thrown, await Record.ExceptionAsync(() => ChatAsync(client)));
        AssertNoRefusal(recorder);
        Assert.Contains(_logs.Lines, line => line.Contains("Information DeploymentReplaced", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Approval_ThrowsAfterAnUpdateOfTheService_IsNoRefusedDeployment()
    {
        using TelemetryRecorder recorder = new();
        await using PrivatemodeClient client = _scene.Client(options =>
        {
            options.LoggerFactory = _logs;
            options.Verification.Manifest = ManifestPolicy.RequireApproval((_, _) => _thrown is null ? new(true) : throw _thrown);
        });
        await ChatAsync(client);
        _scene.Deployment.Evidence.ChangeManifest();
        _scene.Deployment.RotateMeshCa();
        _thrown = new IOException("no connection");
        Assert.Same(_thrown, await Record.ExceptionAsync(() => ChatAsync(client)));
        AssertNoRefusal(recorder);
    }

    // The same deployment answers: nothing explains that the key exchange was altered.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task KeyExchange_IsAlteredAndOnVerifiedFails_LogsOneErrorAndCountsOneRefusal(int kind)
    {
        using TelemetryRecorder recorder = new();
        int verifications = 0;
        await using PrivatemodeClient client = _scene.Client(options =>
        {
            options.LoggerFactory = _logs;
            options.Verification.OnVerified = (_, _) => ++verifications == 1 ? default : throw _thrown!;
        });
        _scene.Deployment.SetSecretServiceDnsNames("other.example");
        _thrown = Thrown(kind);
        Assert.IsType(_thrown.GetType(), await Record.ExceptionAsync(() => ChatAsync(client)));
        Assert.Equal(2, verifications);
        AssertOneRefusal(recorder);
    }

    [Fact]
    public async Task KeyExchange_IsAlteredAndTheClientIsDisposedWhileTheVerificationHangs_LogsOneErrorAndCountsOneRefusal()
    {
        using TelemetryRecorder recorder = new();
        PrivatemodeClient client = _scene.Client(Configure);
        await ChatAsync(client);
        _scene.Deployment.RotateMeshCa();
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.Delay(TimeSpan.FromMinutes(5)));
        Task chat = ChatAsync(client);
        await _scene.AskedAsync(EvidenceSource.Attestation, 2);
        await client.DisposeAsync();
        _ = await Assert.ThrowsAnyAsync<Exception>(() => chat);
        await TestTimeouts.UntilAsync(() => Errors().Length > 0);
        AssertOneRefusal(recorder);
    }

    // A callback may use a client of this library: its exception does not mean that this service is unavailable.
    [Fact]
    public async Task OnVerified_ThrowsAServiceException_IsNotRepeatedAsIfTheServiceWereUnavailable()
    {
        int calls = 0;
        _thrown = new PrivatemodeServiceException(ServiceFailureReason.Unavailable, "the other service");
        await using PrivatemodeClient client = _scene.Client(options => options.Verification.OnVerified = (_, _) =>
        {
            calls++;
            throw _thrown;
        });
        Assert.Same(_thrown, await Record.ExceptionAsync(() => ChatAsync(client)));
        Assert.Equal(1, calls);
    }

    private void Configure(PrivatemodeOptions options)
    {
        options.LoggerFactory = _logs;
        options.Verification.OnVerified = (_, _) => _thrown is null ? default : throw _thrown;
    }

    private static Exception Thrown(int kind) => kind switch
    {
        0 => new IOException("disk full"),
        1 => new TaskCanceledException("the upload took too long"),
        _ => Refusal(),
    };

    private static PrivatemodeVerificationException Refusal() => new("audit", "The auditor refuses.");

    private string[] Errors() => [.. _logs.Lines.Where(line => line.StartsWith("Privatemode.AI Error ", StringComparison.Ordinal))];

    private static string[] Refusals(TelemetryRecorder recorder) =>
        [.. recorder.Measurements.Where(line => line.StartsWith("privatemode.refusals", StringComparison.Ordinal))];

    private void AssertNoRefusal(TelemetryRecorder recorder)
    {
        Assert.Empty(Errors());
        Assert.Empty(Refusals(recorder));
    }

    private void AssertOneRefusal(TelemetryRecorder recorder)
    {
        Assert.Contains("failed: mesh-certificate-", Assert.Single(Errors()), StringComparison.Ordinal);
        Assert.Contains("error.type=mesh-certificate-", Assert.Single(Refusals(recorder)), StringComparison.Ordinal);
    }

    private static Task<ChatResponse> ChatAsync(PrivatemodeClient client) => client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout();
}
