using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.AgentFramework;

/// <summary>Approvals, agents as functions of other agents, and middleware.</summary>
public sealed class AgentToolTests : AgentTest
{
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task Approval_IsAsked_AndItsAnswerCounts(bool approved, bool isStreaming)
    {
        List<string> called = [];
        ScriptCall();
        ChatClientAgent agent = CreateAgent(new ApprovalRequiredAIFunction(AIFunctionFactory.Create(Call, ToolName)));
        AgentSession session = await agent.CreateSessionAsync();
        AgentResponse first = await RunAsync(agent, isStreaming, session);
        ToolApprovalRequestContent request = Assert.Single(first.Messages.SelectMany(message => message.Contents).OfType<ToolApprovalRequestContent>());
        Assert.Equal("Bochum", Assert.IsType<FunctionCallContent>(request.ToolCall).Arguments!["city"]!.ToString());
        Assert.Empty(called);
        Assert.Single(ChatBodies);

        // The application is restarted while the user decides.
        AgentSession later = await agent.DeserializeSessionAsync(await agent.SerializeSessionAsync(session));
        ChatMessage decision = new(ChatRole.User, [request.CreateResponse(approved, "not today")]);
        AgentResponse second = isStreaming ? await agent.RunStreamingAsync(decision, later).WithTimeout().ToAgentResponseAsync()
            : await agent.RunAsync(decision, later).OrTimeout();
        Assert.Equal(Answer, second.Text);
        Assert.Equal(approved ? ["Bochum"] : [], called);
        Assert.Equal(["system", "user", "assistant", "tool"], Roles(SentMessages[1]));
        Assert.Contains(approved ? ToolResult : "not today", Text(SentMessages[1][3]), StringComparison.Ordinal);

        string Call(string city)
        {
            called.Add(city);
            return ToolResult;
        }
    }

