using System.Threading.RateLimiting;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>A stream ends without authentic events, whatever a hop writes into it, and at the latest with its secret.</summary>
public sealed class EndlessStreamTests : IAsyncLifetime
{
    private const string Path = "/v1/chat/completions";
    private const string Comment = "4\r\n: x\n\r\n"; // one chunk of the transfer encoding

    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(100);

    private readonly ManualTimeProvider _time = new();
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<LoopbackHop.Exchange> _streaming = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions { PermitLimit = 1 });
    private PrivatemodeTestDeployment _deployment = null!;
    private LoopbackHop _hop = null!;
    private PrivatemodeClient _client = null!;

    /// <summary>What the hop does with a call for an answer.</summary>
    private bool _answersItself;

    private TimeSpan _idle = IdleTimeout;
    private RateLimiter? _theirs;

    private IChatClient Chat => (_client = _deployment.CreateClient(options =>
    {
        options.Endpoint = _hop.Endpoint;
        options.Transport.RateLimiter = _theirs ?? _limiter;
        options.Transport.IdleTimeout = _idle;
    })).AsIChatClient("gpt-oss-120b");

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync(new()
        {
            TimeProvider = _time,
            BeforeStreamEvent = async (i, _) =>
            {
                if (i == 2)
                {
                    await _goOn.Task;
                }
            },
        });
        _deployment.Model.Reply("one two three");
        _hop = new LoopbackHop(_deployment.Endpoint, async exchange =>
        {
            if (exchange.Path != Path)
            {
                return false;
            }

            if (_answersItself)
            {
                await exchange.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
            }

            _ = _streaming.TrySetResult(exchange);
            return _answersItself;
        });
    }

    public async Task DisposeAsync()
    {
        _ = _goOn.TrySetResult();
        await _client.DisposeAsync();
        await _hop.DisposeAsync();
        await _deployment.DisposeAsync();
        await _limiter.DisposeAsync();
    }

    [Fact]
    public async Task CommentsAndNothingElse_EndWithTheResponseTimeout()
    {
        _answersItself = true;
        Task<ChatResponse> asking = Chat.GetStreamingResponseAsync("hi").ToChatResponseAsync();
        LoopbackHop.Exchange hop = await _streaming.Task.OrTimeout();
        await CommentUntilAsync(hop, ResponseTimeout, TimeSpan.FromMinutes(1));
        await AssertTimeoutAsync(asking);
    }

    [Fact]
    public async Task CommentsAfterAnEvent_EndWithTheIdleTimeout()
    {
        await using IAsyncEnumerator<ChatResponseUpdate> updates = await BeginAsync();
        Task<bool> next = updates.MoveNextAsync().AsTask();
        await CommentUntilAsync(await _streaming.Task, IdleTimeout, TimeSpan.FromSeconds(10));
        await AssertTimeoutAsync(next);
    }

    [Fact]
    public async Task ReaderPausesForLong_GetsTheRest()
    {
        await using IAsyncEnumerator<ChatResponseUpdate> updates = await BeginAsync();
        _time.Advance(TimeSpan.FromMinutes(30));
        _goOn.SetResult();
        string rest = "";
        while (await updates.MoveNextAsync().AsTask().OrTimeout())
        {
            rest += updates.Current.Text;
        }

        Assert.EndsWith("three", rest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReaderPausesBeyondTheHourOfTheSecret_NothingIsHeldForIt()
    {
        await using IAsyncEnumerator<ChatResponseUpdate> updates = await BeginAsync();
        _time.Advance(TimeSpan.FromMinutes(60) - TimeSpan.FromTicks(1));
        Assert.Equal(0, _limiter.GetStatistics()!.CurrentAvailablePermits);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(1, _limiter.GetStatistics()!.CurrentAvailablePermits);
        await AssertTimeoutAsync(updates.MoveNextAsync().AsTask(), "hour");
    }

    [Fact]
    public async Task ReaderPausesBeyondTheHourOfTheSecret_PermitThrows_TheTimerSurvives()
    {
        // What a timer's callback throws would end the process.
        using ThrowingLimiter limiter = new();
        _theirs = limiter;
        await using IAsyncEnumerator<ChatResponseUpdate> updates = await BeginAsync();
        _time.Advance(TimeSpan.FromMinutes(60));
        Assert.Equal(1, limiter.GivenBack);
        await AssertTimeoutAsync(updates.MoveNextAsync().AsTask(), "hour");
    }

    [Fact]
    public async Task EventsForLongerThanTheSecretIsValid_WaitingReaderGetsAnException()
    {
        _idle = TimeSpan.FromHours(24);
        await using IAsyncEnumerator<ChatResponseUpdate> updates = await BeginAsync();
        Task<bool> next = updates.MoveNextAsync().AsTask();
        _ = await _time.TimerAsync(due => due == _idle).OrTimeout();
        _time.Advance(TimeSpan.FromMinutes(60));
        await AssertTimeoutAsync(next, "hour");
        Assert.Equal(1, _limiter.GetStatistics()!.CurrentAvailablePermits);
    }

    /// <summary>A stream whose first events have been read, and which waits for more.</summary>
    private async Task<IAsyncEnumerator<ChatResponseUpdate>> BeginAsync()
    {
        IAsyncEnumerator<ChatResponseUpdate> updates = Chat.GetStreamingResponseAsync("hi").GetAsyncEnumerator();
        string text = "";
        while (!text.Contains("one", StringComparison.Ordinal))
        {
            Assert.True(await updates.MoveNextAsync().AsTask().OrTimeout());
            text += updates.Current.Text;
        }

        return updates;
    }

    /// <summary>Writes a comment in each interval; the time that is left must not become more by that.</summary>
    private async Task CommentUntilAsync(LoopbackHop.Exchange hop, TimeSpan limit, TimeSpan interval)
    {
        for (TimeSpan left = limit; left > TimeSpan.Zero; left -= interval)
        {
            _ = await _time.TimerAsync(due => due == left).OrTimeout();
            _time.Advance(interval);
            if (left > interval)
            {
                await hop.WriteAsync(Comment);
            }
        }
    }

    private static async Task AssertTimeoutAsync(Task reading, string word = "time")
    {
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => reading.OrTimeout());
        Assert.Equal(ServiceFailureReason.Timeout, exception.Reason);
        Assert.Contains(word, exception.Message, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>One whose permits throw when they are given back.</summary>
    private sealed class ThrowingLimiter : RateLimiter
    {
        public override TimeSpan? IdleDuration => null;

        public int GivenBack { get; private set; }

        public override RateLimiterStatistics? GetStatistics() => null;

        protected override RateLimitLease AttemptAcquireCore(int permitCount) => new Lease(this);

        protected override ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken) => new(new Lease(this));

        private sealed class Lease(ThrowingLimiter limiter) : RateLimitLease
        {
            public override bool IsAcquired => true;

            public override IEnumerable<string> MetadataNames => [];

            public override bool TryGetMetadata(string metadataName, out object? metadata)
            {
                metadata = null;
                return false;
            }

            protected override void Dispose(bool disposing)
            {
                base.Dispose(disposing);
                if (disposing)
                {
                    limiter.GivenBack++;
                    throw new InvalidOperationException("the limiter's own");
                }
            }
        }
    }
}
