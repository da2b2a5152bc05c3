using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Privatemode.AI.DependencyInjection;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Verification;

/// <summary>What becomes of manifests when publisher, deployment, user and process take turns. See docs/manifests.md.</summary>
public sealed class ManifestSequenceTests : IAsyncLifetime
{
    private readonly List<PrivatemodeClient> _clients = [];
    private readonly List<ManifestUpdate> _asked = [];
    private readonly DirectoryInfo _log = Directory.CreateTempSubdirectory("privatemode-sequence-");
    private readonly CapturingLoggerFactory _lines = new();
    private DeploymentScene _scene = null!;
    private ManifestPublisher _publisher = null!;
    private byte[] _first = null!;
    private bool _approves = true;

    public async Task InitializeAsync()
    {
        _scene = await DeploymentScene.StartAsync(hasCertificates: true);
        _publisher = await ManifestPublisher.StartAsync();
        _first = _scene.Deployment.Evidence.Manifest.ToArray();
        _publisher.Name(_first);
    }

    public async Task DisposeAsync()
    {
        foreach (PrivatemodeClient client in _clients)
        {
            await client.DisposeAsync();
        }

        await _publisher.DisposeAsync();
        await _scene.DisposeAsync();
        _log.Delete(recursive: true);
    }

    [Fact]
    public async Task Verify_PublisherNamesWhatNoDeploymentProves_IsClosedAndNothingIsAdopted()
    {
        PrivatemodeClient client = Restart();
        _ = await client.VerifyAsync().OrTimeout();
        _publisher.Name(Unproved(7));
        PrivatemodeVerificationException exception = await ClosedAsync(client);
        Assert.Equal("manifest-match", exception.ErrorType);
        Assert.Contains($"{Digest(Unproved(7))}, which no deployment has proved", exception.Message, StringComparison.Ordinal);
        Assert.Equal([Digest(_first)], Adopted());
        Assert.InRange(_log.GetFiles("*", SearchOption.AllDirectories).Sum(file => file.Length), 1, _first.Length + 2048);
        _publisher.Name(_first);
        Assert.Equal(Digest(_first), (await client.VerifyAsync().OrTimeout()).ManifestSha256);
        _publisher.GoAway();
        Assert.Equal(ManifestSource.LastAdopted, (await Restart().VerifyAsync().OrTimeout()).ManifestSource);
        Assert.Equal([Digest(_first)], Adopted());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Verify_PublisherIsSilentAfterAnUnprovedManifest_StaysClosed(bool restarts)
    {
        byte[] unproved = Unproved(7);
        PrivatemodeClient client = Restart();
        _ = await client.VerifyAsync().OrTimeout();
        _publisher.Name(unproved);
        await ClosedAsync(client);
        _publisher.GoAway();
        for (int day = 0; day < 3; day++)
        {
            client = restarts ? Restart() : client;
            PrivatemodeVerificationException exception = await ClosedAsync(client);
            Assert.Equal((ManifestPolicyEvaluator.UnprovedCheck, Digest(unproved), Digest(_first)), (exception.ErrorType, exception.Expected, exception.Found));
            Assert.Contains("until the publisher names a manifest that the deployment proves", exception.Message, StringComparison.Ordinal);
            _scene.Time.Advance(TimeSpan.FromDays(1));
        }

        _publisher.Name("<html>please log in</html>"u8);
        await ClosedAsync(client);
        _publisher.Name(_first);
        Assert.Null(await AskAsync(client));
    }

    [Fact]
    public async Task Verify_DeploymentCannotBeReachedAfterANewManifestWasNamed_SilenceDoesNotBringTheOldOneBack()
    {
        _ = await Restart().VerifyAsync().OrTimeout();
        _publisher.Name(Unproved(7));
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.UnencryptedError(403));
        Assert.NotNull(await Record.ExceptionAsync(() => Restart().VerifyAsync()).OrTimeout());
        _publisher.GoAway();
        await ClosedAsync(Restart());
    }

