using System.Threading.RateLimiting;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ExtensionsAI;

/// <summary>Exceptions and cancellation through all layers of middleware, and calls that are large or many.</summary>
public sealed class ErrorTests : ExtensionsAITest
{
    public static TheoryData<string, Type, bool> Errors()
    {
        TheoryData<string, Type, bool> errors = [];
        foreach (bool isStreaming in (bool[])[false, true])
        {
            errors.Add("verification", typeof(PrivatemodeVerificationException), isStreaming);
            errors.Add("tampered", typeof(PrivatemodeIntegrityException), isStreaming);
            errors.Add("clear", typeof(PrivatemodeIntegrityException), isStreaming);
            errors.Add("refused", typeof(PrivatemodeServiceException), isStreaming);
            errors.Add("no-model", typeof(PrivatemodeModelUnavailableException), isStreaming);
            errors.Add("option", typeof(PrivatemodeRequestException), isStreaming);
            errors.Add("model", typeof(PrivatemodeRequestException), isStreaming);
            errors.Add("leak", typeof(PrivatemodeWouldLeakException), isStreaming);
            errors.Add("disposed", typeof(ObjectDisposedException), isStreaming);
        }

        return errors;
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public async Task Error_ComesThroughAllLayersUnchanged(string cause, Type expected, bool isStreaming)
    {
        IChatClient chat = Layered(cause == "no-model" ? "no-such-model" : ModelId);
        ChatOptions options = WithWeather;
        switch (cause)
        {
            case "verification": Deployment.Evidence.Defect = EvidenceDefect.WrongNonce; break;
            case "tampered": Deployment.Faults.Inject(Fault.TamperEvent(isStreaming ? 1 : 0)); break;
            case "clear": Deployment.Faults.Inject(Fault.UnencryptedSuccess()); break;
            case "refused": _ = Deployment.Model.ReplyWithError(400, "The prompt is too long."); break;
            case "option": options.AdditionalProperties = new() { ["messages"] = "x" }; break;
            case "model": options.ModelId = "no such\nmodel"; break;
            case "leak": options.RawRepresentationFactory = _ => RawOptions("no such\nmodel"); break;
            case "disposed": await Client.DisposeAsync(); break;
        }

        Exception? exception = await Record.ExceptionAsync(() => AskAsync(chat, options: options, isStreaming: isStreaming));
        Assert.IsType(expected, exception);
        Assert.DoesNotContain("umbrella", exception.ToString(), StringComparison.Ordinal);
        if (cause is "verification" or "option" or "model" or "leak" or "disposed")
        {
            Assert.Empty(Deployment.Requests);
        }
    }

    private static OpenAI.Chat.ChatCompletionOptions RawOptions(string model)
    {
        OpenAI.Chat.ChatCompletionOptions options = new();
        options.Patch.Set("$.model"u8, model);
        return options;
    }

    [Fact]
    public async Task FailureAfterATool_IsThrownAndNothingIsRepeated()
    {
        int runs = 0;
        AIFunction tool = AIFunctionFactory.Create((string city) => ++runs, ToolName);
        _ = Deployment.Model.ReplyWithToolCall(ToolName, Arguments).Then.ReplyWithError(400, "The prompt is too long.");
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => AskAsync(Layered(), options: new ChatOptions { Tools = [tool] }));
        Assert.Equal((1, 2), (runs, Deployment.Requests.Count));
    }