    [Fact]
    public async Task Approval_ByARule_DoesNotAskTheUser()
    {
        ScriptCall();
        AIAgent agent = CreateAgent(new ApprovalRequiredAIFunction(Weather)).AsBuilder()
            .UseToolApproval(new ToolApprovalAgentOptions { AutoApprovalRules = [context => new(context.FunctionCallContent.Name == ToolName)] }).Build();
        Assert.Equal(Answer, (await agent.RunAsync(Question, await agent.CreateSessionAsync()).OrTimeout()).Text);
        Assert.Equal(ToolResult, Text(SentMessages[1][3]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AgentAsFunction_OfAnotherAgent_IsAskedEncrypted(bool isStreaming)
    {
        ChatClientAgent expert = Client.AsIChatClient("gemma-3-27b").AsAIAgent("You know the weather.", "weather_expert", "Knows the weather.", [Weather]);
        _ = Deployment.Model.ReplyWithToolCall("weather_expert", """{"query":"Rain in Bochum?"}""").Then.ReplyWithToolCall(ToolName, Arguments)
            .Then.Reply("It stays dry.").Then.Reply(Answer);
        Assert.Equal(Answer, (await RunAsync(CreateAgent(expert.AsAIFunction()), isStreaming)).Text);
        Assert.Equal([ModelId, "gemma-3-27b", "gemma-3-27b", ModelId], ChatBodies.Select(body => (string?)body["model"]));
        Assert.Equal("Knows the weather.", (string?)ChatBodies[0]["tools"]![0]!["function"]!["description"]);
        Assert.Equal("Rain in Bochum?", Text(SentMessages[1][1]));
        Assert.Contains("It stays dry.", Text(SentMessages[3][^1]), StringComparison.Ordinal);
        AssertSentEncrypted("Rain in Bochum?", "It stays dry.", "You know the weather.");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AgentAsFunction_ThatIsNotGenuine_EndsTheRun(bool isStreaming)
    {
        await using PrivatemodeTestDeployment other = await PrivatemodeTestDeployment.StartAsync();
        other.Evidence.Defect = EvidenceDefect.SnpWrongMeasurement;
        await using PrivatemodeClient client = other.CreateClient();
        ChatClientAgent expert = client.AsIChatClient(ModelId).AsAIAgent(name: "weather_expert");
        ScriptCall("weather_expert", """{"query":"Rain in Bochum?"}""");
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => RunAsync(CreateAgent(expert.AsAIFunction()), isStreaming));
        Assert.Single(ChatBodies);
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task AgentAsFunction_ThatTheServiceRefuses_IsReportedToTheModel()
    {
        ChatClientAgent expert = Client.AsIChatClient("no-such-model").AsAIAgent(name: "weather_expert");
        ScriptCall("weather_expert", """{"query":"Rain in Bochum?"}""");
        AgentResponse response = await CreateAgent(expert.AsAIFunction()).RunAsync(Question).OrTimeout();
        Assert.Equal(Answer, response.Text);
        FunctionResultContent result = Assert.Single(response.Messages.SelectMany(message => message.Contents).OfType<FunctionResultContent>());
        Assert.IsType<PrivatemodeModelUnavailableException>(result.Exception);
        Assert.DoesNotContain("no-such-model", Text(SentMessages[^1][3]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AgentAsFunction_ThatTheServiceRefuses_EndsTheRun_WithoutToleratedErrors(bool isStreaming)
    {
        ChatClientAgent expert = Client.AsIChatClient("no-such-model").AsAIAgent(name: "weather_expert");
        ScriptCall("weather_expert", """{"query":"Rain in Bochum?"}""");
        ChatClientAgent agent = Chat.AsBuilder().UseFunctionInvocation(configure: invoking => invoking.MaximumConsecutiveErrorsPerRequest = 0)
            .BuildAIAgent(Instructions, tools: [expert.AsAIFunction()]);
        await Assert.ThrowsAsync<PrivatemodeModelUnavailableException>(() => RunAsync(agent, isStreaming));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Middleware_OfRunsAndFunctions_SeesAndChangesThem(bool isStreaming)
    {
        List<string> seen = [];
        ScriptCall();
        AIAgent agent = CreateAgent(Weather).AsBuilder()
            .Use(async (messages, session, options, next, token) =>
            {
                seen.Add("run");
                await next([.. messages, new ChatMessage(ChatRole.User, "Be brief.")], session, options, token);
            })
            .Use(async (_, context, next, token) =>
            {
                seen.Add($"{context.Function.Name} {context.Arguments["city"]}");
                return $"{await next(context, token)} (checked)";
            })
            .Build();
        Assert.Equal(Answer, (await RunAsync(agent, isStreaming)).Text);
        Assert.Equal(["run", $"{ToolName} Bochum"], seen);
        Assert.Equal("Be brief.", Text(SentMessages[0][^1]));
        Assert.EndsWith("(checked)", Text(SentMessages[1][^1]), StringComparison.Ordinal);
        AssertSentEncrypted("Be brief.", "(checked)");
    }

    [Fact]
    public async Task Middleware_ThatTerminates_EndsTheLoop()
    {
        ScriptCall();
        AIAgent agent = CreateAgent(Weather).AsBuilder().Use(async (_, context, next, token) =>
        {
            context.Terminate = true;
            return await next(context, token);
        }).Build();
        _ = await agent.RunAsync(Question).OrTimeout();
        Assert.Single(ChatBodies);
    }

    [Fact]
    public async Task ChatClientOfOneRun_IsWrapped()
    {
        _ = Deployment.Model.Reply(Answer);
        int wrapped = 0;
        ChatClientAgentRunOptions options = new()
        {
            ChatClientFactory = inner => inner.AsBuilder().Use(async (messages, chatOptions, next, token) =>
            {
                wrapped++;
                await next(messages, chatOptions, token);
            }).Build(),
        };
        Assert.Equal(Answer, (await CreateAgent().RunAsync(Question, options: options).OrTimeout()).Text);
        Assert.Equal(1, wrapped);
    }

    [Fact]
    public async Task AgentAsChatClient_AnswersLikeTheAgent()
    {
        ScriptCall();
        IChatClient chat = CreateAgent(Weather).AsIChatClient();
        Assert.Equal(Answer, (await chat.GetResponseAsync(Question).OrTimeout()).Text);
        Assert.Equal(2, ChatBodies.Count);
    }
}
