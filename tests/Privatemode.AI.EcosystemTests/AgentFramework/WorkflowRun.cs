using Microsoft.Agents.AI.Workflows;
using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.AgentFramework;

/// <summary>Runs workflows of agents to their end.</summary>
internal static class WorkflowRun
{
    /// <summary>Sends a question to the workflow, answers its requests to the outside, and returns all of its events.</summary>
    public static async Task<List<WorkflowEvent>> RunAsync(
        Workflow workflow, string question, CheckpointManager? checkpoints = null, Func<ExternalRequest, object>? answer = null)
    {
        List<ChatMessage> input = [new(ChatRole.User, question)];
        await using StreamingRun run = checkpoints is null ? await InProcessExecution.RunStreamingAsync(workflow, input)
            : await InProcessExecution.RunStreamingAsync(workflow, input, checkpoints);
        _ = await run.TrySendMessageAsync(new TurnToken(emitEvents: true));
        return await WatchAsync(run, answer);
    }

    public static async Task<List<WorkflowEvent>> WatchAsync(StreamingRun run, Func<ExternalRequest, object>? answer = null)
    {
        List<WorkflowEvent> events = [];
        await foreach (WorkflowEvent item in run.WatchStreamAsync().WithTimeout())
        {
            events.Add(item);
            if (item is RequestInfoEvent { Request: { } request })
            {
                Assert.NotNull(answer);
                await run.SendResponseAsync(request.CreateResponse(answer(request)));
            }
        }

        return events;
    }

    /// <summary>The messages that the workflow returned, without the question.</summary>
    public static IReadOnlyList<string> Output(IEnumerable<WorkflowEvent> events) =>
        [.. events.OfType<WorkflowOutputEvent>().Where(item => item.Is<List<ChatMessage>>()).SelectMany(item => item.As<List<ChatMessage>>()!)
            .Where(message => message.Role == ChatRole.Assistant && message.Text.Length > 0).Select(message => $"{message.AuthorName}: {message.Text}")];
}
