using System.ComponentModel;
using System.Text.Json.Nodes;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.AgentFramework;

/// <summary>What an agent sends and returns in one run.</summary>
public sealed class AgentRunTests : AgentTest
{
    private static readonly byte[] Png = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tool_IsCalled_AndItsResultSentBack(bool isStreaming)
    {
        ScriptCall();
        AgentResponse response = await RunAsync(CreateAgent(Weather), isStreaming);
        Assert.Equal(Answer, response.Text);
        Assert.Equal(ToolName, (string?)ChatBodies[0]["tools"]!.AsArray().Single()!["function"]!["name"]);
        Assert.Equal(["system", "user"], Roles(SentMessages[0]));
        Assert.Equal(["system", "user", "assistant", "tool"], Roles(SentMessages[1]));
        Assert.Equal(Instructions, Text(SentMessages[1][0]));
        Assert.Equal(ToolResult, Text(SentMessages[1][3]));
        Assert.Equal([ChatRole.Assistant, ChatRole.Tool, ChatRole.Assistant], response.Messages.Select(message => message.Role));
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        AssertSentEncrypted(Instructions, "umbrella", ToolName, "Gets the weather", "clear sky");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ParallelCalls_AllRun_AndKeepTheirOrder(bool isStreaming)
    {
        _ = Deployment.Model.ReplyWithToolCall(ToolName, Arguments, "a").WithToolCall(ToolName, """{"city":"Essen"}""", "b").Then.Reply(Answer);
        Assert.Equal(Answer, (await RunAsync(CreateAgent(Weather), isStreaming)).Text);
        Assert.Equal(["Bochum: 21 degrees, clear sky", "Essen: 21 degrees, clear sky"], SentMessages[1].Skip(3).Select(Text));
    }

    [Theory]
    [InlineData(ToolName, """{"city":"Boch""")]
    [InlineData("get_news", "{}")]
    public async Task CallThatCannotRun_IsNotInvoked(string name, string arguments)
    {
        int called = 0;
        AIFunction tool = AIFunctionFactory.Create((string? city = null) => ++called, ToolName);
        if (name == ToolName)
        {
            ScriptCall(name, arguments);
        }
        else
        {
            ScriptUnofferedCall(name, Answer);
        }

        _ = await RunAsync(CreateAgent(tool), isStreaming: false);
        Assert.Equal(0, called);
    }

    [Fact]
    public async Task ToolThatThrows_IsReportedToTheModelWithoutItsMessage()
    {
        AIFunction tool = AIFunctionFactory.Create(string (string city) => throw new InvalidOperationException("the roof of " + city), ToolName);
        ScriptCall();
        Assert.Equal(Answer, (await RunAsync(CreateAgent(tool), isStreaming: false)).Text);
        Assert.DoesNotContain("roof", Text(SentMessages[1][3]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TypedAnswer_FollowsItsSchema(bool hasTool)
    {
        Action<string> reply = text => _ = hasTool ? Deployment.Model.ReplyWithToolCall(ToolName, Arguments).Then.Reply(text) : Deployment.Model.Reply(text);
        reply("""{"umbrella":false,"reason":"clear sky"}""");
        AgentResponse<Advice> response = await CreateAgent(hasTool ? [Weather] : []).RunAsync<Advice>(Question).OrTimeout();
        Assert.Equal(new Advice(false, "clear sky"), response.Result);
        JsonNode format = ChatBodies[^1]["response_format"]!["json_schema"]!;
        Assert.Equal("Advice", (string?)format["name"]);
        Assert.Equal("boolean", (string?)format["schema"]!["properties"]!["umbrella"]!["type"]);
        Assert.Equal("Whether it rains.", (string?)format["schema"]!["properties"]!["umbrella"]!["description"]);
    }

    [Fact]
    public async Task TypedAnswer_OfAnArray_IsUnwrapped()
    {
        _ = Deployment.Model.Reply("""{"data":[3,5,8]}""");
        int[] numbers = (await CreateAgent().RunAsync<int[]>(Question).OrTimeout()).Result;
        Assert.Equal([3, 5, 8], numbers);
    }

    [Fact]
    public async Task TypedAnswer_ThatIsNotJson_KeepsTheTextForTheCaller()
    {
        _ = Deployment.Model.Reply(Answer);
        AgentResponse<Advice> response = await CreateAgent().RunAsync<Advice>(Question).OrTimeout();
        Assert.Equal(Answer, response.Text);
        Assert.DoesNotContain(Answer, Assert.ThrowsAny<Exception>(() => response.Result).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Reasoning_IsAContentOfTheAnswer_AndNotItsText(bool isStreaming)
    {
        _ = Deployment.Model.Reply(Answer).WithReasoning("The user asks for rain.").WithUsage(new() { InputTokenCount = 11, OutputTokenCount = 7 });
        AgentResponse response = await RunAsync(CreateAgent(), isStreaming);
        Assert.Equal(Answer, response.Text);
        Assert.Equal("The user asks for rain.", string.Concat(response.Messages.SelectMany(message => message.Contents).OfType<TextReasoningContent>()));
        Assert.Equal((11, 7), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Image_IsSentEncrypted(bool isStreaming)
    {
        _ = Deployment.Model.Reply("A pixel.");
        ChatMessage message = new(ChatRole.User, [new TextContent("What is this?"), new DataContent(Png, "image/png")]);
        ChatClientAgent agent = Client.AsIChatClient("gemma-3-27b").AsAIAgent();
        string text = isStreaming ? (await agent.RunStreamingAsync(message).WithTimeout().ToAgentResponseAsync()).Text
            : (await agent.RunAsync(message).OrTimeout()).Text;
        Assert.Equal("A pixel.", text);
        AssertSentEncrypted(Convert.ToBase64String(Png), "What is this?");
    }

    [Fact]
    public async Task Image_ByUrl_IsRefused()
    {
        ChatMessage message = new(ChatRole.User, [new UriContent("https://example.com/a.png", "image/png")]);
        await Assert.ThrowsAnyAsync<PrivatemodeException>(() => CreateAgent().RunAsync(message).OrTimeout());
        Assert.Empty(Deployment.Requests);
    }

    [Fact]
    public async Task Options_OfTheAgentAndOfTheRun_AreMerged()
    {
        _ = Deployment.Model.Reply(Answer);
        ChatClientAgent agent = Chat.AsAIAgent(new ChatClientAgentOptions
        {
            ChatOptions = new()
            {
                Instructions = Instructions,
                Temperature = 0.5f,
                Reasoning = new() { Effort = ReasoningEffort.Low },
                AdditionalProperties = new() { ["min_p"] = 0.25 },
            },
        });
        ChatOptions options = new() { Temperature = 0.75f, MaxOutputTokens = 50, ModelId = "gemma-3-27b", Tools = [Weather] };
        _ = await agent.RunAsync(Question, options: new ChatClientAgentRunOptions(options)).OrTimeout();
        JsonObject body = ChatBodies[0];
        Assert.Equal((0.75, 50, 0.25), ((double)body["temperature"]!, (int)body["max_completion_tokens"]!, (double)body["min_p"]!));
        Assert.Equal("gemma-3-27b", (string?)body["model"]);
        Assert.Equal("low", (string?)body["reasoning_effort"]);
        Assert.Single(body["tools"]!.AsArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task BackgroundResponses_ArePermittedButNeverReturned(bool isStreaming)
    {
        _ = Deployment.Model.Reply(Answer);
        AgentRunOptions options = new() { AllowBackgroundResponses = true };
        AgentResponse response = await RunAsync(CreateAgent(), isStreaming, await CreateAgent().CreateSessionAsync(), options);
        Assert.Equal(Answer, response.Text);
        Assert.Null(response.ContinuationToken);
    }

    [Fact]
    public async Task ContinuationToken_IsRefused()
    {
        AgentRunOptions options = new() { ContinuationToken = ResponseContinuationToken.FromBytes(new byte[] { 1, 2, 3 }) };
        ChatClientAgent agent = CreateAgent();
        AgentSession session = await agent.CreateSessionAsync();
        Assert.NotNull(await Record.ExceptionAsync(() => agent.RunAsync(session, options).OrTimeout()));
        Assert.Empty(Deployment.Requests);
    }

    [Fact]
    public async Task ConversationOfTheService_IsRefused()
    {
        ChatClientAgent agent = CreateAgent();
        AgentSession session = await agent.CreateSessionAsync("conversation-1");
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => agent.RunAsync(Question, session).OrTimeout());
        Assert.Contains("ConversationId", exception.Member, StringComparison.Ordinal);
        Assert.Empty(Deployment.Requests);
    }

    [Fact]
    public async Task HostedTool_IsRefused()
    {
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => CreateAgent(new HostedWebSearchTool()).RunAsync(Question).OrTimeout());
        Assert.Contains("Tools", exception.Member, StringComparison.Ordinal);
        Assert.Empty(Deployment.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PromptOfOneMegabyte_IsSentWhole(bool isStreaming)
    {
        _ = Deployment.Model.Reply(Answer);
        string prompt = string.Concat(Enumerable.Repeat("Is it going to rain in Bochum? ", 34_000));
        Assert.Equal(Answer, (await RunAsync(CreateAgent(), isStreaming, question: prompt)).Text);
        Assert.Equal(prompt, Text(SentMessages[0][1]));
        AssertSentEncrypted("Is it going to rain");
    }

    [Fact]
    public async Task FiftyAgents_OverOneClient_DoNotMixTheirAnswers()
    {
        Deployment.Model.SetFallback(request =>
        {
            JsonArray messages = JsonNode.Parse(request.DecryptedBody!)!["messages"]!.AsArray();
            return (string?)messages[^1]!["role"] == "tool" ? ScriptedAnswer.Text($"{Text(messages[0])} {Text(messages[^1])}")
                : ScriptedAnswer.ToolCall(ToolName, $$"""{"city":"City{{Text(messages[^1])}}"}""");
        });
        AgentResponse[] responses = await Task.WhenAll(Enumerable.Range(0, 50).Select(number =>
            RunAsync(Chat.AsAIAgent($"Agent{number}", tools: [Weather]), isStreaming: number % 2 == 0, question: $"{number}")));
        Assert.Equal(
            Enumerable.Range(0, 50).Select(number => $"Agent{number} City{number}: 21 degrees, clear sky"), responses.Select(response => response.Text));
        Assert.Equal(100, ChatBodies.Count);
        Assert.Equal(1, Deployment.KeyExchangeCount);
    }

    private sealed record Advice([property: Description("Whether it rains.")] bool Umbrella, string Reason);
}
