using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.Extensions.AI;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>A connection that had gone stale in the pool ends with FIN or RST; the call is sent once more, but not after a part of an answer.</summary>
public sealed class StaleConnectionTests : IAsyncLifetime
{
    private const string Path = "/v1/chat/completions";

    private PrivatemodeTestDeployment _deployment = null!;

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync(new() { TimeProvider = new ImmediateTimeProvider() });

    public async Task DisposeAsync() => await _deployment.DisposeAsync();

    [Theory]
    [InlineData(false, "whole")]
    [InlineData(true, "whole")]
    [InlineData(false, "streamed")]
    [InlineData(true, "streamed")]
    [InlineData(false, "synchronous")]
    [InlineData(true, "synchronous")]
    public async Task ConnectionEndsWithoutAnAnswer_TheCallIsSentOnceMore(bool resets, string way)
    {
        int failures = 0;
        await using LoopbackHop hop = NewHop(_ => failures == 1 && Interlocked.Increment(ref failures) == 2, resets, "");
        await using PrivatemodeClient client = NewClient(hop);

        // The connection has been used before, as a stale one has.
        Assert.Equal("You said: hi", await AskAsync(client, way));
        failures = 1;
        Assert.Equal("You said: hi", await AskAsync(client, way));
        Assert.Equal(3, hop.Count(Path));
        Assert.Equal(1, _deployment.KeyExchangeCount);
        Assert.Equal("1", _deployment.Requests[^1].RequestId!.Split('_')[2]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ConnectionEndsWithoutAnAnswer_EveryTime_TheCallIsSentTwice(bool resets)
    {
        await using LoopbackHop hop = NewHop(_ => true, resets, "");
        await using PrivatemodeClient client = NewClient(hop);
        await AssertUnreachableAsync(client);
        Assert.Equal(2, hop.Count(Path));
    }

    [Theory]
    [InlineData("H")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")]
    [InlineData("HTTP/1.1 103 Early Hints\r\n\r\n")]
    public async Task ConnectionIsClosedWithinTheHeadOfAnAnswer_TheCallIsNotSentAgain(string part)
    {
        await using LoopbackHop hop = NewHop(_ => true, resets: false, part);
        await using PrivatemodeClient client = NewClient(hop);
        await AssertUnreachableAsync(client);
        Assert.Equal(1, hop.Count(Path));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ConnectionEndsAfterMoreThanFiveSeconds_TheCallIsNotSentAgain(bool resets)
    {
        ManualTimeProvider time = new();
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(new() { TimeProvider = time });
        await using LoopbackHop hop = new(deployment.Endpoint, exchange =>
        {
            if (exchange.Path == Path)
            {
                // The model may be at work on the call by then.
                time.Advance(TimeSpan.FromSeconds(5));
                exchange.End(resets);
            }

            return Task.FromResult(exchange.Path == Path);
        });
        await using PrivatemodeClient client = deployment.CreateClient(options => options.Endpoint = hop.Endpoint);
        await AssertUnreachableAsync(client);
        Assert.Equal(1, hop.Count(Path));
    }

    [Fact]
    public async Task CallWaitedForItsPermit_ConnectionEndsAtOnce_TheCallIsSentOnceMore()
    {
        ManualTimeProvider time = new();
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(new() { TimeProvider = time });
        int failures = 0;
        await using LoopbackHop hop = NewHop(_ => Interlocked.Increment(ref failures) == 1, resets: false, "", deployment);
        await using ConcurrencyLimiter limiter = new(new ConcurrencyLimiterOptions { PermitLimit = 1, QueueLimit = 1 });
        await using PrivatemodeClient client = deployment.CreateClient(options => (options.Endpoint, options.Transport.RateLimiter) = (hop.Endpoint, limiter));
        using RateLimitLease taken = limiter.AttemptAcquire();
        Task<string> asking = AskAsync(client, "whole");
        await TestTimeouts.UntilAsync(() => asking.IsCompleted || limiter.GetStatistics()!.CurrentQueuedCount > 0);
        Assert.False(asking.IsCompleted);

        time.Advance(TimeSpan.FromMinutes(1));
        taken.Dispose();
        _ = await time.TimerAsync(due => due < TimeSpan.FromSeconds(1)).OrTimeout();
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("You said: hi", await asking.OrTimeout());
        Assert.Equal(2, hop.Count(Path));
    }

    [Theory]
    [InlineData("", false, true)]
    [InlineData("", true, true)]
    [InlineData("H", false, false)]
    [InlineData("H", true, false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n", true, false)]
    public async Task BroughtHandler_ConnectionEnds_CountsAsUnansweredOnlyWithoutAByte(string part, bool resets, bool isUnanswered)
    {
        // A reset discards what the client has not read yet.
        TaskCompletionSource read = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using LoopbackHop hop = new(_deployment.Endpoint, async exchange =>
        {
            if (part.Length > 0)
            {
                await exchange.WriteAsync(part);
                await read.Task.OrTimeout();
            }

            exchange.End(resets);
            return true;
        });
        using SocketsHttpHandler handler = new() { ActivityHeadersPropagator = null, UseCookies = false, AllowAutoRedirect = false };
        handler.ConnectCallback = async (context, cancellationToken) =>
        {
            Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new TellingStream(socket, read);
        };
        using HttpClient http = HttpTransports.Create(handler, isTestTrust: false);
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri(hop.Endpoint, Path)) { Content = new StringContent("{}") };
        HttpRequestException exception = await Assert.ThrowsAnyAsync<HttpRequestException>(() => http.SendAsync(request).OrTimeout());
        Assert.Equal(isUnanswered, TransportExceptions.IsUnanswered(exception));
    }

    private PrivatemodeClient NewClient(LoopbackHop hop) => _deployment.CreateClient(options => options.Endpoint = hop.Endpoint);

    /// <summary>A hop that ends connections for calls after it wrote a part of an answer.</summary>
    private LoopbackHop NewHop(
        Func<LoopbackHop.Exchange, bool> isEnded, bool resets, string part, PrivatemodeTestDeployment? deployment = null) =>
        new((deployment ?? _deployment).Endpoint, async exchange =>
    {
        if (exchange.Path != Path || !isEnded(exchange))
        {
            return false;
        }

        if (part.Length > 0)
        {
            await exchange.WriteAsync(part);
        }

        exchange.End(resets);
        return true;
    });

    private static async Task<string> AskAsync(PrivatemodeClient client, string way)
    {
        IChatClient chat = client.AsIChatClient("gpt-oss-120b");
        return way switch
        {
            "whole" => (await chat.GetResponseAsync("hi").OrTimeout()).Text,
            "streamed" => (await chat.GetStreamingResponseAsync("hi").ToChatResponseAsync().OrTimeout()).Text,
            _ => await TestTimeouts.OnOwnThread(() => client.OpenAI.GetChatClient("gpt-oss-120b").CompleteChat("hi").Value.Content[0].Text),
        };
    }

    private static async Task AssertUnreachableAsync(PrivatemodeClient client)
    {
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout());
        Assert.Equal(ServiceFailureReason.Unreachable, exception.Reason);
    }

    /// <summary>A connection that tells when its first bytes were read.</summary>
    private sealed class TellingStream(Socket socket, TaskCompletionSource read) : NetworkStream(socket, ownsSocket: true)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int count = await base.ReadAsync(buffer, cancellationToken);
            if (count > 0)
            {
                _ = read.TrySetResult();
            }

            return count;
        }
    }
}
