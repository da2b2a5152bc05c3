using System.Reflection;
using Microsoft.Agents.AI;
using Microsoft.Agents.AI.Workflows;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.AgentFramework;

/// <summary>What the user of an agent, of a workflow and of a workflow as an agent sees when a call fails.</summary>
public sealed class AgentErrorTests : AgentTest
{
    private const string CutShort = "stream cut short";

    private PrivatemodeClient? _other;

    /// <summary>The failures, with the type and the error type of their exceptions. No error type: it depends on the form of the answer.</summary>
    private static readonly Dictionary<string, (Type Type, string? ErrorType)> Failures = new()
    {
        ["wrong key"] = (typeof(PrivatemodeConfigurationException), "configuration"),
        ["not genuine"] = (typeof(PrivatemodeVerificationException), "snp-launch-measurement"),
        ["tampered"] = (typeof(PrivatemodeIntegrityException), "not-authentic"),
        ["not encrypted"] = (typeof(PrivatemodeIntegrityException), null),
        ["unknown model"] = (typeof(PrivatemodeModelUnavailableException), "model-unavailable"),
        ["rate limit"] = (typeof(PrivatemodeServiceException), "rate-limited"),
        ["bad request"] = (typeof(PrivatemodeServiceException), "invalid-request"),
        [CutShort] = (typeof(PrivatemodeIntegrityException), "truncated-stream"),
    };

    public static TheoryData<string, bool> FailuresOfBothKinds
    {
        get
        {
            TheoryData<string, bool> data = [];
            foreach (string failure in Failures.Keys)
            {
                data.Add(failure, true);
                if (failure != CutShort)
                {
                    data.Add(failure, false);
                }
            }

            return data;
        }
    }

