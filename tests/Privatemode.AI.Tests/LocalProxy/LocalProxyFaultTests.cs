using System.ClientModel;
using System.ClientModel.Primitives;
using System.Runtime.CompilerServices;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.LocalProxy;

/// <summary>What a local proxy does wrong is an exception as of the service, and nothing it says counts as authenticated.</summary>
public sealed class LocalProxyFaultTests : IAsyncLifetime
{
    private const string Model = "gpt-oss-120b";

    private FakeLocalProxy _proxy = null!;
    private PrivatemodeClient _client = null!;

    public async Task InitializeAsync()
    {
        _proxy = await FakeLocalProxy.StartAsync();
        _client = _proxy.CreateClient();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _proxy.DisposeAsync();
    }

    [Fact]
    public async Task Verify_IsRefused()
    {
        PrivatemodeConfigurationException exception =
            await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => _client.VerifyAsync().OrTimeout());
        Assert.Equal("Transport.DangerousUnverifiedLocalProxy", exception.Setting);
        Assert.Empty(_proxy.Requests);
    }

    [Fact]
    public async Task Connect_AsksForTheModels_AndFailsWithoutAProxy()
    {
        await _client.ConnectAsync().OrTimeout();
        Assert.Equal("/v1/models", Assert.Single(_proxy.Requests).PathAndQuery);

        await using PrivatemodeClient nowhere = Nowhere();
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => nowhere.ConnectAsync().OrTimeout());
        Assert.Equal(ServiceFailureReason.Unreachable, exception.Reason);
        Assert.Contains("http://127.0.0.1:1/", exception.Message, StringComparison.Ordinal);
        Assert.Contains("privatemode-proxy", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_ProxyIsNotThere_SaysSo()
    {
        await using PrivatemodeClient nowhere = Nowhere();
        PrivatemodeServiceException exception =
            await Assert.ThrowsAsync<PrivatemodeServiceException>(() => nowhere.AsIChatClient(Model).GetResponseAsync("hi").OrTimeout());
        Assert.Equal(ServiceFailureReason.Unreachable, exception.Reason);
        Assert.Contains("http://127.0.0.1:1/", exception.Message, StringComparison.Ordinal);
        Assert.Contains("privatemode-proxy", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400, ServiceFailureReason.InvalidRequest)]
    [InlineData(404, ServiceFailureReason.Other)]
    [InlineData(500, ServiceFailureReason.Other)]
    public async Task Chat_Error_IsReportedOnceAndUnauthenticated(int status, ServiceFailureReason reason)
    {
        _proxy.AnswerOnce(status, """{"error":{"message":"what the proxy said","code":"odd"}}""");
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(AskAsync);
        Assert.Equal((reason, status, "what the proxy said", "odd"), (exception.Reason, exception.Status, exception.ServerMessage, exception.ErrorCode));
        Assert.False(exception.IsServerMessageAuthenticated);
        Assert.StartsWith("sdk_", exception.RequestId, StringComparison.Ordinal);
        Assert.Single(_proxy.Requests);
    }

    [Fact]
    public async Task Chat_ErrorThatIsTooLong_KeepsItsStatus()
    {
        _proxy.AnswerOnce(500, $$$"""{"error":{"message":"{{{new string('x', 1024 * 1024)}}}"}}""");
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(AskAsync);
        Assert.Equal((500, null), (exception.Status, exception.ServerMessage));
    }

    [Theory]
    [InlineData("""{"error":{"message":"out of memory","code":503}}""")]
    [InlineData("""{"object":"error","message":"out of memory","code":503}""")]
    public async Task Chat_ErrorWithASuccessStatus_ThrowsItUnauthenticated(string body)
    {
        _proxy.AnswerOnce(200, body);
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(AskAsync);
        Assert.Equal((503, "out of memory", false), (exception.Status, exception.ServerMessage, exception.IsServerMessageAuthenticated));
    }

    [Fact]
    public async Task Chat_ConnectionEndsWithoutAnAnswer_IsSentOnceMore()
    {
        await using PrivatemodeClient client = _proxy.CreateClient(options => options.TimeProvider = new ImmediateTimeProvider());
        _proxy.AbortFirst(1);
        _ = _proxy.Model.Reply("Hello");
        Assert.Equal("Hello", (await client.AsIChatClient(Model).GetResponseAsync("hi").OrTimeout()).Text);
        Assert.Equal(2, _proxy.Requests.Count);
        Assert.Single(_proxy.Requests.Select(request => request.Text).Distinct());

        _proxy.AbortFirst(int.MaxValue);
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => client.AsIChatClient(Model).GetResponseAsync("hi").OrTimeout());
        Assert.Equal(ServiceFailureReason.Unreachable, exception.Reason);
        Assert.Equal(4, _proxy.Requests.Count);
    }

    [Fact]
    public async Task Chat_LimiterRefuses_IsNotSent()
    {
        using ConcurrencyLimiter limiter = new(new ConcurrencyLimiterOptions { PermitLimit = 1 });
        using RateLimitLease held = limiter.AttemptAcquire();
        await using PrivatemodeClient client = _proxy.CreateClient(options => options.Transport.RateLimiter = limiter);
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => client.AsIChatClient(Model).GetResponseAsync("hi").OrTimeout());
        Assert.Equal(ServiceFailureReason.RateLimited, exception.Reason);
        Assert.Empty(_proxy.Requests);
    }

    [Fact]
    public async Task Chat_LimiterRefusesTheSecondAttempt_SaysThatTheFirstMayHaveRun()
    {
        await using TokenBucketRateLimiter limiter = new(new()
        {
            TokenLimit = 1,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = TimeSpan.FromHours(1),
            AutoReplenishment = false,
        });
        await using PrivatemodeClient client = _proxy.CreateClient(options =>
            (options.TimeProvider, options.Transport.RateLimiter) = (new ImmediateTimeProvider(), limiter));
        _proxy.AnswerOnce(503, "{}");
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => client.AsIChatClient(Model).GetResponseAsync("hi").OrTimeout());
        Assert.Equal((ServiceFailureReason.RateLimited, false), (exception.Reason, exception.WasNotSent));
        Assert.Single(_proxy.Requests);
    }

    [Fact]
    public async Task Chat_TooManyRequests_IsRetried()
    {
        await using PrivatemodeClient client = _proxy.CreateClient(options => options.TimeProvider = new ImmediateTimeProvider());
        _proxy.AnswerOnce(429, "{}", headers: ("Retry-After", "1"));
        _ = _proxy.Model.Reply("Hello");
        Assert.Equal("Hello", (await client.AsIChatClient(Model).GetResponseAsync("hi").OrTimeout()).Text);
        Assert.Equal(2, _proxy.Requests.Count);
        Assert.Single(_proxy.Requests.Select(request => request.Text).Distinct());
    }

    [Fact]
    public async Task Chat_Unauthorized_IsAConfigurationException()
    {
        _proxy.AnswerOnce(401, "{}");
        Assert.Equal("ApiKey", (await Assert.ThrowsAsync<PrivatemodeConfigurationException>(AskAsync)).Setting);
    }

    [Theory]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Redirect_IsNotFollowed(int status)
    {
        await using RawServer other = new("HTTP/1.1 200 OK");
        _proxy.AnswerOnce(status, "", headers: ("Location", new Uri(other.Address, "/v1/chat/completions").ToString()));
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(AskAsync);
        Assert.Equal(status, exception.Status);
        Assert.Contains("Redirects are not followed", exception.Message, StringComparison.Ordinal);
        Assert.Empty(other.Heads);
    }

    [Fact]
    public async Task Cookies_AreNotSentBack()
    {
        _proxy.AnswerOnce(429, "{}", headers: ("Set-Cookie", "a=b"));
        await using PrivatemodeClient client = _proxy.CreateClient(options => options.TimeProvider = new ImmediateTimeProvider());
        _ = await client.AsIChatClient(Model).GetResponseAsync("hi").OrTimeout();
        Assert.Equal(2, _proxy.Requests.Count);
        Assert.All(_proxy.Requests, request => Assert.DoesNotContain("Cookie", request.Headers.Keys));
    }

    [Theory]
    [InlineData("", "truncated-stream")]
    [InlineData("data: [DONE]\n\n", "truncated-stream")]
    [InlineData("data: {\n\n", "not-json")]
    public async Task Stream_WithoutItsEnd_IsAnError(string end, string failure)
    {
        string half = ChatFixture.Delta("""{"content":"half"}""");
        _proxy.AnswerOnce(200, $"data: {half}\n\n{end}", "text/event-stream");
        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(StreamAsync);
        Assert.Equal(failure, exception.ErrorType);
    }

    [Fact]
    public async Task Stream_WithAnErrorInside_ThrowsItUnauthenticated()
    {
        _proxy.AnswerOnce(200, """data: {"error":{"message":"out of memory","code":503}}""" + "\n\ndata: [DONE]\n\n", "text/event-stream");
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(StreamAsync);
        Assert.Equal((503, "out of memory", false), (exception.Status, exception.ServerMessage, exception.IsServerMessageAuthenticated));
    }

    [Fact]
    public async Task Stream_WithALineWithoutAnEnd_IsAnError()
    {
        _proxy.AnswerOnce(200, $"data: {new string(' ', 1024 * 1024)}", "text/event-stream");
        Assert.Equal("line-too-long", (await Assert.ThrowsAsync<PrivatemodeIntegrityException>(StreamAsync)).ErrorType);
    }

    [Fact]
    public async Task Models_ListThatIsTooLong_IsAnError()
    {
        _proxy.AnswerOnce(200, $$"""{"data":[],"filler":"{{new string('x', 4 * 1024 * 1024)}}"}""");
        Assert.Equal("too-long", (await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => _client.ConnectAsync().OrTimeout())).ErrorType);
    }

    [Fact]
    public async Task Stream_WantedInOnePiece_ThatIsTooLong_IsAnError()
    {
        string line = $"data: {ChatFixture.Delta($$"""{"content":"{{new string('x', 1000 * 1024)}}"}""")}\n\n";
        _proxy.Intercept = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            for (int i = 0; i < 160 && !context.RequestAborted.IsCancellationRequested; i++)
            {
                await context.Response.WriteAsync(line, context.RequestAborted);
            }

            return true;
        };
        using BinaryContent body = BinaryContent.Create(BinaryData.FromString(
            $$"""{"model":"{{Model}}","stream":true,"messages":[{"role":"user","content":"hi"}]}"""));
        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(
            () => _client.OpenAI.GetChatClient(Model).CompleteChatAsync(body, new RequestOptions()).OrTimeout());
        Assert.Equal("too-long", exception.ErrorType);
    }

    [Fact]
    public async Task Answer_InTheOtherForm_IsAnError()
    {
        _proxy.AnswerOnce(200, "data: [DONE]\n\n", "text/event-stream");
        PrivatemodeIntegrityException whole = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(AskAsync);
        _proxy.AnswerOnce(200, "{}");
        PrivatemodeIntegrityException streamed = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(StreamAsync);
        Assert.All([whole, streamed], exception => Assert.Equal(("unexpected-form", "/v1/chat/completions"), (exception.ErrorType, exception.EndpointPath)));
    }

    [Fact]
    public async Task Stream_WithUnknownMembersAndComments_IsRead()
    {
        string more = ",\"of_a_later_version\":[{\"a\":1}]";
        string first = ChatFixture.Chunk("""{"index":0,"delta":{"content":"Hello"},"finish_reason":null}""", more);
        string last = ChatFixture.Chunk("""{"index":0,"delta":{},"finish_reason":"stop"}""", more);
        _proxy.AnswerOnce(200, $": ping\r\n\r\ndata: {first}\r\n\r\ndata:{last}\r\n\r\ndata: [DONE]\r\n\r\n", "text/event-stream");
        ChatResponse response = await _client.AsIChatClient(Model).GetStreamingResponseAsync("hi").ToChatResponseAsync().OrTimeout();
        Assert.Equal(("Hello", ChatFinishReason.Stop), (response.Text, response.FinishReason));
    }

    [Theory]
    [InlineData("[]", "not-json")]
    [InlineData("{}", "payload-missing")]
    [InlineData("no json", "not-json")]
    public async Task Chat_NoAnswer_IsAnError(string body, string failure)
    {
        _proxy.AnswerOnce(200, body);
        Assert.Equal(failure, (await Assert.ThrowsAsync<PrivatemodeIntegrityException>(AskAsync)).ErrorType);
    }

    [Fact]
    public async Task Stream_ThatPauses_TimesOutAndGivesItsPermitBack()
    {
        using ConcurrencyLimiter limiter = new(new ConcurrencyLimiterOptions { PermitLimit = 1 });
        ManualTimeProvider time = new();
        await using PrivatemodeClient client = _proxy.CreateClient(options => (options.TimeProvider, options.Transport.RateLimiter) = (time, limiter));
        TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _proxy.Intercept = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync($"data: {ChatFixture.Delta("""{"content":"half"}""")}\n\n");
            await context.Response.Body.FlushAsync();
            await over.Task;
            return true;
        };
        IAsyncEnumerator<ChatResponseUpdate> updates = client.AsIChatClient(Model).GetStreamingResponseAsync("hi").GetAsyncEnumerator();
        Assert.True(await updates.MoveNextAsync().AsTask().OrTimeout());
        Task<bool> waiting = updates.MoveNextAsync().AsTask();
        _ = await time.TimerAsync(due => due == TimeSpan.FromSeconds(100)).OrTimeout();
        time.Advance(TimeSpan.FromSeconds(101));

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => waiting.OrTimeout());
        Assert.Equal(ServiceFailureReason.Timeout, exception.Reason);
        Assert.DoesNotContain("authentic", exception.Message, StringComparison.Ordinal);
        await updates.DisposeAsync();
        over.SetResult();
        Assert.Equal(1, limiter.GetStatistics()!.CurrentAvailablePermits);
    }

    [Fact]
    public async Task Stream_NeitherReadNorDisposed_ReturnsItsPermitAfterAnHour()
    {
        using ConcurrencyLimiter limiter = new(new ConcurrencyLimiterOptions { PermitLimit = 1 });
        ManualTimeProvider time = new();
        await using PrivatemodeClient client = _proxy.CreateClient(options => (options.TimeProvider, options.Transport.RateLimiter) = (time, limiter));
        _ = _proxy.Model.Reply("one two three");
        IAsyncEnumerator<ChatResponseUpdate> updates = client.AsIChatClient(Model).GetStreamingResponseAsync("hi").GetAsyncEnumerator();
        Assert.True(await updates.MoveNextAsync().AsTask().OrTimeout());
        Assert.Equal(0, limiter.GetStatistics()!.CurrentAvailablePermits);

        time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(1, limiter.GetStatistics()!.CurrentAvailablePermits);
        GC.KeepAlive(updates);
    }

    [Fact]
    public async Task Stream_DroppedWithoutDispose_ReturnsItsPermit()
    {
        using ConcurrencyLimiter limiter = new(new ConcurrencyLimiterOptions { PermitLimit = 1 });
        await using PrivatemodeClient client = _proxy.CreateClient(options => options.Transport.RateLimiter = limiter);
        _ = _proxy.Model.Reply("one two three");
        await DropStreamAsync(client);
        for (int i = 0; i < 100 && limiter.GetStatistics()!.CurrentAvailablePermits == 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Yield();
        }

        Assert.Equal(1, limiter.GetStatistics()!.CurrentAvailablePermits);
    }

    [Fact]
    public async Task Log_WarnsOnceAndHasNoContent()
    {
        using LogLines lines = new();
        using ILoggerFactory loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Trace).AddProvider(lines));
        await using (PrivatemodeClient client = _proxy.CreateClient(options => options.LoggerFactory = loggers))
        {
            _ = _proxy.Model.Reply("canary");
            _ = await client.AsIChatClient(Model).GetResponseAsync("canary").OrTimeout();
        }

        (_, LogLevel level, string text) = Assert.Single(lines.All, line => line.Category == "Privatemode.AI");
        Assert.Equal(LogLevel.Warning, level);
        Assert.Contains(_proxy.Address.ToString(), text, StringComparison.Ordinal);
        Assert.DoesNotContain(lines.All, line => line.Text.Contains("canary", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Client_Disposed_SendsNothing()
    {
        PrivatemodeClient client = _proxy.CreateClient();
        IChatClient chat = client.AsIChatClient(Model);
        using HttpClient http = new(client.CreateHandler()) { BaseAddress = _proxy.Address };
        await client.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => chat.GetResponseAsync("hi").OrTimeout());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => http.GetAsync(new Uri("/v1/models", UriKind.Relative)).OrTimeout());
        Assert.Empty(_proxy.Requests);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task DropStreamAsync(PrivatemodeClient client)
    {
        IAsyncEnumerator<ChatResponseUpdate> updates = client.AsIChatClient(Model).GetStreamingResponseAsync("hi").GetAsyncEnumerator();
        Assert.True(await updates.MoveNextAsync().AsTask().OrTimeout());
    }

    private static PrivatemodeClient Nowhere()
    {
        PrivatemodeOptions options = new() { TimeProvider = new ImmediateTimeProvider() };
        options.Transport.UseDangerousUnverifiedLocalProxy(new Uri("http://127.0.0.1:1"));
        return new PrivatemodeClient(options);
    }

    private Task AskAsync() => _client.AsIChatClient(Model).GetResponseAsync("hi").OrTimeout();

    private Task StreamAsync() => _client.AsIChatClient(Model).GetStreamingResponseAsync("hi").ToChatResponseAsync().OrTimeout();
}
