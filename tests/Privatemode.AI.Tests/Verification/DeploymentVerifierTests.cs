using Privatemode.AI.Internal;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Verification;

/// <summary>One verdict for everybody, renewed before it ends, given up when it is not true any more.</summary>
public sealed class DeploymentVerifierTests : IAsyncLifetime
{
    private const string Key = "test-api-key";

    private DeploymentScene _scene = null!;
    private DeploymentVerifier _authority = null!;
    private int _changes;

    public async Task InitializeAsync()
    {
        _scene = await DeploymentScene.StartAsync(hasCertificates: true);
        Use(_scene.Authority());
    }

    public async Task DisposeAsync()
    {
        _authority.Dispose();
        await _scene.DisposeAsync();
    }

    [Fact]
    public async Task Get_ManyCallers_AskOnce()
    {
        Task<VerifiedMesh>[] callers =
        [
            .. Enumerable.Range(0, 50).Select(_ => Task.Run(() => GetAsync())),
            .. Enumerable.Range(0, 4).Select(_ => TestTimeouts.OnOwnThread(() => _authority.GetAsync(null, Key, async: false, default).Completed())),
        ];
        VerifiedMesh[] meshes = await Task.WhenAll(callers).OrTimeout();
        Assert.Single(meshes.Distinct());
        Assert.Equal(1, Attestations);
        Assert.Equal(0, _changes);
    }

    [Fact]
    public async Task Get_BeforeTheEnd_RenewsWhileCallersGoOn()
    {
        VerifiedMesh first = await GetAsync();
        _scene.Time.Advance(TimeSpan.FromHours(23));
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.Delay(TimeSpan.FromSeconds(5)));
        Assert.Same(first, await GetAsync());
        Task renewal = _authority.Renewal;
        await _scene.AskedAsync(EvidenceSource.Attestation, 2);
        for (int i = 0; i < 10; i++)
        {
            Assert.Same(first, await GetAsync());
            Assert.Same(first, _authority.GetAsync(null, Key, async: false, default).Completed());
        }