    public override async Task DisposeAsync()
    {
        if (_other is not null)
        {
            await _other.DisposeAsync();
        }

        await base.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(FailuresOfBothKinds))]
    public async Task Agent_ThrowsTheExceptionOfTheLibrary(string failure, bool isStreaming)
    {
        ChatClientAgent agent = Fail(failure);
        AgentSession session = await agent.CreateSessionAsync();
        AssertExpected(failure, await Record.ExceptionAsync(() => RunAsync(agent, isStreaming, session)));
        Assert.False(session.TryGetInMemoryChatHistory(out List<ChatMessage>? history) && history.Count > 0);
    }

    [Theory]
    [MemberData(nameof(FailuresOfBothKinds))]
    public async Task WrappedAgent_ThrowsTheSameException(string failure, bool isStreaming)
    {
        AIAgent agent = Fail(failure).AsBuilder().UseLogging(NullLoggerFactory.Instance).UseOpenTelemetry().UseToolApproval().Build();
        AssertExpected(failure, await Record.ExceptionAsync(async () => await RunAsync(agent, isStreaming, await agent.CreateSessionAsync())));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Agent_FailsAfterATool_AndAddsNothingToTheSession(bool isStreaming)
    {
        ScriptCall();
        AIFunction tool = AIFunctionFactory.Create(
            (string city) =>
            {
                Deployment.Faults.Inject(Fault.TamperEvent(0));
                return city;
            },
            ToolName);
        ChatClientAgent agent = CreateAgent(tool);
        AgentSession session = await agent.CreateSessionAsync();
        await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => RunAsync(agent, isStreaming, session));
        Assert.Equal(2, ChatBodies.Count);
        Assert.False(session.TryGetInMemoryChatHistory(out List<ChatMessage>? history) && history.Count > 0);
    }

    [Theory]
    [MemberData(nameof(FailuresOfBothKinds))]
    public async Task Workflow_ReportsTheExceptionAsEvents_AndDoesNotThrow(string failure, bool isStreaming)
    {
        Workflow workflow = AgentWorkflowBuilder.BuildSequential([Fail(failure), Chat.AsAIAgent("Translate.", "translator")]);
        await using StreamingRun run = await InProcessExecution.RunStreamingAsync(workflow, new List<ChatMessage> { new(ChatRole.User, Question) });
        _ = await run.TrySendMessageAsync(new TurnToken(emitEvents: isStreaming));
        List<WorkflowEvent> events = await WorkflowRun.WatchAsync(run);
        AssertExpected(failure, Assert.Single(events.OfType<ExecutorFailedEvent>()).Data);
        Exception wrapper = Assert.Single(events.OfType<WorkflowErrorEvent>()).Exception!;
        AssertExpected(failure, Assert.IsType<TargetInvocationException>(wrapper).InnerException);
        Assert.DoesNotContain("umbrella", wrapper.ToString(), StringComparison.Ordinal);

        // The next agent is not asked.
        Assert.DoesNotContain(ChatBodies, body => Text(body["messages"]![0]) == "Translate.");
        Assert.Empty(WorkflowRun.Output(events));
    }

    [Theory]
    [MemberData(nameof(FailuresOfBothKinds))]
    public async Task WorkflowAsAgent_ReturnsAnErrorContent_AndDoesNotThrow(string failure, bool isStreaming)
    {
        AgentResponse response = await RunAsync(AgentWorkflowBuilder.BuildSequential([Fail(failure)]).AsAIAgent(), isStreaming);
        IEnumerable<ErrorContent> errors = response.Messages.SelectMany(message => message.Contents).OfType<ErrorContent>();
        Assert.NotEmpty(errors);
        Assert.All(errors, error => Assert.Equal("An error occurred while executing the workflow.", error.Message));
    }

    [Theory]
    [MemberData(nameof(FailuresOfBothKinds))]
    public async Task WorkflowAsAgent_WithDetails_ReturnsTheMessageOfTheException(string failure, bool isStreaming)
    {
        AgentResponse response = await RunAsync(AgentWorkflowBuilder.BuildSequential([Fail(failure)]).AsAIAgent(includeExceptionDetails: true), isStreaming);
        string[] errors = [.. response.Messages.SelectMany(message => message.Contents).OfType<ErrorContent>().Select(error => error.Message)];
        Assert.NotEmpty(errors);
        Assert.All(errors, error => Assert.DoesNotContain("An error occurred", error, StringComparison.Ordinal));
        Assert.All(errors, error => Assert.DoesNotContain("umbrella", error, StringComparison.Ordinal));
    }

    private ChatClientAgent Fail(string failure)
    {
        _ = Deployment.Model.Reply("one two three four five six seven");
        string modelId = ModelId;
        PrivatemodeClient client = Client;
        switch (failure)
        {
            case "wrong key":
                client = _other = Deployment.CreateClient(options => options.ApiKey = "wrong");
                break;
            case "not genuine":
                Deployment.Evidence.Defect = EvidenceDefect.SnpWrongMeasurement;
                break;
            case "tampered":
                Deployment.Faults.Inject(Fault.TamperEvent(0));
                break;
            case "not encrypted":
                Deployment.Faults.Inject(Fault.UnencryptedSuccess());
                break;
            case "unknown model":
                modelId = "no-such-model";
                break;
            case "rate limit":
                client = _other = Deployment.CreateClient(options => options.TimeProvider = new ImmediateTimeProvider());
                Deployment.Faults.Inject(Fault.UnencryptedError(429), times: 4);
                break;
            case "bad request":
                Deployment.Faults.Inject(Fault.EncryptedError(400, Question));
                break;
            default:
                Deployment.Faults.Inject(Fault.RemoveEndMarker);
                break;
        }

        return client.AsIChatClient(modelId).AsAIAgent(Instructions, "concierge");
    }

    private static void AssertExpected(string failure, Exception? exception)
    {
        (Type type, string? errorType) = Failures[failure];
        Assert.IsType(type, exception);
        Assert.True(errorType is null || errorType == ((PrivatemodeException)exception).ErrorType, exception.ToString());
        Assert.DoesNotContain("umbrella", exception.ToString(), StringComparison.Ordinal);
    }
}