    // docs/chat.md warns of it.
    [Fact]
    public async Task Failover_AlsoFollowsAFailedVerification()
    {
        Deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        using PlainClient other = new();
        using OrderedFailoverChatClient chat = new([Chat, other]);
        _ = await AskAsync(chat);
        Assert.Contains(Question, other.Received, StringComparison.Ordinal);
        Assert.Empty(Deployment.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CancelledBefore_NothingIsSent(bool isStreaming)
    {
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();
        IChatClient chat = Layered();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => isStreaming
            ? chat.GetStreamingResponseAsync(Question, WithWeather, cancelled.Token).ToChatResponseAsync()
            : chat.GetResponseAsync(Question, WithWeather, cancelled.Token));
        Assert.Empty(Deployment.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CancelledInATool_EndsTheLoop(bool isStreaming)
    {
        ScriptCall("wait", "{}");
        using CancellationTokenSource source = new();
        AIFunction wait = AIFunctionFactory.Create(
            async (CancellationToken token) =>
            {
                await source.CancelAsync();
                token.ThrowIfCancellationRequested();
            },
            "wait");
        ChatOptions options = new() { Tools = [wait] };
        IChatClient chat = Layered();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => (isStreaming
            ? chat.GetStreamingResponseAsync(Question, options, source.Token).ToChatResponseAsync()
            : chat.GetResponseAsync(Question, options, source.Token)).OrTimeout());
        Assert.Single(Deployment.Requests);
    }

    [Fact]
    public async Task CancelledInAStream_EndsAtOnceAndGivesThePermitBack()
    {
        await using PrivatemodeClient client = Deployment.CreateClient(options => options.Transport.RateLimiter = new ConcurrencyLimiter(
            new ConcurrencyLimiterOptions { PermitLimit = 1, QueueLimit = 0 }));
        IChatClient chat = Layered(client: client);
        Deployment.Faults.Inject(Fault.StallBeforeEvent(4));
        using CancellationTokenSource source = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync("Say a few words to me", cancellationToken: source.Token).WithTimeout())
            {
                if (update.Text.Length > 0)
                {
                    await source.CancelAsync();
                }
            }
        });
        Assert.NotEmpty((await AskAsync(chat)).Text);
    }

    [Fact]
    public async Task AbandonedStream_GivesThePermitBack()
    {
        await using PrivatemodeClient client = Deployment.CreateClient(options => options.Transport.RateLimiter = new ConcurrencyLimiter(
            new ConcurrencyLimiterOptions { PermitLimit = 1, QueueLimit = 0 }));
        IChatClient chat = Layered(client: client);
        for (int i = 0; i < 3; i++)
        {
            await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync($"Say {i} words to me").WithTimeout())
            {
                if (update.Text.Length > 0)
                {
                    break;
                }
            }
        }

        Assert.NotEmpty((await AskAsync(chat)).Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PromptOfOneMegabyte_Works(bool isStreaming)
    {
        string prompt = string.Concat(Enumerable.Range(0, 1024 * 1024 / 16).Select(i => $"umbrella{i:D7} "));
        _ = Deployment.Model.ReplyWithToolCall(ToolName, Arguments).Then.Reply(Answer);
        IChatClient chat = Layered();
        Assert.Equal(Answer, (await AskAsync(chat, prompt, WithWeather, isStreaming)).Messages[^1].Text);
        Assert.Equal(Answer, (await AskAsync(chat, prompt, WithWeather, isStreaming)).Messages[^1].Text);
        Assert.Equal(2, ChatBodies.Count);
        Assert.All(ChatBodies, body => Assert.Equal(prompt, (string?)body["messages"]![0]!["content"]));
        AssertSentEncrypted("umbrella0000007");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task FiftyCallsAtOnce_GetTheirOwnAnswers(bool isStreaming)
    {
        Deployment.Model.SetFallback(request => request.DecryptedBody!.Contains("tool_call_id", StringComparison.Ordinal)
            ? ScriptedAnswer.Text("done " + NumberIn(request.DecryptedBody)) : ScriptedAnswer.ToolCall(ToolName, Arguments));
        IChatClient chat = Layered();
        ChatResponse[] responses = await Task.WhenAll(Enumerable.Range(100, 50).Select(
            i => AskAsync(chat, $"number {i}", WithWeather, isStreaming))).OrTimeout();
        Assert.Equal(Enumerable.Range(100, 50).Select(i => $"done {i}"), responses.Select(response => response.Messages[^1].Text));
        Assert.Equal(100, Deployment.Requests.Count);
        Assert.Equal(50, responses.Select(response => response.GetPrivatemodeReceipt()!.RequestId).Distinct().Count());
        Assert.Equal(1, Deployment.KeyExchangeCount);

        static string NumberIn(string body) => body.Substring(body.IndexOf("number ", StringComparison.Ordinal) + "number ".Length, 3);
    }

    private IChatClient Layered(string modelId = ModelId, PrivatemodeClient? client = null) => (client ?? Client).AsIChatClient(modelId).AsBuilder()
        .UseFunctionInvocation(NullLoggerFactory.Instance).UseDistributedCache(CreateCache()).UseLogging(NullLoggerFactory.Instance)
        .UseOpenTelemetry(sourceName: nameof(ErrorTests)).Build();

    /// <summary>A client of another vendor, which sends what it gets in the clear.</summary>
    private sealed class PlainClient : IChatClient
    {
        public string Received { get; private set; } = "";

        public Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            Received = string.Concat(messages.Select(message => message.Text));
            return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, Answer)));
        }

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
