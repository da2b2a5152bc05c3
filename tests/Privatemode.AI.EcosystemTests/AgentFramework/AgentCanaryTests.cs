using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Agents.AI;
using Microsoft.Agents.AI.Workflows;
using Microsoft.Extensions.AI;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.AgentFramework;

/// <summary>The sentinel in everything that an agent carries, with logging at the lowest level and listeners for everything.</summary>
[Collection(ListeningAlone.Name)]
public sealed partial class AgentCanaryTests : AgentTest
{
    private readonly CapturingLoggerFactory _logs = new();
    private readonly EverythingRecorder _recorder = new();
    private readonly List<Exception> _exceptions = [];
    private PrivatemodeClient _client = null!;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        _client = Deployment.CreateClient(options => options.LoggerFactory = _logs);
        Deployment.Model.SetFallback(request =>
        {
            JsonNode last = JsonNode.Parse(request.DecryptedBody!)!["messages"]!.AsArray()[^1]!;
            return ((string?)last["role"] == "user" ? ScriptedAnswer.ToolCall(ToolName, $$"""{"city":"{{Sentinel.Text}}-argument"}""")
                : ScriptedAnswer.Text($"{Sentinel.Text}-answer one two three")).WithReasoning($"{Sentinel.Text}-reasoning");
        });
    }

    public override async Task DisposeAsync()
    {
        _recorder.Dispose();
        await _client.DisposeAsync();
        await base.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Agent_NothingOfTheSentinelLeaves(bool isStreaming)
    {
        AIAgent agent = Create("agent").AsBuilder().UseLogging(_logs).UseOpenTelemetry().Build();
        AgentSession session = await agent.CreateSessionAsync();
        session.StateBag.SetValue("state", $"{Sentinel.Text}-state");
        foreach (Fault? fault in Faults())
        {
            await TryAsync(fault, () => RunAsync(agent, isStreaming, session, question: $"{Sentinel.Text}-question"));
            session = await agent.DeserializeSessionAsync(await agent.SerializeSessionAsync(session));
        }

        AssertNothingLeft("instructions", "question", "argument", "result", "answer", "reasoning");
        Assert.DoesNotContain(Deployment.Requests, request => request.DecryptedBody?.Contains($"{Sentinel.Text}-state", StringComparison.Ordinal) == true);
        Assert.Contains(_recorder.Activities, activity => activity.Source.Name == OpenTelemetryAgent.DefaultSourceName);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Workflow_NothingOfTheSentinelLeaves(bool isStreaming)
    {
        foreach (Fault? fault in Faults())
        {
            ExecutorBinding first = Create("first").BindAsExecutor(emitEvents: isStreaming);
            ExecutorBinding second = Create("second").BindAsExecutor(emitEvents: isStreaming);
            Workflow workflow = new WorkflowBuilder(first).AddEdge(first, second).WithOutputFrom(second).WithOpenTelemetry().Build();
            await TryAsync(fault, async () =>
            {
                List<WorkflowEvent> events = await WorkflowRun.RunAsync(workflow, $"{Sentinel.Text}-question", CheckpointManager.CreateInMemory());
                return events.OfType<WorkflowErrorEvent>().FirstOrDefault()?.Exception is { } exception ? throw exception : events;
            });
        }

        AssertNothingLeft("instructions", "question", "argument", "result", "answer", "reasoning");
        Assert.Contains(_recorder.Activities, activity => activity.Source.Name.Contains("Workflows", StringComparison.Ordinal));
    }

    [Fact]
    public async Task SensitiveDataSwitch_OfTheFramework_IsWhatShowsContent()
    {
        AIAgent agent = Create("agent").AsBuilder().UseOpenTelemetry(configure: telemetry => telemetry.EnableSensitiveData = true).Build();
        _ = await agent.RunAsync($"{Sentinel.Text}-question").OrTimeout();
        Assert.Contains(_recorder.Everything, text => Sentinel.FoundIn(text).Any());
        Assert.DoesNotContain(_recorder.Activities.Where(activity => activity.Source.Name == "Privatemode.AI"), activity =>
            EverythingRecorder.TextOf(activity).Any(text => Sentinel.FoundIn(text).Any()));
        Assert.Empty(Sentinel.FoundIn(Deployment.GetReceivedBytes()));
    }

    private static Fault?[] Faults() =>
    [
        null, Fault.EncryptedError(400, Sentinel.Text), Fault.UnencryptedError(400, Sentinel.Text), Fault.TamperEvent(0), Fault.UnencryptedEvent(0),
        Fault.UnencryptedSuccess(), Fault.ReflectRequest, Fault.CutConnection(400),
    ];

    private ChatClientAgent Create(string name) => _client.AsIChatClient(ModelId).AsAIAgent(
        $"{Sentinel.Text}-instructions", name, loggerFactory: _logs, tools: [AIFunctionFactory.Create((string city) => $"{Sentinel.Text}-result", ToolName)]);

    private async Task TryAsync<T>(Fault? fault, Func<Task<T>> call)
    {
        if (fault is not null)
        {
            Deployment.Faults.Inject(fault);
        }

        Exception? exception = await Record.ExceptionAsync(() => call().OrTimeout());
        Assert.Equal(fault is null, exception is null);
        if (exception is not null)
        {
            _exceptions.Add(exception);
        }
    }

    private void AssertNothingLeft(params string[] places)
    {
        Assert.All(places, place =>
            Assert.Contains(Deployment.Requests, request => request.DecryptedBody?.Contains($"{Sentinel.Text}-{place}", StringComparison.Ordinal) == true));
        Assert.Empty(Sentinel.FoundIn(Deployment.GetReceivedBytes()));
        Assert.NotEmpty(_exceptions);
        Assert.All(_exceptions, exception => Assert.Empty(Sentinel.FoundIn(exception.ToString())));
        Assert.NotEmpty(_recorder.Activities);
        Assert.DoesNotContain(_recorder.Everything, text => Sentinel.FoundIn(text).Any());
        Assert.Contains(_logs.Lines, line => line.StartsWith("Privatemode.AI", StringComparison.Ordinal));
        Assert.DoesNotContain(_logs.Lines, line => !FrameworkTrace().IsMatch(line) && Sentinel.FoundIn(line).Any());
    }

    /// <summary>At this level, the framework logs content. The library never does.</summary>
    [GeneratedRegex(@"^(LoggingAgent|Microsoft\.(Agents|Extensions)\.AI\.\S+) Trace ")]
    private static partial Regex FrameworkTrace();
}
