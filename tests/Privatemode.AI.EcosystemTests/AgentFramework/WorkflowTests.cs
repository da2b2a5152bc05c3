using System.Text.Json.Nodes;
using Microsoft.Agents.AI;
using Microsoft.Agents.AI.Workflows;
using Microsoft.Agents.AI.Workflows.Checkpointing;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.AgentFramework;

/// <summary>Workflows of agents.</summary>
public sealed class WorkflowTests : AgentTest
{
    private AIAgent[] Three => [.. ((string[])["first", "second", "third"]).Select(name => Chat.AsAIAgent($"{name} agent", name))];

    [Fact]
    public async Task Sequential_EachAgentSeesWhatWasSaidBefore()
    {
        AnswerWithTheAgentsName();
        List<WorkflowEvent> events = await WorkflowRun.RunAsync(AgentWorkflowBuilder.BuildSequential(Three), Question);
        Assert.Equal(["first: first saw 1", "second: second saw 2", "third: third saw 3"], WorkflowRun.Output(events));
        Assert.Equal(["third agent", Question, "first saw 1", "second saw 2"], SentMessages[^1].Select(Text));
        AssertSentEncrypted("umbrella", "third agent", "second saw 2");
    }

    [Fact]
    public async Task Concurrent_AllAgentsAnswerTheQuestion()
    {
        AnswerWithTheAgentsName();
        List<WorkflowEvent> events = await WorkflowRun.RunAsync(AgentWorkflowBuilder.BuildConcurrent(Three), Question);
        Assert.Equal(["first: first saw 1", "second: second saw 1", "third: third saw 1"], WorkflowRun.Output(events).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Concurrent_FiftyAgents_OverOneClient()
    {
        AnswerWithTheAgentsName();
        AIAgent[] agents = [.. Enumerable.Range(0, 50).Select(number => Chat.AsAIAgent($"agent{number} agent", $"agent{number}"))];
        List<WorkflowEvent> events = await WorkflowRun.RunAsync(AgentWorkflowBuilder.BuildConcurrent(agents), Question);
        Assert.Equal(
            Enumerable.Range(0, 50).Select(number => $"agent{number}: agent{number} saw 1").Order(StringComparer.Ordinal),
            WorkflowRun.Output(events).Order(StringComparer.Ordinal));
        Assert.Equal(1, Deployment.KeyExchangeCount);
    }

    [Fact]
    public async Task GroupChat_AgentsTakeTurns()
    {
        AnswerWithTheAgentsName();
        Workflow workflow = AgentWorkflowBuilder.CreateGroupChatBuilderWith(agents => new RoundRobinGroupChatManager(agents) { MaximumIterationCount = 4 })
            .AddParticipants(Three[..2]).Build();
        List<WorkflowEvent> events = await WorkflowRun.RunAsync(workflow, Question);
        Assert.Equal(["first: first saw 1", "second: second saw 2", "first: first saw 3", "second: second saw 4"], WorkflowRun.Output(events));
        Assert.Equal(4, ChatBodies.Count);
    }

    [Fact]
    public async Task Handoff_IsAFunctionCallOfTheModel()
    {
        Deployment.Model.SetFallback(request =>
        {
            JsonObject body = JsonNode.Parse(request.DecryptedBody!)!.AsObject();
            bool isTriage = Text(body["messages"]![0])!.Contains("triage", StringComparison.Ordinal);
            return isTriage ? ScriptedAnswer.ToolCall((string)body["tools"]![0]!["function"]!["name"]!, """{"reasonForHandoff":"rain"}""")
                : ScriptedAnswer.Text(Answer);
        });
        AIAgent triage = Chat.AsAIAgent("triage agent", "triage");
        AIAgent expert = Chat.AsAIAgent("weather agent", "weather", "Knows the weather.");
        Workflow workflow = AgentWorkflowBuilder.CreateHandoffBuilderWith(triage).WithHandoff(triage, expert, "Questions about the weather.").Build();
        List<WorkflowEvent> events = await WorkflowRun.RunAsync(workflow, Question);
        Assert.Equal([$"weather: {Answer}"], WorkflowRun.Output(events));
        Assert.Equal(2, ChatBodies.Count);
        AssertSentEncrypted("Questions about the weather.", "umbrella");
    }

    [Fact]
    public async Task AgentsWithTools_CallThemInsideTheWorkflow()
    {
        _ = Deployment.Model.ReplyWithToolCall(ToolName, Arguments).Then.Reply(Answer).Then.Reply("Nein.");
        Workflow workflow = AgentWorkflowBuilder.BuildSequential([CreateAgent(Weather), Chat.AsAIAgent("Translate.", "translator")]);
        Assert.Contains("translator: Nein.", WorkflowRun.Output(await WorkflowRun.RunAsync(workflow, Question)));
        Assert.Equal(3, ChatBodies.Count);
        Assert.Contains(Answer, ChatBodies[2].ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Approval_IsARequestOfTheWorkflow()
    {
        ScriptCall();
        Workflow workflow = AgentWorkflowBuilder.BuildSequential([CreateAgent(new ApprovalRequiredAIFunction(Weather))]);
        int asked = 0;
        List<WorkflowEvent> events = await WorkflowRun.RunAsync(workflow, Question, answer: request =>
        {
            asked++;
            Assert.True(request.TryGetDataAs(out ToolApprovalRequestContent? approval));
            return approval!.CreateResponse(approved: true);
        });
        Assert.Equal(1, asked);
        Assert.Contains($"concierge: {Answer}", WorkflowRun.Output(events));
        Assert.Equal(ToolResult, Text(SentMessages[1][^1]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WorkflowAsAgent_KeepsItsSession(bool isStreaming)
    {
        AnswerWithTheAgentsName();
        AIAgent agent = AgentWorkflowBuilder.BuildSequential(Three[..2]).AsAIAgent(name: "both");
        AgentSession session = await agent.CreateSessionAsync();
        _ = await RunAsync(agent, isStreaming, session);
        AgentResponse response = await RunAsync(agent, isStreaming, session, question: "And tomorrow?");
        Assert.Contains("second", response.Text, StringComparison.Ordinal);
        Assert.Equal(4, ChatBodies.Count);
        Assert.Contains("And tomorrow?", SentMessages[^1].Select(Text));
    }

    [Fact]
    public async Task WorkflowAsAgent_SessionIsStoredAsJson()
    {
        AnswerWithTheAgentsName();
        AIAgent agent = AgentWorkflowBuilder.BuildSequential(Three[..2]).AsAIAgent(id: "both", name: "both");
        AgentSession session = await agent.CreateSessionAsync();
        _ = await RunAsync(agent, isStreaming: false, session);
        AgentSession again = await agent.DeserializeSessionAsync(await agent.SerializeSessionAsync(session));
        _ = await RunAsync(agent, isStreaming: false, again, question: "And tomorrow?");
        Assert.Equal(4, ChatBodies.Count);
        Assert.Contains("And tomorrow?", SentMessages[^1].Select(Text));
        Assert.Contains(Question, SentMessages[^1].Select(Text));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Checkpoint_ResumesBetweenTwoAgents(bool asJson)
    {
        AnswerWithTheAgentsName();
        using Store store = new();
        CheckpointManager checkpoints = asJson ? CheckpointManager.CreateJson(store) : CheckpointManager.CreateInMemory();
        AIAgent[] agents = Three;
        List<WorkflowEvent> events = await WorkflowRun.RunAsync(AgentWorkflowBuilder.BuildSequential(agents), Question, checkpoints);
        CheckpointInfo[] made = [.. events.OfType<SuperStepCompletedEvent>().Select(step => step.CompletionInfo!.Checkpoint).OfType<CheckpointInfo>()];
        Assert.NotEmpty(made);
        int before = ChatBodies.Count;
        await using StreamingRun resumed = await InProcessExecution.ResumeStreamingAsync(AgentWorkflowBuilder.BuildSequential(agents), made[1], checkpoints)
            .AsTask().OrTimeout();
        IReadOnlyList<string> output = WorkflowRun.Output(await WorkflowRun.WatchAsync(resumed));
        Assert.Equal("third: third saw 3", output[^1]);
        Assert.InRange(ChatBodies.Count - before, 1, 2);
    }

    private sealed class Store : JsonCheckpointStore, IDisposable
    {
        private readonly Dictionary<string, (CheckpointInfo Info, string Json)> _stored = [];

        public override ValueTask<CheckpointInfo> CreateCheckpointAsync(string sessionId, System.Text.Json.JsonElement value, CheckpointInfo? parent = null)
        {
            CheckpointInfo info = new(sessionId, $"{_stored.Count}");
            _stored.Add(info.CheckpointId, (info, value.GetRawText()));
            return new(info);
        }

        public override ValueTask<System.Text.Json.JsonElement> RetrieveCheckpointAsync(string sessionId, CheckpointInfo key) =>
            new(System.Text.Json.JsonElement.Parse(_stored[key.CheckpointId].Json));

        public override ValueTask<IEnumerable<CheckpointInfo>> RetrieveIndexAsync(string sessionId, CheckpointInfo? withParent = null) =>
            new([.. _stored.Values.Select(item => item.Info)]);

        public void Dispose() => _stored.Clear();
    }
}
