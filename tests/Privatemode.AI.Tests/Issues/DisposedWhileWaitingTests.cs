using System.Threading.RateLimiting;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>A call that waits before it is sent ends when the client is disposed of: the wait may be as long as <c>ResponseTimeout</c>.</summary>
public sealed class DisposedWhileWaitingTests : IAsyncLifetime
{
    private readonly ManualTimeProvider _time = new();
    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions { PermitLimit = 1, QueueLimit = 1 });
    private PrivatemodeTestDeployment _deployment = null!;

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync(new() { TimeProvider = _time });

    public async Task DisposeAsync()
    {
        await _deployment.DisposeAsync();
        await _limiter.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ForAConnection_EndsAtOnce(bool async)
    {
        PrivatemodeOptions options = new();
        _deployment.ConfigureClient(options);
        options.Transport.ResponseTimeout = TimeSpan.FromHours(7);
        using SocketsHttpHandler handler = options.LimitConnections(1);
        PrivatemodeClient client = new(options);
        _deployment.Faults.Inject(Fault.StallBeforeEvent(2));
        await using IAsyncEnumerator<ChatResponseUpdate> stream =
            client.AsIChatClient("gpt-oss-120b").GetStreamingResponseAsync("hi").GetAsyncEnumerator();
        Assert.True(await stream.MoveNextAsync().AsTask().OrTimeout());
        Task<TimeSpan> waits = _time.TimerAsync(due => due == options.Transport.ResponseTimeout);
        Task asking = AskAsync(client, async);
        _ = await waits.OrTimeout();
        await AssertEndsAsync(client, asking);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ForAPermit_EndsAtOnce(bool async)
    {
        PrivatemodeClient client = _deployment.CreateClient(options => options.Transport.RateLimiter = _limiter);
        using RateLimitLease taken = _limiter.AttemptAcquire();
        Task asking = AskAsync(client, async);
        await TestTimeouts.UntilAsync(() => asking.IsCompleted || _limiter.GetStatistics()!.CurrentQueuedCount > 0);
        Assert.False(asking.IsCompleted);

        await AssertEndsAsync(client, asking);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ForTheNextTry_EndsAtOnce(bool async)
    {
        PrivatemodeClient client = _deployment.CreateClient();
        _deployment.Faults.Inject(Fault.UnencryptedError(503, retryAfter: TimeSpan.FromSeconds(59)));
        Task<TimeSpan> waits = _time.TimerAsync(due => due == TimeSpan.FromSeconds(59));
        Task asking = AskAsync(client, async);
        _ = await waits.OrTimeout();
        await AssertEndsAsync(client, asking);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ForTheApiKey_EndsAtOnce(bool async)
    {
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        PrivatemodeClient client = _deployment.CreateClient(options => options.ApiKeyAccessor = cancellationToken =>
        {
            asked.SetResult();
            return new(new TaskCompletionSource<string?>().Task);
        });
        Task asking = AskAsync(client, async);
        await asked.Task.OrTimeout();
        await AssertEndsAsync(client, asking);
    }

    private static Task AskAsync(PrivatemodeClient client, bool async) => async
        ? client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi")
        : TestTimeouts.OnOwnThread(() => client.OpenAI.GetChatClient("gpt-oss-120b").CompleteChat("hi"));

    private static async Task AssertEndsAsync(PrivatemodeClient client, Task asking)
    {
        await client.DisposeAsync();
        _ = await Assert.ThrowsAsync<ObjectDisposedException>(() => asking.OrTimeout());
    }
}
