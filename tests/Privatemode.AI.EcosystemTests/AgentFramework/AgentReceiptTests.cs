using System.Text.Json;
using Microsoft.Agents.AI;
using Microsoft.Agents.AI.Workflows;
using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.AgentFramework;

/// <summary>Where the receipts of an agent's requests are.</summary>
public sealed class AgentReceiptTests : AgentTest
{
    [Fact]
    public async Task Response_HasTheReceipt()
    {
        _ = Deployment.Model.Reply(Answer);
        AgentResponse response = await CreateAgent().RunAsync(Question).OrTimeout();
        EncryptionReceipt receipt = response.AsChatResponse().GetPrivatemodeReceipt()!;
        Assert.Equal(Deployment.Requests[^1].RequestId, receipt.RequestId);
        Assert.True(EncryptionReceipt.TryParse(response.AdditionalProperties![EncryptionReceipt.PropertyName]!.ToString(), out EncryptionReceipt? parsed));
        Assert.Equal(receipt, parsed);
        Assert.Equal(receipt, Assert.IsType<ChatResponse>(response.RawRepresentation).GetPrivatemodeReceipt());
    }

    [Fact]
    public async Task Updates_HaveTheReceipt()
    {
        _ = Deployment.Model.Reply(Answer);
        List<AgentResponseUpdate> updates = [];
        await foreach (AgentResponseUpdate update in CreateAgent().RunStreamingAsync(Question).WithTimeout())
        {
            updates.Add(update);
        }

        string? id = Deployment.Requests[^1].RequestId;
        Assert.All(updates.Where(update => update.Text.Length > 0), update =>
        {
            Assert.Equal(id, update.AsChatResponseUpdate().GetPrivatemodeReceipt()!.RequestId);
            Assert.Equal(id, Assert.IsType<ChatResponseUpdate>(update.RawRepresentation).GetPrivatemodeReceipt()!.RequestId);
        });
        Assert.Equal(id, updates.ToAgentResponse().AsChatResponse().GetPrivatemodeReceipt()!.RequestId);
    }

    [Fact]
    public async Task AfterTools_TheResponseHasTheReceiptOfTheLastRequest()
    {
        ScriptCall();
        AgentResponse response = await CreateAgent(Weather).RunAsync(Question).OrTimeout();
        Assert.Equal(Deployment.Requests[1].RequestId, response.AsChatResponse().GetPrivatemodeReceipt()!.RequestId);
    }

    [Fact]
    public async Task AfterTools_TheUpdatesHaveTheReceiptsOfAllRequests()
    {
        ScriptCall();
        List<string?> ids = [];
        List<AgentResponseUpdate> updates = [];
        await foreach (AgentResponseUpdate update in CreateAgent(Weather).RunStreamingAsync(Question).WithTimeout())
        {
            updates.Add(update);
            if (update.AsChatResponseUpdate().GetPrivatemodeReceipt() is { } receipt)
            {
                ids.Add(receipt.RequestId);
            }
        }

        Assert.Equal(Deployment.Requests.Select(request => request.RequestId), ids.Distinct());
        Assert.Equal(Deployment.Requests[1].RequestId, updates.ToAgentResponse().AsChatResponse().GetPrivatemodeReceipt()!.RequestId);
    }

    [Fact]
    public async Task TypedResponse_HasTheReceipt()
    {
        _ = Deployment.Model.Reply("""{"data":[1]}""");
        AgentResponse<int[]> response = await CreateAgent().RunAsync<int[]>(Question).OrTimeout();
        Assert.NotNull(response.AsChatResponse().GetPrivatemodeReceipt());
    }

    [Fact]
    public async Task StoredResponse_KeepsTheReceipt()
    {
        _ = Deployment.Model.Reply(Answer);
        AgentResponse response = await CreateAgent().RunAsync(Question).OrTimeout();
        Assert.NotNull(response.AsChatResponse().GetPrivatemodeReceipt());
        string json = JsonSerializer.Serialize(response, AgentAbstractionsJsonUtilities.DefaultOptions);
        AgentResponse stored = JsonSerializer.Deserialize<AgentResponse>(json, AgentAbstractionsJsonUtilities.DefaultOptions)!;
        Assert.Equal(response.AsChatResponse().GetPrivatemodeReceipt(), stored.AsChatResponse().GetPrivatemodeReceipt());
    }

    [Fact]
    public async Task StreamedSession_KeepsTheReceiptsOfItsMessages()
    {
        ScriptCall();
        ChatClientAgent agent = CreateAgent(Weather);
        AgentSession session = await agent.CreateSessionAsync();
        _ = await RunAsync(agent, isStreaming: true, session);
        AgentSession again = await agent.DeserializeSessionAsync(await agent.SerializeSessionAsync(session));
        Assert.True(again.TryGetInMemoryChatHistory(out List<ChatMessage>? history));
        Assert.Equal(
            Deployment.Requests.Select(request => request.RequestId),
            history!.Where(message => message.Role == ChatRole.Assistant).Select(message => new ChatResponse(message).GetPrivatemodeReceipt()?.RequestId));
    }

    [Fact]
    public async Task Workflow_UpdatesHaveTheReceiptsOfEachAgent()
    {
        AnswerWithTheAgentsName();
        Workflow workflow = AgentWorkflowBuilder.BuildSequential([Chat.AsAIAgent("first", "first"), Chat.AsAIAgent("second", "second")]);
        List<WorkflowEvent> events = await WorkflowRun.RunAsync(workflow, Question);
        Assert.Equal(
            Deployment.Requests.Select(request => request.RequestId),
            events.OfType<AgentResponseUpdateEvent>().Select(item => item.Update.AsChatResponseUpdate().GetPrivatemodeReceipt()?.RequestId)
                .OfType<string>().Distinct());
    }
}