        Assert.False(renewal.IsCompleted);
        _ = await _scene.PassPausesAsync(renewal);
        VerifiedMesh second = await GetAsync();
        Assert.NotSame(first, second);
        Assert.True(second.Deployment.ValidUntil > first.Deployment.ValidUntil);
        Assert.Equal((2, 0), (Attestations, _changes));
    }

    [Fact]
    public async Task Get_RenewalIsRefused_ThrowsAndStopsUsingTheOldVerification()
    {
        _ = await GetAsync();
        _scene.Time.Advance(TimeSpan.FromHours(23));
        _scene.Deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        _ = await GetAsync();
        await _authority.Renewal.OrTimeout();
        Assert.Equal(1, _changes);
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => GetAsync());
    }

    [Fact]
    public async Task Get_ServiceUnreachableDuringRenewal_VerificationStaysValidUntilItExpires()
    {
        VerifiedMesh first = await GetAsync();
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.UnencryptedError(503), times: 100);
        _scene.Time.Advance(TimeSpan.FromHours(23));
        Assert.Same(first, await GetAsync());
        await _authority.Renewal.OrTimeout();
        Assert.Same(first, await GetAsync());
        await _authority.Renewal.OrTimeout();
        Assert.Equal(0, _changes);
        _scene.Time.JumpTo(first.Deployment.ValidUntil.AddTicks(-1));
        Assert.Same(first, await GetAsync());
        await _authority.Renewal.OrTimeout();
        _scene.Time.JumpTo(first.Deployment.ValidUntil);
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => GetAsync());
    }

    [Fact]
    public async Task Get_ClockWasSetBack_VerifiesAnew()
    {
        // All within one day: documents from a later day than the clock's would be refused, because older ones must not replace them.
        _scene.Time.JumpTo(new DateTimeOffset(_scene.Time.GetUtcNow().UtcDateTime.Date.AddHours(36), TimeSpan.Zero));
        _scene.Time.Advance(TimeSpan.FromHours(3));
        _ = await GetAsync();
        _scene.Time.JumpTo(_scene.Time.GetUtcNow().AddSeconds(-50));
        _ = await GetAsync();
        Assert.Equal(1, Attestations);
        _scene.Time.JumpTo(_scene.Time.GetUtcNow().AddHours(-2));
        _ = await GetAsync();
        Assert.Equal(2, Attestations);
    }

    // Set back a little at a time, the wall clock never stands before the verdict.
    [Fact]
    public async Task Get_ClockIsSetBackRepeatedly_VerificationStillExpires()
    {
        VerifiedMesh first = await GetAsync();
        DateTimeOffset start = _scene.Time.GetUtcNow();
        TimeSpan length = first.Deployment.ValidUntil - first.Deployment.VerifiedAt;
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.UnencryptedError(503), times: 1000);
        for (TimeSpan passed = TimeSpan.Zero; passed < length - TimeSpan.FromHours(1); passed += TimeSpan.FromHours(1))
        {
            _scene.Time.Advance(TimeSpan.FromHours(1));
            _scene.Time.JumpTo(start);
            Assert.Same(first, await GetAsync());
            await _authority.Renewal.OrTimeout();
        }

        _scene.Time.Advance(TimeSpan.FromHours(1));
        _scene.Time.JumpTo(start);
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => GetAsync());
    }

    [Fact]
    public async Task Get_MachineSleptAndThenItsClockIsSetBack_VerificationStillExpires()
    {
        VerifiedMesh first = await GetAsync();
        TimeSpan length = first.Deployment.ValidUntil - first.Deployment.VerifiedAt;
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.UnencryptedError(503), times: 1000);
        DateTimeOffset start = _scene.Time.GetUtcNow();
        _scene.Time.JumpTo(start + (length / 2)); // the monotonic clock stands while the machine sleeps
        Assert.Same(first, await GetAsync());
        await _authority.Renewal.OrTimeout();
        _scene.Time.JumpTo(start);
        _scene.Time.Advance((length / 2) - TimeSpan.FromMinutes(1));
        Assert.Same(first, await GetAsync());
        await _authority.Renewal.OrTimeout();

        _scene.Time.Advance(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => GetAsync());
    }

    [Fact]
    public async Task Get_CallsUsedAnotherVerificationAfterTheSleep_RenewedOneStillExpires()
    {
        VerifiedMesh first = await GetAsync();
        DateTimeOffset start = _scene.Time.GetUtcNow();
        TimeSpan length = first.Deployment.ValidUntil - first.Deployment.VerifiedAt;
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.UnencryptedError(503), times: 1000);
        _scene.Time.JumpTo(start + (length / 2));
        Assert.True(_authority.IsTrusted(first.Deployment)); // asked by each call
        _scene.Time.JumpTo(start);
        _scene.Time.Advance(length / 2);

        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => GetAsync());
    }

    [Fact]
    public async Task Get_ManifestWasReplaced_IsNoticedWithinMinutesAndTold()
    {
        VerifiedMesh first = await GetAsync();
        _scene.Deployment.Evidence.ChangeManifest();
        _scene.Time.Advance(TimeSpan.FromMinutes(6));
        Assert.Same(first, await GetAsync());
        await _authority.Renewal.OrTimeout();
        VerifiedMesh second = await GetAsync();
        Assert.NotEqual(first.Deployment.ManifestSha256, second.Deployment.ManifestSha256);

        // The mesh CA stayed, but what was agreed under the old manifest must not be used under the new one.
        Assert.Equal(first.Deployment.MeshCaSha256, second.Deployment.MeshCaSha256);
        Assert.Equal(1, _changes);
    }

    [Fact]
    public async Task Get_ManifestStays_LooksEveryFiveMinutesAndVerifiesNothing()
    {
        _ = await GetAsync();
        int asked = _scene.Asked(EvidenceSource.Manifest);
        for (int minute = 0; minute < 12; minute++)
        {
            _scene.Time.Advance(TimeSpan.FromMinutes(1));
            _ = await GetAsync();
            await _authority.Renewal.OrTimeout();
        }

        Assert.Equal((2, 1), (_scene.Asked(EvidenceSource.Manifest) - asked, Attestations));
    }

    [Fact]
    public async Task Get_UsersCallbackThrowsInTheBackground_IsNotLeftUnobserved()
    {
        bool throws = false;
        Use(_scene.Authority(options => options.Verification.Manifest = ManifestPolicy.RequireApproval(
            (_, _) => throws ? throw new InvalidOperationException("mine") : new ValueTask<bool>(true))));
        VerifiedMesh first = await GetAsync();
        throws = true;
        _scene.Deployment.Evidence.ChangeManifest();
        _scene.Time.Advance(TimeSpan.FromMinutes(6));
        Assert.Same(first, await GetAsync());
        await _authority.Renewal.OrTimeout();
        Assert.Equal("mine", (await Assert.ThrowsAsync<InvalidOperationException>(() => _authority.VerifyNowAsync(Key, default).AsTask())).Message);
    }

    [Fact]
    public async Task Get_CalledWithSuppressedExecutionContext_StillRenews()
    {
        _ = await GetAsync();
        _scene.Time.Advance(TimeSpan.FromHours(23));
        using (ExecutionContext.SuppressFlow())
        {
            _ = _authority.GetAsync(null, Key, async: false, default).Completed();
        }

        await _authority.Renewal.OrTimeout();
        Assert.Equal(2, Attestations);
    }

    [Fact]
    public async Task Get_OneCallerIsCancelled_TheOthersGoOn()
    {
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.NoResponse);
        using CancellationTokenSource cancellation = new();
        Task<VerifiedMesh> first = _authority.GetAsync(null, Key, async: true, cancellation.Token).AsTask();
        await _scene.AskedAsync(EvidenceSource.Attestation, 1);
        Task<VerifiedMesh> second = GetAsync();
        Task<VerifiedMesh> third = TestTimeouts.OnOwnThread(() => _authority.GetAsync(null, Key, async: false, default).Completed());
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.OrTimeout());
        Assert.Same(await second.OrTimeout(), await third);
        Assert.Equal(2, Attestations);
    }

    [Fact]
    public async Task Get_MeshWasRejected_VerifiesOnceForAllWhoRejectIt()
    {
        VerifiedMesh first = await GetAsync();
        VerifiedMesh[] others = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => _authority.GetAsync(first, Key, async: true, default).AsTask())).OrTimeout();
        Assert.Single(others.Distinct());
        Assert.NotSame(first, others[0]);
        Assert.Equal(2, Attestations);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Get_PublisherWasBehind_LooksOnceMore(bool async)
    {
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Manifest, Fault.OutdatedManifest);
        VerifiedMesh mesh = await TestTimeouts.OnOwnThread(() => GetAsync(async).GetAwaiter().GetResult());
        Assert.Equal(_scene.Deployment.Evidence.Manifest.ToArray(), mesh.Deployment.Manifest.ToArray());
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Manifest, Fault.OutdatedManifest, times: 2);
        PrivatemodeVerificationException exception =
            await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => _authority.VerifyNowAsync(Key, default).AsTask());
        Assert.Equal("manifest-match", exception.ErrorType);
    }

    [Fact]
    public async Task Get_DeploymentMovedToAManifestThatCannotBeAccepted_SaysWhyItCannot()
    {
        _ = await GetAsync();
        _scene.Deployment.Evidence.Defect = EvidenceDefect.ManifestAllowsDebug;
        PrivatemodeVerificationException exception =
            await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => _authority.VerifyNowAsync(Key, default).AsTask());
        Assert.Equal("manifest-snp-debug", exception.ErrorType);
    }

    // A client that runs is no more lenient than one that starts: nothing new is agreed under a manifest that was withdrawn.
    [Fact]
    public async Task Get_ManifestChangedAndDeploymentUnreachable_NoNewSessionUnderTheOldVerification()
    {
        VerifiedMesh first = await GetAsync();
        _scene.Deployment.Evidence.ChangeManifest();
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.UnencryptedError(503), times: 2);
        _scene.Time.Advance(TimeSpan.FromMinutes(6));
        Assert.Same(first, await GetAsync());
        await _authority.Renewal.OrTimeout();
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => GetAsync());
        Assert.Null(_authority.Health.Deployment);
        Assert.NotEqual(first.Deployment.ManifestSha256, (await GetAsync()).Deployment.ManifestSha256);
    }

    // The user may think for hours: what was proved before is given up at once.
    [Fact]
    public async Task Get_UserIsAskedAboutANewManifest_OldVerificationIsDroppedFirst()
    {
        TaskCompletionSource<bool> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        bool isFirst = true;
        Use(_scene.Authority(options => options.Verification.Manifest = ManifestPolicy.RequireApproval((_, _) =>
        {
            if (isFirst)
            {
                isFirst = false;
                return new(true);
            }

            asked.SetResult();
            return new(answer.Task);
        })));
        VerifiedDeployment first = (await GetAsync()).Deployment;
        _scene.Deployment.Evidence.ChangeManifest();
        _scene.Time.Advance(TimeSpan.FromMinutes(6));
        _ = await GetAsync();
        await asked.Task.OrTimeout();
        Assert.False(_authority.IsTrusted(first));
        Assert.Equal(1, _changes);
        _scene.Time.Advance(TimeSpan.FromHours(25));
        answer.SetResult(true);
        await _authority.Renewal.OrTimeout();
        VerifiedMesh second = await GetAsync();
        Assert.Equal(_scene.Time.GetUtcNow(), second.Deployment.VerifiedAt);
        Assert.Equal(ManifestSource.Approved, second.Deployment.ManifestSource);
    }

    [Fact]
    public async Task Trusts_OnlyWhatIsTrustedNow()
    {
        VerifiedDeployment first = (await GetAsync()).Deployment;
        _ = await _authority.VerifyNowAsync(Key, default);
        Assert.True(_authority.IsTrusted(first));
        _scene.Deployment.RotateMeshCa();
        _ = await _authority.VerifyNowAsync(Key, default);
        Assert.False(_authority.IsTrusted(first));
        Assert.Equal(1, _changes);

        // The same CA under another manifest.
        VerifiedDeployment rotated = (await GetAsync()).Deployment;
        _scene.Deployment.Evidence.ChangeManifest();
        Assert.Equal(rotated.MeshCaSha256, (await _authority.VerifyNowAsync(Key, default)).Deployment.MeshCaSha256);
        Assert.False(_authority.IsTrusted(rotated));
        IEnumerable<RecordedRequest> attestations = _scene.Deployment.AllRequests.Where(request => request.PathAndQuery == "/privatemode/v1/attest");
        Assert.Distinct(attestations.Select(request => request.WireBodyText));
        _scene.Deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        VerifiedDeployment second = (await GetAsync()).Deployment;
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => _authority.VerifyNowAsync(Key, default).AsTask());
        Assert.False(_authority.IsTrusted(second));
    }

    [Fact]
    public async Task Get_ManifestIsNotThePinnedOne_IsRefused()
    {
        Use(_scene.Authority(options => options.Verification.Manifest = ManifestPolicy.Pinned(_scene.Deployment.Evidence.Manifest)));
        Assert.Equal(ManifestSource.Pinned, (await GetAsync()).Deployment.ManifestSource);
        _scene.Deployment.Evidence.ChangeManifest();
        PrivatemodeVerificationException exception =
            await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => _authority.VerifyNowAsync(Key, default).AsTask());
        Assert.Equal(ManifestPolicyEvaluator.PinCheck, exception.ErrorType);
        Assert.Equal(0, _scene.Asked(EvidenceSource.Manifest));
    }

    [Fact]
    public async Task Dispose_RenewalUnderWay_EndsIt()
    {
        _ = await GetAsync();
        _scene.Time.Advance(TimeSpan.FromHours(23));
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.NoResponse);
        _ = await GetAsync();
        await _scene.AskedAsync(EvidenceSource.Attestation, 2);
        _authority.Dispose();
        await _authority.Renewal.OrTimeout();
        Assert.Equal(0, _changes);
    }

    [Fact]
    public async Task Verify_DisposedMeanwhile_SaysSoInsteadOfCancelled()
    {
        PrivatemodeClient client = _scene.Client();
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.NoResponse);
        Task<VerifiedDeployment> verifying = client.VerifyAsync();
        await _scene.AskedAsync(EvidenceSource.Attestation, 1);
        client.Dispose();
        foreach (Task<VerifiedDeployment> late in (Task<VerifiedDeployment>[])[verifying, client.VerifyAsync()])
        {
            ObjectDisposedException exception = await Assert.ThrowsAsync<ObjectDisposedException>(() => late.OrTimeout());
            Assert.EndsWith(nameof(PrivatemodeClient), exception.ObjectName, StringComparison.Ordinal);
        }
    }

    private int Attestations => _scene.Asked(EvidenceSource.Attestation);

    private Task<VerifiedMesh> GetAsync() => GetAsync(async: true).OrTimeout();

    private Task<VerifiedMesh> GetAsync(bool async) => _authority.GetAsync(null, Key, async, default).AsTask();

    private void Use(DeploymentVerifier authority)
    {
        _authority = authority;
        authority.Changed = () => _changes++;
    }
}