    [Fact]
    public async Task Verify_DeploymentDoesNotProveItself_TheUserIsNotAskedAndNothingIsAdopted()
    {
        _scene.Deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        await ClosedAsync(RestartApproving());
        Assert.Empty(_asked);
        Assert.Empty(Adopted());
        _scene.Deployment.Evidence.Defect = EvidenceDefect.None;
        Assert.Null(await AskAsync(RestartApproving()));
        Assert.Single(_asked);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ask_UserDoesNotApproveTheNewManifest_TheApprovedOneGoesOnWhileTheDeploymentProvesIt(bool restarts)
    {
        byte[] unapproved = Unproved(7);
        PrivatemodeClient client = RestartApproving();
        Assert.Null(await AskAsync(client));
        _publisher.Name(unapproved);
        _approves = false;
        for (int day = 0; day < 3; day++)
        {
            client = restarts ? RestartApproving() : client;
            VerifiedDeployment deployment = await client.VerifyAsync().OrTimeout();
            Assert.Equal((Digest(_first), Digest(unapproved)), (deployment.ManifestSha256, deployment.UnapprovedManifestSha256));
            Assert.Contains(deployment.Warnings, warning => warning.Contains(Digest(unapproved), StringComparison.Ordinal));
            Assert.Contains(Digest(unapproved), deployment.ToJson(), StringComparison.Ordinal);
            HealthCheckResult health = await HealthAsync(client);
            Assert.Equal((HealthStatus.Degraded, Digest(unapproved)), (health.Status, health.Data["unapprovedManifestSha256"]));
            Assert.Null(await AskAsync(client));
            Assert.Equal((2, false), (_asked.Count, _asked[1].IsDeployed));
            _scene.Time.Advance(TimeSpan.FromDays(1));
        }

        Assert.Contains(_lines.Lines, line => line.Contains("ManifestNotApproved", StringComparison.Ordinal));
        _publisher.Name(Unproved(8));
        _ = await client.VerifyAsync().OrTimeout();
        Assert.Equal(3, _asked.Count);
        _publisher.GoAway();
        Assert.Null(await AskAsync(RestartApproving()));
        _publisher.Name(_first);
        VerifiedDeployment again = await client.VerifyAsync().OrTimeout();
        Assert.Null(again.UnapprovedManifestSha256);
        Assert.Equal(HealthStatus.Healthy, (await HealthAsync(client)).Status);
        Assert.Equal([Digest(_first)], Adopted());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Verify_UserApprovesWhatTheDeploymentDoesNotProveYet_IsClosedAndAskedOnce(bool restarts)
    {
        PrivatemodeClient client = RestartApproving();
        Assert.Null(await AskAsync(client));
        _publisher.Name(Unproved(2));
        for (int i = 0; i < 3; i++)
        {
            client = restarts ? RestartApproving() : client;
            Assert.Equal(ManifestPolicyEvaluator.UnprovedCheck, (await ClosedAsync(client)).ErrorType);
            Assert.Equal(2, _asked.Count);
        }

        _publisher.GoAway();
        await ClosedAsync(client);
        _publisher.Name(Unproved(2));
        _scene.Deployment.Evidence.ChangeManifest();
        Assert.Null(await AskAsync(client));
        Assert.Equal(2, _asked.Count);
        Assert.Equal([Digest(_first), Digest(Unproved(2))], Adopted());
    }

    // The publisher's question and the user's answer: a deployment that moved to what was refused is not used, and nobody is asked twice.
    [Fact]
    public async Task Verify_DeploymentMovesToWhatTheUserRefused_IsRefusedUntilItProvesTheApprovedOne()
    {
        await using DeploymentScene moved = await DeploymentScene.StartAsync(hasCertificates: true);
        moved.Deployment.Evidence.ChangeManifest();
        Assert.Null(await AskAsync(RestartApproving()));
        _publisher.Name(moved.Deployment.Evidence.Manifest.Span);
        _approves = false;
        for (int i = 0; i < 2; i++)
        {
            PrivatemodeVerificationException exception =
                await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => RestartApproving(moved).VerifyAsync().OrTimeout());
            Assert.Equal(ManifestPolicyEvaluator.ApprovalCheck, exception.ErrorType);
        }

        Assert.Equal(0, moved.Deployment.KeyExchangeCount);
        Assert.Null(await AskAsync(RestartApproving()));
        Assert.Equal((2, true), (_asked.Count, _asked[1].IsDeployed));
    }

    // The message says which file to delete. It must not be the one that keeps a withdrawn deployment out while an attacker blocks the publisher.
    [Fact]
    public async Task Verify_OperatorDeletesTheFileThatTheRefusalNames_TheWithdrawnDeploymentDoesNotReturn()
    {
        await using DeploymentScene moved = await DeploymentScene.StartAsync(hasCertificates: true);
        moved.Deployment.Evidence.ChangeManifest();
        Assert.Null(await AskAsync(RestartApproving()));
        _publisher.Name(moved.Deployment.Evidence.Manifest.Span);
        _approves = false;
        PrivatemodeVerificationException refused =
            await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => RestartApproving(moved).VerifyAsync().OrTimeout());
        string name = Regex.Match(refused.Message, @"delete ""?([^"" ]+\.txt)").Groups[1].Value;
        string file = Path.Combine(_log.FullName, ManifestLog.InsecureLoopbackDirectoryName, name);
        Assert.True(File.Exists(file), refused.Message);
        File.Delete(file);

        _publisher.GoAway();
        Assert.Equal(ManifestPolicyEvaluator.UnprovedCheck, (await ClosedAsync(RestartApproving())).ErrorType);

        _publisher.Name(moved.Deployment.Evidence.Manifest.Span);
        _approves = true;
        Assert.Null(await AskAsync(RestartApproving(moved)));
        Assert.Equal(3, _asked.Count);
    }

