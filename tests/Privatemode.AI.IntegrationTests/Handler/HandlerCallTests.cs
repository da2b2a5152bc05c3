using System.Net;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Handler;

/// <summary>How calls through the handler run: responses, receipts, repeats, cancellation, the ends of handler and client.</summary>
public sealed class HandlerCallTests : HandlerTest
{
    [Fact]
    public async Task Send_Answered_ResponseHasWhatIsKnownAndNothingOfTheWire()
    {
        using HttpRequestMessage request = Post(ChatPath, ChatBody());
        using HttpResponseMessage response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).OrTimeout();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Same(request, response.RequestMessage);
        Assert.Equal(
            [PrivatemodeHttpMessageHandler.AuthenticatedHeaderName, "x-request-id"],
            response.Headers.Select(header => header.Key).Order(StringComparer.Ordinal), StringComparer.OrdinalIgnoreCase);
        Assert.Equal(["Content-Type"], response.Content.Headers.Select(header => header.Key));
        Assert.Equal(["true"], response.Headers.GetValues(PrivatemodeHttpMessageHandler.AuthenticatedHeaderName));
        Assert.Equal(Deployment.Requests[0].RequestId, response.Headers.GetValues("x-request-id").Single() + "_0");
        Assert.Equal("You said: hi", TextOf(await response.Content.ReadAsStringAsync()));
        Assert.Equal(response.Content.Headers.ContentLength, (await response.Content.ReadAsByteArrayAsync()).Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Send_Answered_CarriesAReceiptThatNamesTheDeployment(bool stream)
    {
        using HttpRequestMessage request = Post(ChatPath, ChatBody(stream: stream));
        using HttpResponseMessage response = await Http.SendAsync(request).OrTimeout();
        EncryptionReceipt receipt = response.GetPrivatemodeReceipt()!;
        Assert.Equal((await Client.VerifyAsync().OrTimeout()).ManifestSha256, receipt.ManifestSha256);
        Assert.Equal(Deployment.Requests[0].RequestId, receipt.RequestId);
        Assert.Contains("messages", receipt.EncryptedMembers);
    }

    [Fact]
    public async Task SynchronousSend_EveryKindOfBody_IsAnswered()
    {
        Assert.Equal("You said: hi", TextOf(await SendOnOwnThreadAsync(() => Post(ChatPath, ChatBody()))));
        Assert.Contains("[DONE]", await SendOnOwnThreadAsync(() => Post(ChatPath, ChatBody(stream: true))), StringComparison.Ordinal);
        Assert.Contains("You sent 40 bytes", await SendOnOwnThreadAsync(
            () => new(HttpMethod.Post, TranscriptionPath) { Content = Form(new byte[40], ("model", "whisper-large-v3")) }), StringComparison.Ordinal);
        Assert.Contains("You sent 7 bytes", await SendOnOwnThreadAsync(
            () => new(HttpMethod.Post, PartitionPath) { Content = Form(new byte[7]) }), StringComparison.Ordinal);
        Assert.Contains(ModelId, await SendOnOwnThreadAsync(() => new(HttpMethod.Get, "/v1/models")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_HundredAtOnce_EachGetsItsOwnAnswer()
    {
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(async i =>
        {
            using HttpRequestMessage request = i % 2 == 0 ? Post(ChatPath, ChatBody($"number {i}")) : Post(MessagesPath, MessageBody($"number {i}"));
            using HttpResponseMessage response = await Http.SendAsync(request);
            return await response.Content.ReadAsStringAsync();
        })).OrTimeout();
        Assert.All(answers.Index(), answer => Assert.Contains($"You said: number {answer.Index}\"", answer.Item, StringComparison.Ordinal));
        Assert.Equal(1, Deployment.KeyExchangeCount);
        Assert.Equal(100, Deployment.Requests.Select(request => request.WireBodyText).Distinct().Count());
    }

    [Fact]
    public async Task Stream_Events_ArriveOneByOne()
    {
        using SemaphoreSlim next = new(1);
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(
            new() { BeforeStreamEvent = async (_, stop) => await next.WaitAsync(stop) });
        deployment.Model.Reply("one two three");
        await using PrivatemodeClient client = deployment.CreateClient();
        using HttpClient http = new(client.CreateHandler()) { BaseAddress = deployment.Endpoint };
        using HttpRequestMessage request = Post(ChatPath, ChatBody(stream: true));
        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).OrTimeout();
        Assert.Null(response.Content.Headers.ContentLength);
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
        int events = 0;
        while (await reader.ReadLineAsync().OrTimeout() is { } line)
        {
            if (line.StartsWith("data:", StringComparison.Ordinal))
            {
                events++;
                next.Release();
            }
        }

        Assert.Equal(7, events);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stream_LeftEarly_StopsTheGeneration(bool bySynchronousDispose)
    {
        TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(new()
        {
            BeforeStreamEvent = async (i, stop) =>
            {
                if (i >= 2)
                {
                    await Record.ExceptionAsync(() => new TaskCompletionSource().Task.WaitAsync(stop));
                    stopped.TrySetResult();
                    stop.ThrowIfCancellationRequested();
                }
            },
        });
        await using PrivatemodeClient client = deployment.CreateClient();
        using HttpClient http = new(client.CreateHandler()) { BaseAddress = deployment.Endpoint };
        using HttpRequestMessage request = Post(ChatPath, ChatBody(stream: true));
        HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).OrTimeout();
        Stream stream = await response.Content.ReadAsStreamAsync();
        Assert.NotEqual(0, await stream.ReadAsync(new byte[10]).AsTask().OrTimeout());
        if (bySynchronousDispose)
        {
            response.Dispose();
        }
        else
        {
            await stream.DisposeAsync();
        }

        await stopped.Task.OrTimeout();
    }

    [Fact]
    public async Task Send_SecretForgotten_IsSentAgainAtOnceUnderANewSecret()
    {
        await SendAsync();
        Deployment.ForgetSecrets();
        Assert.Equal("You said: hi", TextOf(await SendAsync()));
        Assert.Equal(2, Deployment.KeyExchangeCount);
        Assert.Equal(3, Deployment.Requests.Count);
        Assert.EndsWith("_1", Deployment.Requests[2].RequestId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_SameRequestTwice_IsEncryptedAnew()
    {
        using HttpMessageInvoker invoker = new(Client.CreateHandler());
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri(ChatPath, UriKind.Relative)) { Content = Json(ChatBody()) };
        using HttpResponseMessage first = await invoker.SendAsync(request, default).OrTimeout();
        using HttpResponseMessage second = await invoker.SendAsync(request, default).OrTimeout();
        Assert.Equal("You said: hi", TextOf(await second.Content.ReadAsStringAsync()));
        Assert.Equal(2, Deployment.Requests.Select(sent => sent.WireBodyText).Distinct().Count());
        Assert.Equal(2, Deployment.Requests.Select(sent => sent.RequestId).Distinct().Count());
        Assert.Equal(Deployment.Requests[1].RequestId, second.GetPrivatemodeReceipt()!.RequestId);
    }

    [Fact]
    public async Task Send_BodyThatCanBeReadOnce_SurvivesARepeat()
    {
        await SendAsync();
        Deployment.ForgetSecrets();
        using HttpRequestMessage request = new(HttpMethod.Post, ChatPath) { Content = new StreamContent(new ForwardOnly(Encoding.UTF8.GetBytes(ChatBody()))) };
        request.Content.Headers.ContentType = new("application/json");
        using HttpResponseMessage response = await Http.SendAsync(request).OrTimeout();
        Assert.Equal("You said: hi", TextOf(await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task Send_Cancelled_StopsAtOnce()
    {
        using CancellationTokenSource impatient = new();
        Deployment.Faults.Inject(Fault.NoResponse);
        Task<HttpResponseMessage> asking = Http.SendAsync(Post(ChatPath, ChatBody()), impatient.Token);
        await Time.TimerAsync(due => due == TimeSpan.FromMinutes(10)).OrTimeout();
        await impatient.CancelAsync();
        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.OrTimeout());
        Assert.Equal(impatient.Token, exception.CancellationToken);
        Assert.InRange(Deployment.Requests.Count, 0, 1);
    }

    [Fact]
    public async Task Send_CancelledBefore_SendsNothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Http.SendAsync(Post(ChatPath, ChatBody()), new CancellationToken(canceled: true)));
        Assert.Empty(Deployment.AllRequests);
    }

    [Fact]
    public async Task Stream_CancelledWhileReading_StopsAtOnce()
    {
        Deployment.Faults.Inject(Fault.StallBeforeEvent(1));
        using CancellationTokenSource impatient = new();
        using HttpResponseMessage response = await Http.SendAsync(
            Post(ChatPath, ChatBody(stream: true)), HttpCompletionOption.ResponseHeadersRead).OrTimeout();
        await using Stream stream = await response.Content.ReadAsStreamAsync();
        byte[] buffer = new byte[64 * 1024];
        Assert.NotEqual(0, await stream.ReadAsync(buffer).AsTask().OrTimeout());
        Task<int> reading = stream.ReadAsync(buffer, impatient.Token).AsTask();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.OrTimeout());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Send_NoAnswerInTime_IsATimeoutAndNotSentAgain(bool sync)
    {
        Deployment.Faults.Inject(Fault.NoResponse);
        Task<HttpResponseMessage> asking = sync
            ? TestTimeouts.OnOwnThread(() => Http.Send(Post(ChatPath, ChatBody())))
            : Http.SendAsync(Post(ChatPath, ChatBody()));
        await Time.TimerAsync(due => due == TimeSpan.FromMinutes(10)).OrTimeout();
        Time.Advance(TimeSpan.FromMinutes(10));
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => asking.OrTimeout());
        Assert.Equal(ServiceFailureReason.Timeout, exception.Reason);
        Assert.InRange(Deployment.Requests.Count, 0, 1);
    }

    [Fact]
    public async Task Dispose_Handler_EndsTheHandlerAndNotTheClient()
    {
        PrivatemodeHttpMessageHandler handler = Client.CreateHandler();
        using HttpMessageInvoker invoker = new(handler, disposeHandler: false);
        handler.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => invoker.SendAsync(Post(ChatPath, ChatBody()), default).OrTimeout());
        Assert.Equal("You said: hi", TextOf(await SendAsync()));
    }

    [Fact]
    public async Task Dispose_Client_EndsTheHandler()
    {
        PrivatemodeClient client = Deployment.CreateClient();
        using HttpClient http = NewHttp(client);
        await client.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => http.SendAsync(Post(ChatPath, ChatBody())).OrTimeout());
        Assert.Empty(Deployment.AllRequests);
    }

    [Fact]
    public void New_WithoutAClient_IsRefused() => Assert.Throws<ArgumentNullException>(() => new PrivatemodeHttpMessageHandler(null!));

    private async Task<string> SendAsync()
    {
        using HttpResponseMessage response = await Http.SendAsync(Post(ChatPath, ChatBody())).OrTimeout();
        return await response.Content.ReadAsStringAsync();
    }

    private Task<string> SendOnOwnThreadAsync(Func<HttpRequestMessage> make) => TestTimeouts.OnOwnThread(() =>
    {
        using HttpRequestMessage request = make();
        using HttpResponseMessage response = Http.Send(request, HttpCompletionOption.ResponseHeadersRead);
        using StreamReader reader = new(response.EnsureSuccessStatusCode().Content.ReadAsStream());
        return reader.ReadToEnd();
    });

    private static string TextOf(string answer)
    {
        using JsonDocument document = JsonDocument.Parse(answer);
        return document.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
    }

    /// <summary>A stream that can neither be rewound nor measured.</summary>
    private sealed class ForwardOnly(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
