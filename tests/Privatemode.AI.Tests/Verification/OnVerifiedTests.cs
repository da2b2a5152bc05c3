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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task CallbackWaitsForAStore_CallWaitsToo(bool async)
    {
        TaskCompletionSource entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource stored = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using DeploymentVerifier verifier = Verifier(async (_, stop) =>
        {
            entered.SetResult();
            await stored.Task.WaitAsync(stop);
        });
        Task<VerifiedMesh> call = async
            ? verifier.GetAsync(null, Key, async: true, default).AsTask()
            : TestTimeouts.OnOwnThread(() => verifier.GetAsync(null, Key, async: false, default).Completed());
        await entered.Task.OrTimeout();
        Assert.Equal((false, null), (call.IsCompleted, verifier.Health.Deployment));
        stored.SetResult();
        Assert.Equal((await call.OrTimeout()).Deployment, verifier.Health.Deployment);
    }

    [Fact]
    public async Task EvidenceCannotBeKeptWhileSeveralCallsWait_AllGetTheExceptionOfOneCallback()
    {
        TaskCompletionSource entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource failing = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int callbacks = 0;
        using DeploymentVerifier verifier = Verifier(async (_, _) =>
        {
            callbacks++;
            _ = entered.TrySetResult();
            await failing.Task;
        });
        Task<VerifiedMesh>[] calls = [.. Enumerable.Range(0, 3).Select(_ => verifier.GetAsync(null, Key, async: true, default).AsTask())];
        await entered.Task.OrTimeout();
        IOException full = new("disk full");
        failing.SetException(full);
        foreach (Task<VerifiedMesh> call in calls)
        {
            Assert.Same(full, await Record.ExceptionAsync(() => call.OrTimeout()));
        }

        Assert.Equal(1, callbacks);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ClientIsDisposedOrVerifyAsyncIsCanceled_TokenOfTheCallbackIsCanceled(bool isDisposed)
    {
        TaskCompletionSource<CancellationToken> entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        PrivatemodeClient client = Client(async (_, stop) =>
        {
            entered.SetResult(stop);
            await new TaskCompletionSource().Task.WaitAsync(stop);
        });
        await using PrivatemodeClient owned = client;
        using CancellationTokenSource caller = new();
        Task<VerifiedDeployment> verifying = client.VerifyAsync(caller.Token);
        CancellationToken token = await entered.Task.OrTimeout();
        Assert.False(token.IsCancellationRequested);
        await (isDisposed ? client.DisposeAsync().AsTask() : caller.CancelAsync()).OrTimeout();
        Exception? exception = await Record.ExceptionAsync(() => verifying.OrTimeout());
        Assert.True(token.IsCancellationRequested);
        Assert.True(isDisposed ? exception is ObjectDisposedException : exception is OperationCanceledException, $"{exception}");
    }

    [Fact]
    public async Task CallThatWaitsIsCanceled_CallbackCompletes()
    {
        TaskCompletionSource<CancellationToken> entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource stored = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using PrivatemodeClient client = Client(async (_, stop) =>
        {
            entered.SetResult(stop);
            await stored.Task.WaitAsync(stop);
        });
        using CancellationTokenSource caller = new();
        Task<ChatResponse> call = client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi", cancellationToken: caller.Token);
        CancellationToken token = await entered.Task.OrTimeout();
        await caller.CancelAsync();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.OrTimeout());
        Assert.False(token.IsCancellationRequested);
        stored.SetResult();
        Assert.Null(await AskAsync(client));
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
