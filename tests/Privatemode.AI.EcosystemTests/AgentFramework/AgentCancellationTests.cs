using Microsoft.Agents.AI;
using Microsoft.Agents.AI.Workflows;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.AgentFramework;

/// <summary>Cancelling agents and workflows at each point.</summary>
public sealed class AgentCancellationTests : AgentTest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task BeforeTheRun_NothingIsSent(bool isStreaming)
    {
        using CancellationTokenSource cancellation = new();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => isStreaming
            ? CreateAgent().RunStreamingAsync(Question, cancellationToken: cancellation.Token).ToAgentResponseAsync().OrTimeout()
            : CreateAgent().RunAsync(Question, cancellationToken: cancellation.Token).OrTimeout());
        Assert.Empty(Deployment.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task DuringATool_ItsResultIsNotSent(bool isStreaming)
    {
        ScriptCall();
        using CancellationTokenSource cancellation = new();
        AIFunction tool = AIFunctionFactory.Create(
            async (string city, CancellationToken token) =>
            {
                await cancellation.CancelAsync();
                token.ThrowIfCancellationRequested();
                return city;
            },
            ToolName);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => isStreaming
            ? CreateAgent(tool).RunStreamingAsync(Question, cancellationToken: cancellation.Token).ToAgentResponseAsync().OrTimeout()
            : CreateAgent(tool).RunAsync(Question, cancellationToken: cancellation.Token).OrTimeout());
        Assert.Single(Deployment.Requests);
    }

    [Fact]
    public async Task DuringAStream_TheRunEnds_AndTheSessionIsUsable()
    {
        _ = Deployment.Model.Reply("one two three four five six").Then.Reply("fine");
        Deployment.Faults.Inject(Fault.StallBeforeEvent(3));
        ChatClientAgent agent = CreateAgent();
        AgentSession session = await agent.CreateSessionAsync();
        using CancellationTokenSource cancellation = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (AgentResponseUpdate update in agent.RunStreamingAsync(Question, session, cancellationToken: cancellation.Token).WithTimeout())
            {
                if (update.Text.Length > 0)
                {
                    await cancellation.CancelAsync();
                }
            }
        });
        Assert.Equal("fine", (await agent.RunAsync("again", session).OrTimeout()).Text);
    }

    [Fact]
    public async Task StreamThatIsNotReadToItsEnd_LeavesTheClientUsable()
    {
        _ = Deployment.Model.Reply("one two three four five six").Then.Reply("fine");
        ChatClientAgent agent = CreateAgent();
        await foreach (AgentResponseUpdate update in agent.RunStreamingAsync(Question).WithTimeout())
        {
            if (update.Text.Length > 0)
            {
                break;
            }
        }

        Assert.Equal("fine", (await agent.RunAsync("again").OrTimeout()).Text);
    }

    [Fact]
    public async Task Workflow_CancelledDuringATool_CancelsTheTool()
    {
        ScriptCall();
        TaskCompletionSource started = new();
        TaskCompletionSource cancelled = new();
        AIFunction tool = AIFunctionFactory.Create(
            async (string city, CancellationToken token) =>
            {
                using CancellationTokenRegistration registration = token.Register(cancelled.SetResult);
                started.SetResult();
                await cancelled.Task;
                token.ThrowIfCancellationRequested();
                return city;
            },
            ToolName);
        Workflow workflow = AgentWorkflowBuilder.BuildSequential([CreateAgent(tool), CreateAgent()]);
        await using StreamingRun run = await InProcessExecution.RunStreamingAsync(workflow, new List<ChatMessage> { new(ChatRole.User, Question) });
        _ = await run.TrySendMessageAsync(new TurnToken(emitEvents: true));
        Task<List<WorkflowEvent>> watching = WorkflowRun.WatchAsync(run);
        await started.Task.OrTimeout();
        await run.CancelRunAsync();
        await cancelled.Task.OrTimeout();
        _ = await Record.ExceptionAsync(() => watching);
        Assert.Single(Deployment.Requests);
    }

    [Fact]
    public async Task WorkflowAsAgent_CancelledDuringATool_EndsTheRun()
    {
        ScriptCall();
        using CancellationTokenSource cancellation = new();
        AIFunction tool = AIFunctionFactory.Create(
            async (string city, CancellationToken token) =>
            {
                // The workflow passes the cancellation on, but not at once.
                TaskCompletionSource cancelled = new();
                using CancellationTokenRegistration registration = token.Register(cancelled.SetResult);
                await cancellation.CancelAsync();
                await cancelled.Task.OrTimeout();
                token.ThrowIfCancellationRequested();
                return city;
            },
            ToolName);
        AIAgent agent = AgentWorkflowBuilder.BuildSequential([CreateAgent(tool)]).AsAIAgent();
        AgentResponse? response = null;
        Exception? exception = await Record.ExceptionAsync(
            async () => response = await agent.RunAsync(Question, cancellationToken: cancellation.Token).OrTimeout());
        Assert.True(exception is OperationCanceledException || response!.Text.Length == 0, exception?.ToString());
        Assert.Single(Deployment.Requests);
    }
}
