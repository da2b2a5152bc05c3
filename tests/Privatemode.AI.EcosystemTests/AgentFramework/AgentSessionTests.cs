using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Agents.AI;
using Microsoft.Agents.AI.Compaction;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.AgentFramework;

/// <summary>Sessions, the providers of chat histories and of context, and what reduces a history.</summary>
public sealed class AgentSessionTests : AgentTest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Session_KeepsTheConversation(bool isStreaming)
    {
        _ = Deployment.Model.ReplyWithToolCall(ToolName, Arguments).Then.Reply(Answer).Then.Reply("Then take a hat.");
        ChatClientAgent agent = CreateAgent(Weather);
        AgentSession session = await agent.CreateSessionAsync();
        _ = await RunAsync(agent, isStreaming, session);
        Assert.Equal("Then take a hat.", (await RunAsync(agent, isStreaming, session, question: "And if the sun is strong?")).Text);
        Assert.Equal(["system", "user", "assistant", "tool", "assistant", "user"], Roles(SentMessages[2]));
        Assert.Equal(ToolResult, Text(SentMessages[2][3]));
        Assert.Equal(Answer, Text(SentMessages[2][4]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Session_StoredAsJson_ResumesWithAnotherClient(bool isStreaming)
    {
        _ = Deployment.Model.ReplyWithToolCall(ToolName, Arguments).Then.Reply(Answer).WithReasoning("The user asks for rain.").Then.Reply("Then take a hat.");
        ChatClientAgent agent = CreateAgent(Weather);
        AgentSession session = await agent.CreateSessionAsync();
        _ = await RunAsync(agent, isStreaming, session);
        string stored = (await agent.SerializeSessionAsync(session)).GetRawText();
        await Client.DisposeAsync();

        await using PrivatemodeClient later = Deployment.CreateClient();
        ChatClientAgent resumed = later.AsIChatClient(ModelId).AsAIAgent(Instructions, "concierge", tools: [Weather]);
        using JsonDocument document = JsonDocument.Parse(stored);
        AgentSession again = await resumed.DeserializeSessionAsync(document.RootElement);
        Assert.Equal("Then take a hat.", (await RunAsync(resumed, isStreaming, again, question: "And if the sun is strong?")).Text);
        Assert.Equal(["system", "user", "assistant", "tool", "assistant", "user"], Roles(SentMessages[2]));
        Assert.Equal(SentMessages[1].Skip(1).Select(WithoutName), SentMessages[2].Skip(1).Take(3).Select(WithoutName));
        Assert.Equal("The user asks for rain.", (string?)SentMessages[2][4]!["reasoning"]);
        Assert.True(again.TryGetInMemoryChatHistory(out List<ChatMessage>? history));
        Assert.Equal(6, history!.Count);

        // The agent adds its name to the messages of its answers.
        static string WithoutName(JsonNode? message)
        {
            JsonObject copy = message!.DeepClone().AsObject();
            _ = copy.Remove("name");
            return copy.ToJsonString();
        }
    }

    [Fact]
    public async Task Session_Image_SurvivesJson()
    {
        _ = Deployment.Model.Reply("A pixel.").Then.Reply("Red.");
        ChatClientAgent agent = Client.AsIChatClient("gemma-3-27b").AsAIAgent();
        AgentSession session = await agent.CreateSessionAsync();
        ChatMessage message = new(ChatRole.User, [new TextContent("What is this?"), new DataContent(new byte[] { 1, 2, 3 }, "image/png")]);
        _ = await agent.RunAsync(message, session).OrTimeout();
        AgentSession again = await agent.DeserializeSessionAsync(await agent.SerializeSessionAsync(session));
        Assert.Equal("Red.", (await agent.RunAsync("Which color?", again).OrTimeout()).Text);
        Assert.Equal(SentMessages[0][0]!.ToJsonString(), SentMessages[1][0]!.ToJsonString());
    }

    [Fact]
    public async Task Session_AfterAFailedRun_KeepsWhatWasSaidBefore()
    {
        ChatClientAgent agent = CreateAgent();
        AgentSession session = await agent.CreateSessionAsync();
        _ = Deployment.Model.Reply("first").Then.ReplyWithError(400, "no").Then.Reply("third");
        _ = await agent.RunAsync("one", session).OrTimeout();
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => agent.RunAsync("two", session).OrTimeout());
        Assert.Equal("third", (await agent.RunAsync("three", session).OrTimeout()).Text);
        Assert.Equal(["one", "first", "three"], SentMessages[^1].Skip(1).Select(Text));
    }

    [Fact]
    public async Task Session_AfterATamperedStream_ForgetsThePart()
    {
        ChatClientAgent agent = CreateAgent();
        AgentSession session = await agent.CreateSessionAsync();
        _ = Deployment.Model.Reply("one two three four five six").Then.Reply("fine");
        Deployment.Faults.Inject(Fault.TamperEvent(3));
        await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => RunAsync(agent, isStreaming: true, session));
        Assert.Equal("fine", (await RunAsync(agent, isStreaming: true, session, question: "again")).Text);
        Assert.Equal(["again"], SentMessages[^1].Skip(1).Select(Text));
    }

    [Theory]
    [InlineData(InMemoryChatHistoryProviderOptions.ChatReducerTriggerEvent.BeforeMessagesRetrieval)]
    [InlineData(InMemoryChatHistoryProviderOptions.ChatReducerTriggerEvent.AfterMessageAdded)]
    public async Task Reducer_ShortensTheHistory(InMemoryChatHistoryProviderOptions.ChatReducerTriggerEvent trigger)
    {
        ChatClientAgent agent = Chat.AsAIAgent(new ChatClientAgentOptions
        {
            ChatOptions = new() { Instructions = Instructions },
            ChatHistoryProvider = new InMemoryChatHistoryProvider(new() { ChatReducer = new MessageCountingChatReducer(2), ReducerTriggerEvent = trigger }),
        });
        AgentSession session = await agent.CreateSessionAsync();
        for (int turn = 0; turn < 4; turn++)
        {
            _ = await agent.RunAsync($"turn {turn}", session).OrTimeout();
        }

        Assert.Equal(["turn 2", "You said: turn 2", "turn 3"], SentMessages[^1].Skip(1).Select(Text));
    }

    [Fact]
    public async Task SummarizingReducer_SummarizesOverTheSameClient()
    {
        ChatClientAgent agent = Chat.AsAIAgent(new ChatClientAgentOptions
        {
            ChatOptions = new() { Instructions = Instructions },
            ChatHistoryProvider = new InMemoryChatHistoryProvider(new() { ChatReducer = new SummarizingChatReducer(Chat, 1, 0) }),
        });
        Deployment.Model.SetFallback(request => ScriptedAnswer.Text(request.DecryptedBody!.Contains("summar", StringComparison.OrdinalIgnoreCase)
            ? "They talked about hats." : Answer));
        AgentSession session = await agent.CreateSessionAsync();
        for (int turn = 0; turn < 3; turn++)
        {
            _ = await agent.RunAsync($"turn {turn}", session).OrTimeout();
        }

        Assert.Contains("They talked about hats.", SentMessages[^1].Select(Text));
        AssertSentEncrypted("They talked about hats.", "turn 0");
    }

    [Fact]
    public async Task Compaction_KeepsCallsAndResultsTogether()
    {
        ScriptCall();
        ChatClientAgent agent = Chat.AsAIAgent(new ChatClientAgentOptions
        {
            ChatOptions = new() { Instructions = Instructions, Tools = [Weather] },
            AIContextProviders = [new CompactionProvider(new TruncationCompactionStrategy(CompactionTriggers.MessagesExceed(4), 1))],
        });
        AgentSession session = await agent.CreateSessionAsync();
        for (int turn = 0; turn < 3; turn++)
        {
            _ = await agent.RunAsync($"turn {turn}", session).OrTimeout();
        }

        Assert.Equal("turn 2", Text(SentMessages[^1][^1]));
        Assert.DoesNotContain("turn 0", SentMessages[^1].Select(Text));
        Assert.All(SentMessages, messages => Assert.Equal(
            messages.Count(message => (string?)message!["role"] == "tool"),
            messages.Sum(message => (message!["tool_calls"] as JsonArray)?.Count ?? 0)));
    }

    [Fact]
    public async Task HistoryProvider_OfTheApplication_IsUsed()
    {
        Archive archive = new();
        archive.Messages.AddRange([new ChatMessage(ChatRole.User, "I like hats."), new ChatMessage(ChatRole.Assistant, "Noted.")]);
        _ = Deployment.Model.Reply(Answer);
        ChatClientAgent agent = Chat.AsAIAgent(
            new ChatClientAgentOptions { ChatOptions = new() { Instructions = Instructions }, ChatHistoryProvider = archive });
        _ = await agent.RunAsync(Question).OrTimeout();
        Assert.Equal([Instructions, "I like hats.", "Noted.", Question], SentMessages[0].Select(Text));
        Assert.Equal(["I like hats.", "Noted.", Question, Answer], archive.Messages.Select(message => message.Text));
    }

    [Fact]
    public async Task ContextProvider_AddsInstructionsMessagesAndTools()
    {
        ScriptCall();
        ChatClientAgent agent = Chat.AsAIAgent(new ChatClientAgentOptions
        {
            ChatOptions = new() { Instructions = Instructions },
            AIContextProviders = [new Context()],
        });
        Assert.Equal(Answer, (await agent.RunAsync(Question).OrTimeout()).Text);
        Assert.Contains("Answer in English.", Text(SentMessages[0][0]), StringComparison.Ordinal);
        Assert.Contains("The user lives in Bochum.", SentMessages[0].Select(Text));
        Assert.Equal(ToolResult, Text(SentMessages[1][^1]));
        AssertSentEncrypted("Answer in English.", "The user lives in Bochum.", ToolName);
    }

    [Fact]
    public async Task ContextProvider_State_IsInTheSession()
    {
        ChatClientAgent agent = Chat.AsAIAgent(new ChatClientAgentOptions { AIContextProviders = [new Counter()] });
        AgentSession session = await agent.CreateSessionAsync();
        _ = await agent.RunAsync("one", session).OrTimeout();
        AgentSession again = await agent.DeserializeSessionAsync(await agent.SerializeSessionAsync(session));
        _ = await agent.RunAsync("two", again).OrTimeout();
        Assert.Contains("run 2", Text(SentMessages[1][0]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TextSearchProviderOptions.TextSearchBehavior.BeforeAIInvoke)]
    [InlineData(TextSearchProviderOptions.TextSearchBehavior.OnDemandFunctionCalling)]
    public async Task TextSearch_WithOurEmbeddings_AddsWhatItFinds(TextSearchProviderOptions.TextSearchBehavior behavior)
    {
        IEmbeddingGenerator<string, Embedding<float>> embed = Client.AsIEmbeddingGenerator(EmbeddingModelId);
        TextSearchProvider search = new(
            async (text, token) =>
            {
                _ = await embed.GenerateAsync([text], cancellationToken: token);
                return [new TextSearchProvider.TextSearchResult { SourceName = "guide", Text = "The mining museum opens at ten." }];
            },
            new TextSearchProviderOptions { SearchTime = behavior, FunctionToolName = "search" });
        if (behavior == TextSearchProviderOptions.TextSearchBehavior.OnDemandFunctionCalling)
        {
            _ = Deployment.Model.ReplyWithToolCall("search", """{"userQuestion":"museum"}""");
        }

        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text("At ten."));
        ChatClientAgent agent = Chat.AsAIAgent(new ChatClientAgentOptions { AIContextProviders = [search] });
        Assert.Equal("At ten.", (await agent.RunAsync("When does the museum open?").OrTimeout()).Text);
        Assert.Contains("The mining museum opens at ten.", ChatBodies[^1].ToJsonString(), StringComparison.Ordinal);
        AssertSentEncrypted("The mining museum opens at ten.");
    }

    private sealed class Archive : ChatHistoryProvider
    {
        public List<ChatMessage> Messages { get; } = [];

        protected override ValueTask<IEnumerable<ChatMessage>> ProvideChatHistoryAsync(
            InvokingContext context, CancellationToken cancellationToken = default) => new([.. Messages]);

        protected override ValueTask StoreChatHistoryAsync(InvokedContext context, CancellationToken cancellationToken = default)
        {
            Messages.AddRange([.. context.RequestMessages, .. context.ResponseMessages ?? []]);
            return default;
        }
    }

    private sealed class Context : AIContextProvider
    {
        protected override ValueTask<AIContext> ProvideAIContextAsync(InvokingContext context, CancellationToken cancellationToken = default) =>
            new(new AIContext
            {
                Instructions = "Answer in English.",
                Messages = [new ChatMessage(ChatRole.User, "The user lives in Bochum.")],
                Tools = [Weather],
            });
    }

    private sealed class Counter : AIContextProvider
    {
        protected override ValueTask<AIContext> ProvideAIContextAsync(InvokingContext context, CancellationToken cancellationToken = default)
        {
            int runs = int.Parse(context.Session!.StateBag.GetValue<string>("runs") ?? "0") + 1;
            context.Session.StateBag.SetValue("runs", $"{runs}");
            return new(new AIContext { Instructions = $"This is run {runs}." });
        }
    }
}
