using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Privatemode.AI;
using Privatemode.AI.Testing;

namespace Ecosystem.Tests;

/// <summary>Agents of Microsoft Agent Framework over our client.</summary>
public sealed class AgentFrameworkTests : EcosystemTest
{
    private static AIFunction Weather { get; } =
        AIFunctionFactory.Create((string city) => $"{city}: 21 degrees, clear sky", "get_weather", "The weather in a city.");

    [Fact]
    public async Task Example_StreamsWithAToolAndRemembersTheSession()
    {
        _ = Deployment.Model.ReplyWithToolCall("get_weather", """{"city":"Bochum"}""").Then.Reply(Answer).Then.Reply("Then take a hat.");
        using StringWriter output = new();
        await AgentFrameworkExample.RunAsync(Client.AsIChatClient(ModelId), output);
        Assert.Contains(Answer, output.ToString(), StringComparison.Ordinal);
        Assert.Contains("Then take a hat.", output.ToString(), StringComparison.Ordinal);
        Assert.Equal(3, ChatRequests.Count);

        // The second question brings the first one, the tool's result and the answer with it.
        Assert.Contains("umbrella", ChatRequests[2].DecryptedBody!, StringComparison.Ordinal);
        Assert.Contains("clear sky", ChatRequests[2].DecryptedBody!, StringComparison.Ordinal);
        Assert.Contains("sky over Bochum", ChatRequests[2].DecryptedBody!, StringComparison.Ordinal);
        AssertTravelledSealed("umbrella", "Look at the weather", "get_weather", "clear sky", "if the sun");
        AssertAnsweredSealed("take a hat");
    }

    [Fact]
    public async Task AsAIAgent_NotStreamed_InvokesTheTool()
    {
        AIAgent agent = Client.AsIChatClient(ModelId).AsAIAgent(instructions: "Be brief.", name: "Concierge", tools: [Weather]);
        AgentResponse response = await agent.RunAsync("Shall I take an umbrella in Bochum today?");
        Assert.EndsWith(Answer, response.Text, StringComparison.Ordinal);
        Assert.Equal(2, ChatRequests.Count);
        AssertTravelledSealed("umbrella", "Be brief.", "get_weather", "clear sky");
    }

    [Fact]
    public async Task Run_AnswerIsTamperedWith_ThrowsOurException()
    {
        AIAgent agent = new ChatClientAgent(Client.AsIChatClient(ModelId), instructions: "Be brief.");
        Deployment.Faults.Inject(Fault.TamperEvent(3));
        await Assert.ThrowsAsync<PrivatemodeIntegrityException>(async () =>
        {
            await foreach (AgentResponseUpdate _ in agent.RunStreamingAsync("Shall I take an umbrella in Bochum today?"))
            {
            }
        });
    }
}
