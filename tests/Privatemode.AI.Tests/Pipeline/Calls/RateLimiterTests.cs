using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.RateLimiting;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Calls;

/// <summary>The application's own limiter is asked once for each attempt of a sealed call.</summary>
public sealed class RateLimiterTests : IAsyncLifetime
{
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PrivatemodeTestDeployment _deployment = null!;
    private bool _pauses;

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync(new()
    {
        TimeProvider = new ImmediateTimeProvider(),
        BeforeStreamEvent = async (i, _) =>
        {
            if (_pauses && i == 1)
            {
                await _goOn.Task;
            }
        },
    });

    public async Task DisposeAsync() => await _deployment.DisposeAsync();

    [Fact]
    public async Task Call_IsTriedAgain_TakesAPermitForEachAttempt()
    {
        await using TokenBucketRateLimiter limiter = Bucket(10);
        await using PrivatemodeClient client = NewClient(limiter);
        await ChatAsync(client, async: true);
        Assert.Equal(9, limiter.GetStatistics()!.CurrentAvailablePermits);
        _deployment.Faults.Inject(Fault.UnencryptedError(503), times: 2);
        await ChatAsync(client, async: true);
        Assert.Equal(6, limiter.GetStatistics()!.CurrentAvailablePermits);
    }

    [Fact]
    public async Task ListOfModels_CarriesNothing_TakesNoPermit()
    {
        await using TokenBucketRateLimiter limiter = Bucket(1);
        await using PrivatemodeClient client = NewClient(limiter);
        _ = await client.OpenAI.GetOpenAIModelClient().GetModelsAsync();
        Assert.Equal(1, limiter.GetStatistics()!.CurrentAvailablePermits);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_LimiterRefuses_SaysHowLongToWaitAndSendsNothing(bool async)
    {
        await using TokenBucketRateLimiter limiter = Bucket(1);
        await using PrivatemodeClient client = NewClient(limiter);
        await ChatAsync(client, async);
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => ChatAsync(client, async));
        Assert.Equal((ServiceFailureReason.RateLimited, true), (exception.Reason, exception.WasNotSent));
        Assert.Equal(TimeSpan.FromMinutes(3), exception.RetryAfter);
        Assert.NotNull(exception.RequestId);
        Assert.Single(_deployment.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_LimiterRefusesTheSecondAttempt_SaysThatTheFirstMayHaveRun(bool async)
    {
        await using TokenBucketRateLimiter limiter = Bucket(1);
        await using PrivatemodeClient client = NewClient(limiter);
        _deployment.Faults.Inject(Fault.ResetConnection(0));
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => ChatAsync(client, async));
        Assert.Equal((ServiceFailureReason.RateLimited, false), (exception.Reason, exception.WasNotSent));
        Assert.Equal(TimeSpan.FromMinutes(3), exception.RetryAfter);
        Assert.NotNull(exception.RequestId);
        Assert.Contains("may have run", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Embeddings_LimiterRefusesTheSecondOfTwoRequests_SaysThatTheFirstMayHaveRun()
    {
        await using TokenBucketRateLimiter limiter = Bucket(1);
        await using PrivatemodeClient client = NewClient(limiter);
        TextEmbeddingOptions oneByOne = new() { MaxBatchSize = 1, MaxDegreeOfParallelism = 1 };
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => client.AsIEmbeddingGenerator("qwen3-embedding-4b").GenerateAsync(["first", "second"], oneByOne).OrTimeout());
        Assert.Equal((ServiceFailureReason.RateLimited, false), (exception.Reason, exception.WasNotSent));
        Assert.Equal(TimeSpan.FromMinutes(3), exception.RetryAfter);
        Assert.Single(_deployment.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_LimiterHasAQueue_WaitsInIt(bool async)
    {
        await using TokenBucketRateLimiter limiter = Bucket(1, queue: 1);
        await using PrivatemodeClient client = NewClient(limiter);
        await ChatAsync(client, async);
        Task waiting = ChatAsync(client, async);
        await TestTimeouts.UntilAsync(() => waiting.IsCompleted || limiter.GetStatistics()!.CurrentQueuedCount > 0);
        Assert.False(waiting.IsCompleted);

        Assert.Single(_deployment.Requests);
        limiter.Dispose();
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => waiting.OrTimeout());
        Assert.Equal(ServiceFailureReason.RateLimited, exception.Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_PermitBecomesFree_GoesOn(bool async)
    {
        using ConcurrencyLimiter limiter = new(new() { PermitLimit = 1, QueueLimit = 1 });
        await using PrivatemodeClient client = NewClient(limiter);
        RateLimitLease taken = limiter.AttemptAcquire();
        Task waiting = ChatAsync(client, async);
        await TestTimeouts.UntilAsync(() => waiting.IsCompleted || limiter.GetStatistics()!.CurrentQueuedCount > 0);
        Assert.False(waiting.IsCompleted);

        taken.Dispose();
        await waiting.OrTimeout();
        Assert.Equal(1, limiter.GetStatistics()!.CurrentAvailablePermits);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_CancelledWhenThePermitComes_GivesItBack(bool async)
    {
        using CancellationTokenSource callerCancellation = new();
        using LateLimiter limiter = new(callerCancellation.Cancel);
        await using PrivatemodeClient client = NewClient(limiter);
        Task waiting = ChatAsync(client, async, callerCancellation.Token);
        await limiter.Asked.Task.OrTimeout();
        limiter.Grant();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.OrTimeout());
        Assert.Equal(1, limiter.GivenBack);
        Assert.Empty(_deployment.Requests);
    }

    [Fact]
    public async Task Stream_NotDisposed_StillReturnsThePermit()
    {
        using ConcurrencyLimiter limiter = new(new() { PermitLimit = 1, QueueLimit = 0 });
        await using PrivatemodeClient client = NewClient(limiter);
        using HttpClient http = new(client.CreateHandler()) { BaseAddress = _deployment.Endpoint };
        _pauses = true;
        await Task.Run(() => BeginAndDropAsync(http)).OrTimeout();
        long begun = TimeProvider.System.GetTimestamp();
        while (limiter.GetStatistics()!.CurrentAvailablePermits == 0)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TestTimeouts.Default, "the permit is lost");
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Yield();
        }

        _goOn.SetResult();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static async Task BeginAndDropAsync(HttpClient http)
        {
            HttpRequestMessage request = new(HttpMethod.Post, "/v1/chat/completions")
            {
                Content = new StringContent(
                    """{"model":"gpt-oss-120b","stream":true,"messages":[{"role":"user","content":"a b c d"}]}""", Encoding.UTF8, "application/json"),
            };
            HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.True(response.IsSuccessStatusCode);
        }
    }

    [Fact]
    public async Task Stream_HoldsItsPermitToTheEnd()
    {
        using ConcurrencyLimiter limiter = new(new() { PermitLimit = 1, QueueLimit = 0 });
        await using PrivatemodeClient client = NewClient(limiter);
        _pauses = true;
        Task<ChatResponse> stream = client.AsIChatClient("gpt-oss-120b").GetStreamingResponseAsync("a b c d").ToChatResponseAsync();
        await TestTimeouts.UntilAsync(() => _deployment.Requests.Count > 0);

        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => ChatAsync(client, async: true));
        _pauses = false;
        _goOn.SetResult();
        _ = await stream.OrTimeout();
        await ChatAsync(client, async: true);
    }

    [Fact]
    public async Task Call_FailsBeforeItIsSent_GivesThePermitBack()
    {
        using ConcurrencyLimiter limiter = new(new() { PermitLimit = 1, QueueLimit = 0 });
        await using PrivatemodeClient client = _deployment.CreateClient(options => (options.ApiKey, options.Transport.RateLimiter) = ("wrong", limiter));
        await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => ChatAsync(client, async: true));
        Assert.Equal(1, limiter.GetStatistics()!.CurrentAvailablePermits);
    }

    private static TokenBucketRateLimiter Bucket(int tokens, int queue = 0) => new(new()
    {
        TokenLimit = tokens,
        TokensPerPeriod = 1,
        ReplenishmentPeriod = TimeSpan.FromMinutes(3),
        QueueLimit = queue,
        AutoReplenishment = false,
    });

    private PrivatemodeClient NewClient(RateLimiter limiter) => _deployment.CreateClient(options => options.Transport.RateLimiter = limiter);

    private static async Task ChatAsync(PrivatemodeClient client, bool async, CancellationToken cancellationToken = default)
    {
        if (async)
        {
            _ = await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi", cancellationToken: cancellationToken).OrTimeout();
        }
        else
        {
            _ = await TestTimeouts.OnOwnThread(() => client.OpenAI.GetChatClient("gpt-oss-120b").CompleteChat(["hi"], null, cancellationToken));
        }
    }

    /// <summary>Grants a permit to somebody who does not want it any more, as any limiter may that was about to.</summary>
    private sealed class LateLimiter(Action onAsked) : RateLimiter
    {
        private readonly TaskCompletionSource<RateLimitLease> _lease = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _givenBack;

        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int GivenBack => Volatile.Read(ref _givenBack);

        public override TimeSpan? IdleDuration => null;

        public void Grant() => _lease.SetResult(new Lease(true, () => Interlocked.Increment(ref _givenBack)));

        public override RateLimiterStatistics? GetStatistics() => null;

        protected override RateLimitLease AttemptAcquireCore(int permitCount) => new Lease(false, () => 0);

        protected override ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken)
        {
            onAsked();
            Asked.SetResult();
            return new(_lease.Task);
        }

        private sealed class Lease(bool isAcquired, Func<int> giveBack) : RateLimitLease
        {
            public override bool IsAcquired => isAcquired;

            public override IEnumerable<string> MetadataNames => [];

            public override bool TryGetMetadata(string metadataName, out object? metadata)
            {
                metadata = null;
                return false;
            }

            protected override void Dispose(bool disposing)
            {
                _ = giveBack();
                base.Dispose(disposing);
            }
        }
    }
}