    [Fact]
    public async Task Verify_DeploymentReturnsToAnEarlierManifest_IsANewEntryAWarningAndANewQuestion()
    {
        await using DeploymentScene earlier = await DeploymentScene.StartAsync(hasCertificates: true);
        _ = await RestartApproving().VerifyAsync().OrTimeout();
        _scene.Deployment.Evidence.ChangeManifest();
        _publisher.Name(_scene.Deployment.Evidence.Manifest.Span);
        _ = await RestartApproving().VerifyAsync().OrTimeout();
        Assert.Equal(2, _asked.Count);
        _publisher.Name(_first);
        VerifiedDeployment returned = await RestartApproving(earlier).VerifyAsync().OrTimeout();
        Assert.Equal(Digest(_first), returned.ManifestSha256);
        Assert.Equal(3, _asked.Count);
        Assert.Contains(returned.Warnings, warning => warning.Contains("earlier", StringComparison.Ordinal));
        Assert.NotNull(_asked[2].PreviouslyAdoptedAt);
        Assert.Contains(_lines.Lines, line => line.Contains("ManifestReturned", StringComparison.Ordinal));
        Assert.Equal([_asked[0].NewSha256, _asked[1].NewSha256, _asked[0].NewSha256], Adopted());
    }

    [Fact]
    public async Task Verify_UnderTestTrust_TheApplicationsLogIsNotTouched()
    {
        _ = await Restart().VerifyAsync().OrTimeout();
        Assert.Empty(_log.GetFiles());
        Assert.True(ManifestLog.Read(Path.Combine(_log.FullName, ManifestLog.InsecureLoopbackDirectoryName)).IsInsecureLoopback);
        Assert.Empty(ManifestLog.Read(_log.FullName).Entries);
    }

    // A failed recording stops the manifest's use: no verdict, no keys.
    [Fact]
    public async Task Ask_AdoptionCannotBeRecorded_NoKeysAreExchanged()
    {
        _ = await Restart().VerifyAsync().OrTimeout();
        string separate = Path.Combine(_log.FullName, ManifestLog.InsecureLoopbackDirectoryName);
        _scene.Deployment.Evidence.ChangeManifest();
        _publisher.Name(_scene.Deployment.Evidence.Manifest.Span);
        _ = Directory.CreateDirectory(Path.Combine(separate, "2.json", "in the way"));
        PrivatemodeClient client = Restart();
        Assert.Equal("Verification.Manifest", Assert.IsType<PrivatemodeConfigurationException>(await AskAsync(client)).Setting);
        Assert.Null(client.Health.Deployment);
        Assert.Equal(0, _scene.Deployment.KeyExchangeCount);
        Assert.Equal([Digest(_first)], Adopted());
        Directory.Delete(Path.Combine(separate, "2.json"), recursive: true);
        Assert.Null(await AskAsync(client));
    }

