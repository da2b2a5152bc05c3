using Privatemode.AI.Internal;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Verification;

/// <summary>While the service is away, callers do not fail one after the other, each after a verification of his own.</summary>
public sealed class SharedVerificationTests : IAsyncLifetime
{
    private const string Key = "test-api-key";

    private static readonly TimeSpan HttpTimeout = TimeSpan.FromSeconds(30);

    private DeploymentScene _scene = null!;
    private DeploymentVerifier _authority = null!;

    public static TheoryData<Exception, bool> Failures => new()
    {
        { new PrivatemodeServiceException(ServiceFailureReason.Timeout, "hangs"), true },
        { new PrivatemodeServiceException(ServiceFailureReason.Unavailable, "busy") { Status = 503 }, true },
        { new PrivatemodeServiceException(ServiceFailureReason.Other, "see ServerMessage")
            { Status = 404, ErrorCode = "gone", ServerMessage = "moved", IsServerMessageAuthenticated = true, RequestId = "sdk_1", WasNotSent = true }, true },
        { new PrivatemodeServiceException(ServiceFailureReason.Other, "suspended") { Status = 403, IsApiKeyError = true }, false },
        { new PrivatemodeConfigurationException("ApiKey", "wrong") { IsApiKeyError = true }, false },
        { new PrivatemodeConfigurationException("Verification.Manifest", "The log is on no disk."), true },
        { new PrivatemodeVerificationException("check", "no") { Expected = "this", Found = "that" }, true },
        { new PrivatemodeVerificationException("check", "forged") { Mismatches = [new VerificationMismatch { Check = "No Word" }] }, true },
        { new OperationCanceledException(), false },
        { new InvalidOperationException("a mistake of ours"), false },
    };

    public async Task InitializeAsync()
    {
        _scene = await DeploymentScene.StartAsync(hasCertificates: true);
        _authority = _scene.Authority();
    }

    public async Task DisposeAsync()
    {
        _authority.Dispose();
        await _scene.DisposeAsync();
    }

    [Fact]
    public async Task Get_GatewayHangs_FailsAllWaitersAtOnceAndNoLaterCaller()
    {
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.NoResponse);
        List<Task<VerifiedMesh>> callers = [GetAsync()];
        await _scene.AskedAsync(EvidenceSource.Attestation, 1);
        callers.AddRange(Enumerable.Range(0, 8).Select(_ => GetAsync()));
        callers.Add(_authority.VerifyNowAsync(Key, default).AsTask());
        _scene.Time.Advance(HttpTimeout);
        PrivatemodeServiceException[] failures =
            await Task.WhenAll(callers.Select(caller => Assert.ThrowsAsync<PrivatemodeServiceException>(() => caller.OrTimeout())));
        Assert.All(failures, failure => Assert.Equal(ServiceFailureReason.Timeout, failure.Reason));
        Assert.Equal(failures.Length, failures.Distinct().Count());
        Assert.Equal(1, _scene.Asked(EvidenceSource.Attestation));
        _ = await GetAsync().OrTimeout();
        _ = await _authority.VerifyNowAsync(Key, default);
    }

    [Fact]
    public async Task Get_DeploymentDoesNotProveItself_FailsAllWhoWait()
    {
        _scene.Deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.Delay(TimeSpan.FromSeconds(5)));
        Task<VerifiedMesh>[] callers = [.. Enumerable.Range(0, 8).Select(_ => GetAsync())];
        await _scene.AskedAsync(EvidenceSource.Attestation, 1);
        _ = await _scene.PassPausesAsync(callers[0]);
        foreach (Task<VerifiedMesh> caller in callers)
        {
            PrivatemodeVerificationException failure = await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => caller.OrTimeout());
            Assert.Equal(failure.ErrorType, Assert.Single(failure.Mismatches).Check);
        }

        Assert.Equal(1, _scene.Asked(EvidenceSource.Attestation));
    }

    [Fact]
    public async Task Get_KeyOfTheOneWhoVerifiesIsRejected_TheOthersTryThemselves()
    {
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Manifest, Fault.Delay(TimeSpan.FromSeconds(5)));
        Task<VerifiedMesh> rejected = _authority.GetAsync(null, "wrong", async: true, default).AsTask();
        await _scene.AskedAsync(EvidenceSource.Manifest, 1);
        Task<VerifiedMesh> other = GetAsync();
        _ = await _scene.PassPausesAsync(rejected);
        await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => rejected);
        _ = await other.OrTimeout();
    }

    [Fact]
    public async Task Get_ApprovalCallbackFails_FailsAllWhoWait()
    {
        int asked = 0;
        TaskCompletionSource<bool> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _authority.Dispose();
        _authority = _scene.Authority(options => options.Verification.Manifest = ManifestPolicy.RequireApproval((_, _) =>
        {
            asked++;
            return new(answer.Task);
        }));
        Task<VerifiedMesh>[] callers = [.. Enumerable.Range(0, 4).Select(_ => GetAsync())];
        answer.SetException(new TimeoutException("nobody is there to decide"));
        foreach (Task<VerifiedMesh> caller in callers)
        {
            Assert.Equal("nobody is there to decide", (await Assert.ThrowsAsync<TimeoutException>(() => caller.OrTimeout())).Message);
        }

        Assert.Equal(1, asked);
    }

    [Theory]
    [MemberData(nameof(Failures), DisableDiscoveryEnumeration = true)]
    public void Failure_AboutOneCaller_IsNotForTheOthers(Exception failure, bool isForAll)
    {
        Assert.Equal(isForAll, SharedExceptions.IsShareable(failure));
        if (isForAll)
        {
            Exception again = Assert.Throws(failure.GetType(), () => SharedExceptions.ThrowCopy(failure));
            Assert.NotSame(failure, again);
            Assert.Equal(failure.Message, again.Message);
            Assert.Equal(((PrivatemodeException)failure).ErrorType, ((PrivatemodeException)again).ErrorType);
            if (failure is PrivatemodeServiceException service)
            {
                Assert.Equal(Details(service), Details((PrivatemodeServiceException)again));
                Assert.Null(((PrivatemodeServiceException)again).RequestId);
            }
        }
    }

    [Fact]
    public void Failure_OfACallback_IsForAllAndUnchanged() => Assert.All(
        (PrivatemodeException[])[new PrivatemodeServiceException(ServiceFailureReason.Other, "x"), new PrivatemodeConfigurationException("ApiKey", "x"),
            new PrivatemodeIntegrityException("x", "x")],
        failure =>
        {
            _ = UserCallback.MarkThrown(failure);
            Assert.True(SharedExceptions.IsShareable(failure));
            Assert.Same(failure, Assert.Throws(failure.GetType(), () => SharedExceptions.ThrowCopy(failure)));
        });

    private static object Details(PrivatemodeServiceException exception) => (
        exception.Reason, exception.Status, exception.ErrorCode, exception.RetryAfter, exception.ServerMessage, exception.IsServerMessageAuthenticated,
        exception.WasNotSent);

    private Task<VerifiedMesh> GetAsync() => _authority.GetAsync(null, Key, async: true, default).AsTask();
}
