using System.ClientModel;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Pipeline.Calls;

/// <summary>What is sent again, when, and what is never sent twice.</summary>
public sealed class RetryTests : DeploymentTest
{
    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(503)]
    public async Task Chat_BusyService_IsAskedAgainWithAFreshExchange(int status)
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(status), times: 2);
        Task<ChatResponse> asking = Chat.GetResponseAsync("hi");
        await PassAsync(0.64, 0.96);
        await PassAsync(1.28, 1.92);
        Assert.Equal("You said: hi", (await asking.OrTimeout()).Text);
        Assert.Equal(3, Deployment.Requests.Count);
        Assert.Equal(3, Deployment.Requests.Select(request => request.WireBodyText).Distinct().Count());
        Assert.Equal(["0", "1", "2"], Deployment.Requests.Select(request => request.RequestId!.Split('_')[2]));
        Assert.Single(Deployment.Requests.Select(request => request.RequestId!.Split('_')[1]).Distinct());
        Assert.Single(Deployment.Requests.Select(request => request.DecryptedBody).OfType<string>());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Completion_BusyService_IsAskedAgainWithAFreshExchange(bool streamed)
    {
        TextCompletionClient completions = Client.GetTextCompletionClient(ModelId);
        TextCompletionRequest request = new("hi");
        Deployment.Model.Reply("hello");
        Deployment.Faults.Inject(Fault.UnencryptedError(503), times: 2);
        Task<string> asking = streamed ? StreamedAsync() : WholeAsync();
        await PassAsync(0.64, 0.96);
        await PassAsync(1.28, 1.92);
        Assert.Equal("hello", await asking.OrTimeout());
        Assert.Equal(3, Deployment.Requests.Select(request => request.WireBodyText).Distinct().Count());
        Assert.Equal(["0", "1", "2"], Deployment.Requests.Select(request => request.RequestId!.Split('_')[2]));

        async Task<string> WholeAsync() => (await completions.CompleteAsync(request)).Text;
        async Task<string> StreamedAsync()
        {
            string text = "";
            await foreach (TextCompletion part in completions.CompleteStreamingAsync(request))
            {
                text += part.Text;
            }

            return text;
        }
    }

    [Fact]
    public async Task ModelList_BusyService_IsAskedForAgain()
    {
        Deployment.Faults.InjectIntoModelList(Fault.UnencryptedError(503), times: 2);
        Task<IReadOnlyList<ModelInfo>> asking = Client.Models.ListAsync();
        await PassAsync(0.64, 0.96);
        await PassAsync(1.28, 1.92);
        Assert.Contains(await asking.OrTimeout(), model => model.Id == ModelId);
        Assert.Equal(3, Deployment.AllRequests.Count(request => request.PathAndQuery == "/v1/models"));
        Assert.Equal(0, Deployment.Faults.PendingCount);
    }

    [Fact]
    public async Task ModelList_CutInTheMiddle_IsNoList()
    {
        Deployment.Faults.InjectIntoModelList(Fault.CutConnection(40));
        await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => Client.Models.ListAsync().OrTimeout());
        Assert.NotEmpty(await Client.Models.ListAsync().OrTimeout());
    }

    [Fact]
    public async Task Chat_StaysBusy_StopsAfterThreeRetries()
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(429, "slow down", TimeSpan.FromSeconds(7)), times: 9);
        Task<Exception?> asking = AskAsync();
        for (int i = 0; i < 3; i++)
        {
            await PassAsync(7, 7);
        }

        PrivatemodeServiceException exception = Assert.IsType<PrivatemodeServiceException>(await asking);
        Assert.Equal(ServiceFailureReason.RateLimited, exception.Reason);
        Assert.Equal(TimeSpan.FromSeconds(7), exception.RetryAfter);
        Assert.Equal(4, Deployment.Requests.Count);
    }

    [Fact]
    public async Task Chat_RetryAfterOfAnHour_IsCappedAtAMinute()
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(503, retryAfter: TimeSpan.FromHours(1)));
        Task<ChatResponse> asking = Chat.GetResponseAsync("hi");
        await PassAsync(60, 60);
        Assert.Equal("You said: hi", (await asking.OrTimeout()).Text);
    }

    [Fact]
    public async Task SynchronousChat_BusyService_IsAskedAgain()
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(503));
        Task<string> asking = TestTimeouts.OnOwnThread(() => Client.OpenAI.GetChatClient(ModelId).CompleteChat("hi").Value.Content[0].Text);
        await PassAsync(0.64, 0.96);
        Assert.Equal("You said: hi", await asking);
    }

    [Fact]
    public async Task Chat_CancelledWhileWaitingToRetry_StopsAtOnce()
    {
        using CancellationTokenSource impatient = new();
        Deployment.Faults.Inject(Fault.UnencryptedError(503, retryAfter: TimeSpan.FromSeconds(31)));
        Task<ChatResponse> asking = Chat.GetResponseAsync("hi", cancellationToken: impatient.Token);
        await Time.TimerAsync(due => due == TimeSpan.FromSeconds(31)).OrTimeout();
        await impatient.CancelAsync();
        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.OrTimeout());
        Assert.Equal(impatient.Token, exception.CancellationToken);
        Assert.Single(Deployment.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Chat_SecretForgotten_IsAskedAgainAtOnceUnderANewSecret(bool streamed)
    {
        await AskAsync();
        Deployment.ForgetSecrets();
        Assert.Equal("You said: hi", await TextAsync(streamed));
        Assert.Equal(2, Deployment.KeyExchangeCount);
        Assert.Equal(3, Deployment.Requests.Count);
        Assert.EndsWith("_1", Deployment.Requests[2].RequestId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_SecretIsNeverKnown_StopsAfterOneNewSecret()
    {
        Deployment.Faults.Inject(Fault.UnknownSecret, times: 100);
        PrivatemodeServiceException exception = Assert.IsType<PrivatemodeServiceException>(await AskAsync());
        Assert.Equal(500, exception.Status);
        Assert.Equal(2, Deployment.Requests.Count);
        Assert.Equal(2, Deployment.KeyExchangeCount);
    }

    [Fact]
    public async Task Chat_ConnectionEndsBeforeTheAnswer_IsSentOnceMoreAfter50Milliseconds()
    {
        // The client sees a reset or an orderly close, as it happens; both count.
        await AskAsync();
        Deployment.Faults.Inject(Fault.CutConnection(0));
        Task<Exception?> asking = AskAsync();
        Assert.Equal(TimeSpan.FromMilliseconds(50), await Time.TimerAsync(due => due == TimeSpan.FromMilliseconds(50)).OrTimeout());
        Time.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Null(await asking);
        Assert.Equal(3, Deployment.Requests.Count);
    }

    [Fact]
    public async Task Chat_ResetMinutesAfterItWasSent_IsNotSentAgain()
    {
        // The service may be generating by then; a network device that loses patience must not make it generate twice.
        await AskAsync();
        TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using SemaphoreSlim reset = new(0);
        Deployment.Model.SetFallback(_ =>
        {
            arrived.SetResult();
            reset.Wait(TestTimeouts.Default);
            return ScriptedAnswer.Text("too late");
        });
        Deployment.Faults.Inject(Fault.CutConnection(0));
        Task<Exception?> asking = AskAsync();
        await arrived.Task.OrTimeout();
        Time.Advance(TimeSpan.FromSeconds(6));
        _ = reset.Release();
        Assert.Equal(ServiceFailureReason.Unreachable, Assert.IsType<PrivatemodeServiceException>(await asking).Reason);
        Assert.Equal(2, Deployment.Requests.Count);
    }

    [Theory]
    [InlineData(-1, true)]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(0, false)]
    public async Task Chat_NoWholeAnswerInTenMinutes_IsATimeoutAndWasSentOnce(int stallAt, bool async)
    {
        Deployment.Faults.Inject(stallAt < 0 ? Fault.NoResponse : Fault.StallBeforeEvent(stallAt));
        Task<Exception?> asking = async
            ? AskAsync()
            : TestTimeouts.OnOwnThread<Exception?>(() => Record.Exception(() => Client.OpenAI.GetChatClient(ModelId).CompleteChat("hi")));
        await Time.TimerAsync(due => due == TimeSpan.FromMinutes(10)).OrTimeout();
        Time.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromSeconds(1));
        Assert.False(asking.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(1));
        PrivatemodeServiceException exception = Assert.IsType<PrivatemodeServiceException>(await asking.OrTimeout());
        Assert.Equal(ServiceFailureReason.Timeout, exception.Reason);
        Assert.InRange(Deployment.Requests.Count, 0, 1);
    }

    [Fact]
    public async Task Chat_ConnectionRefused_IsTriedFourTimesAndReportedOnce()
    {
        await AskAsync();
        await Deployment.DisposeAsync();
        Task<Exception?> asking = AskAsync();
        await PassAsync(0.64, 0.96);
        await PassAsync(1.28, 1.92);
        await PassAsync(2.56, 3.84);
        PrivatemodeServiceException exception = Assert.IsType<PrivatemodeServiceException>(await asking);
        Assert.Equal(ServiceFailureReason.Unreachable, exception.Reason);
    }

    [Fact]
    public async Task PlainClient_ConnectionRefused_ThrowsNoAggregateException()
    {
        await AskAsync();
        await Deployment.DisposeAsync();
        Task<Exception?> asking = Record.ExceptionAsync(() => Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync("hi"));
        await PassAsync(0.64, 0.96);
        await PassAsync(1.28, 1.92);
        await PassAsync(2.56, 3.84);
        Assert.Equal(0, Assert.IsType<ClientResultException>(await asking.OrTimeout()).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Chat_BusyServiceWhoseConnectionThenEnds_SaysThatAndNotThatAStreamIsClosed(bool streamed)
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(503));
        Deployment.Faults.Inject(Fault.CutConnection(0), times: 2);
        Task<Exception?> asking = Record.ExceptionAsync(() => TextAsync(streamed));
        await PassAsync(0.64, 0.96);
        await PassAsync(0.05, 0.05);
        Assert.Equal(ServiceFailureReason.Unreachable, Assert.IsType<PrivatemodeServiceException>(await asking.OrTimeout()).Reason);
        Assert.Equal(3, Deployment.Requests.Count);
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("chat streamed")]
    [InlineData("embeddings")]
    [InlineData("plain client")]
    public async Task Call_BusyServiceThatThenFailsVerification_SaysThatAndNotThatAStreamIsClosed(string call)
    {
        await AskAsync();
        Deployment.Faults.Inject(Fault.UnencryptedError(503));
        Task<Exception?> asking = Record.ExceptionAsync(() => call switch
        {
            "embeddings" => Client.AsIEmbeddingGenerator("qwen3-embedding-4b").GenerateAsync("hi"),
            "plain client" => Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync("hi"),
            _ => TextAsync(call == "chat streamed"),
        });
        _ = await Time.TimerAsync(time => time >= TimeSpan.FromSeconds(0.64) && time <= TimeSpan.FromSeconds(0.96)).OrTimeout();
        Deployment.Evidence.Defect = EvidenceDefect.SnpDebug;
        Deployment.RotateMeshCa();
        Time.Advance(TimeSpan.FromMinutes(50)); // the secret has ended: the second try needs another
        Assert.IsType<PrivatemodeVerificationException>(await asking.OrTimeout());
    }

    private async Task<string> TextAsync(bool streamed) => streamed
        ? (await Chat.GetStreamingResponseAsync("hi").ToChatResponseAsync().OrTimeout()).Text
        : (await Chat.GetResponseAsync("hi").OrTimeout()).Text;

    /// <summary>Waits until the client waits for a time in seconds within the range, and lets it pass.</summary>
    private async Task PassAsync(double from, double to)
    {
        TimeSpan due = await Time.TimerAsync(time => time >= TimeSpan.FromSeconds(from) && time <= TimeSpan.FromSeconds(to)).OrTimeout();
        Time.Advance(due);
    }
}