    /// <summary>Whatever a publisher names to whom in which order, the log stays sound, and naming the proved manifest opens all clients again.</summary>
    [Fact]
    public async Task Verify_SeveralProcessesAndAPublisherThatSaysOneThingAndAnother_EndsWithTheProvedManifest()
    {
        PrivatemodeClient[] clients = [.. Enumerable.Range(0, 6).Select(_ => Restart())];
        _ = await clients[0].VerifyAsync().OrTimeout();
        for (int round = 0; round < 4; round++)
        {
            Task<Exception?>[] verifying = [.. clients.Select(client => Record.ExceptionAsync(() => client.VerifyAsync()))];
            _publisher.Name(Unproved(7 + round));
            Exception?[] failures = await Task.WhenAll(verifying).OrTimeout();
            Assert.All(failures, failure => Assert.True(failure is null or PrivatemodeVerificationException, $"{failure}"));
            await ClosedAsync(clients[round]);
            _publisher.Name(_first);
            Assert.All(await Task.WhenAll(clients.Select(AskAsync)).OrTimeout(), Assert.Null);
        }

        _publisher.GoAway();
        Assert.Null(await AskAsync(Restart()));
        Assert.Equal([Digest(_first)], Adopted());
    }

    [Theory]
    [InlineData("2026-11-28T22:00:00.000Z unproved sha")]
    [InlineData("garbage\n")]
    [InlineData("\n")]
    [InlineData("a")]
    public async Task Ask_RecordOfPendingManifestsCannotBeRead_IsClosedUntilThePublisherNamesTheProvedOne(string text)
    {
        _ = await Restart().VerifyAsync().OrTimeout();
        await File.WriteAllTextAsync(Path.Combine(_log.FullName, ManifestLog.InsecureLoopbackDirectoryName, PendingManifests.FileName), text);
        _publisher.GoAway();
        await ClosedAsync(Restart());
        _publisher.Name(_first);
        Assert.Null(await AskAsync(Restart()));
        _publisher.GoAway();
        Assert.Null(await AskAsync(Restart()));
    }

    private static async Task<HealthCheckResult> HealthAsync(PrivatemodeClient client)
    {
        PrivatemodeHealthCheck check = new(client, new PrivatemodeOptions(), TestTimeouts.Default);
        HealthCheckContext context = new() { Registration = new("privatemode", Substitute, HealthStatus.Unhealthy, []) };
        return await check.CheckHealthAsync(context).OrTimeout();
    }

    private static IHealthCheck Substitute(IServiceProvider services) => throw new NotSupportedException();

    private PrivatemodeClient Restart() => Restart(_scene, ManifestPolicy.Latest(_log.FullName));

    private PrivatemodeClient RestartApproving(DeploymentScene? scene = null) => Restart(
        scene ?? _scene,
        ManifestPolicy.RequireApproval(
            (update, _) =>
            {
                _asked.Add(update);
                return new ValueTask<bool>(_approves);
            },
            _log.FullName));

    /// <summary>A new client, which shares nothing but the log with the ones before, as in a new process.</summary>
    private PrivatemodeClient Restart(DeploymentScene scene, ManifestPolicy policy)
    {
        PrivatemodeClient client = scene.Deployment.CreateClient(options =>
        {
            options.Verification.InsecureLoopbackTrust = _publisher.TrustOf(scene.Deployment);
            options.Verification.Manifest = policy;
            options.TimeProvider = _scene.Time;
            options.LoggerFactory = _lines;
        });
        _clients.Add(client);
        return client;
    }

    /// <summary>Neither a verification nor a call succeeds, and no key is exchanged.</summary>
    private async Task<PrivatemodeVerificationException> ClosedAsync(PrivatemodeClient client)
    {
        int exchanges = _scene.Deployment.KeyExchangeCount;
        PrivatemodeVerificationException exception = await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => client.VerifyAsync().OrTimeout());
        Assert.IsType<PrivatemodeVerificationException>(await AskAsync(client));
        Assert.Equal(exchanges, _scene.Deployment.KeyExchangeCount);
        return exception;
    }

    private static async Task<Exception?> AskAsync(PrivatemodeClient client) =>
        await Record.ExceptionAsync(() => client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi")).OrTimeout();

    private byte[] Unproved(int revision) => ManifestPublisher.Manifest(revision, _scene.Time.GetUtcNow());

    private IEnumerable<string> Adopted() =>
        ManifestLog.Read(Path.Combine(_log.FullName, ManifestLog.InsecureLoopbackDirectoryName)).Entries.Select(entry => entry.Sha256);

    private static string Digest(ReadOnlyMemory<byte> manifest) => Convert.ToHexStringLower(SHA256.HashData(manifest.Span));
}
