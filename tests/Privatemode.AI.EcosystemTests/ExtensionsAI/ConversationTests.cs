using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace Privatemode.AI.EcosystemTests.ExtensionsAI;

/// <summary>Middleware that changes messages and options before they are sent: reducers, defaults, and routing between models.</summary>
public sealed class ConversationTests : ExtensionsAITest
{
    private static List<ChatMessage> LongHistory =>
    [
        new(ChatRole.System, "Be brief."), new(ChatRole.User, "one"), new(ChatRole.Assistant, "two"), new(ChatRole.User, "three"),
        new(ChatRole.Assistant, "four"), new(ChatRole.User, "five"),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task MessageCountingReducer_SendsTheLastMessages(bool isStreaming)
    {
        using IChatClient chat = Chat.AsBuilder().UseChatReducer(new MessageCountingChatReducer(2)).Build();
        _ = await AskAsync(chat, LongHistory, isStreaming: isStreaming);
        Assert.Equal("system assistant user", RolesOf(ChatBodies[0]));
        Assert.DoesNotContain("three", ChatBodies[0].ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SummarizingReducer_SendsSummaryEncryptedToo()
    {
        _ = Deployment.Model.Reply("They counted to four.").Then.Reply("six");
        using IChatClient chat = Chat.AsBuilder().UseChatReducer(new SummarizingChatReducer(Chat, 1, 1)).Build();
        Assert.Equal("six", (await AskAsync(chat, LongHistory)).Text);
        Assert.Equal(2, ChatBodies.Count);
        Assert.Contains("three", ChatBodies[0].ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("They counted to four.", ChatBodies[1].ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("three", ChatBodies[1].ToJsonString(), StringComparison.Ordinal);
        AssertSentEncrypted("They counted to four.", "three", "five");
    }

    [Fact]
    public async Task Reducer_OfTheHost_KeepsCallsAndResultsTogether()
    {
        await using ServiceProvider provider = BuildProvider(services =>
        {
            services.AddSingleton<IChatReducer>(new MessageCountingChatReducer(3));
            services.AddPrivatemodeChatClient(ModelId).UseFunctionInvocation().UseChatReducer();
        });
        ScriptCall();
        List<ChatMessage> history = LongHistory;
        Assert.Equal(Answer, (await AskAsync(provider.GetRequiredService<IChatClient>(), history, WithWeather)).Messages[^1].Text);
        Assert.Equal("system user assistant user", RolesOf(ChatBodies[0]));

        // The reducer leaves function calls and results out, so that none of them is sent without the other.
        Assert.DoesNotContain("tool", RolesOf(ChatBodies[1]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ConfigureOptions_SetsDefaultsForEachCall(bool isStreaming)
    {
        using IChatClient chat = Chat.AsBuilder().ConfigureOptions(options =>
        {
            options.ModelId ??= "gemma-3-27b";
            options.MaxOutputTokens = 7;
            options.Instructions = "Be brief.";
        }).Build();
        ChatOptions own = new() { ModelId = ModelId, TopK = 3 };
        _ = await AskAsync(chat, isStreaming: isStreaming);
        _ = await AskAsync(chat, options: own, isStreaming: isStreaming);
        Assert.Null(own.MaxOutputTokens);
        Assert.Equal(["gemma-3-27b", ModelId], Deployment.Requests.Select(request => request.Headers["Privatemode-Target-Model"]));
        Assert.All(ChatBodies, body => Assert.Equal(("system user", 7), (RolesOf(body), (int?)body["max_completion_tokens"])));
        Assert.Equal(3, (int?)ChatBodies[1]["top_k"]);
    }

    [Fact]
    public async Task Delegate_SeesUpdatesWithReceipts()
    {
        int receipts = 0;
        using IChatClient chat = Chat.AsBuilder()
            .Use(null, (messages, options, inner, stop) => Count(inner.GetStreamingResponseAsync(messages, options, stop))).Build();
        ChatResponse response = await AskAsync(chat, isStreaming: true);
        Assert.NotNull(response.GetPrivatemodeReceipt());
        Assert.True(receipts > 1, $"{receipts} receipts");

        async IAsyncEnumerable<ChatResponseUpdate> Count(IAsyncEnumerable<ChatResponseUpdate> updates)
        {
            await foreach (ChatResponseUpdate update in updates)
            {
                receipts += update.GetPrivatemodeReceipt() is null ? 0 : 1;
                yield return update;
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Failover_BetweenModels_TriesTheNext(bool isStreaming)
    {
        _ = Deployment.Model.ReplyWithError(400, "This model's maximum context length is 1 token.").Then.Reply(Answer);
        using OrderedFailoverChatClient chat = new([Client.AsIChatClient(ModelId), Client.AsIChatClient("gemma-3-27b")]);
        ChatResponse response = await AskAsync(chat, isStreaming: isStreaming);
        Assert.Equal((Answer, "gemma-3-27b"), (response.Text, response.ModelId));
        Assert.NotNull(response.GetPrivatemodeReceipt());
    }

    [Fact]
    public async Task ConversationId_IsRefused()
    {
        using IChatClient chat = Chat.AsBuilder().UseFunctionInvocation().UseDistributedCache(CreateCache()).Build();
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => AskAsync(chat, options: new ChatOptions { ConversationId = "thread_1" }));
        Assert.Equal("ChatOptions.ConversationId", exception.Member);
    }
}
