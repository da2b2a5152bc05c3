using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.LocalProxy;

/// <summary>Agents of the Agent Framework work over Privatemode's own proxy as over the service.</summary>
public sealed class LocalProxyAgentTests
{
    private const string Answer = "No. The sky over Bochum is clear.";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Agent_WithATool_AnswersAndIsResumed(bool isStreaming)
    {
        await using FakeLocalProxy proxy = await FakeLocalProxy.StartAsync();
        await using PrivatemodeClient client = proxy.CreateClient();
        _ = proxy.Model.ReplyWithToolCall("get_weather", """{"city":"Bochum"}""").Then.Reply(Answer).Then.Reply("You asked about Bochum.");
        ChatClientAgent agent = client.AsIChatClient("gpt-oss-120b").AsAIAgent(
            "Look at the weather before you give advice.", "concierge", "Gives advice.",
            [AIFunctionFactory.Create((string city) => $"{city}: 21 degrees", "get_weather", "Gets the weather in a city.")]);
        AgentSession session = await agent.CreateSessionAsync();

        AgentResponse first = await RunAsync("Shall I take an umbrella in Bochum today?");
        session = await agent.DeserializeSessionAsync(await agent.SerializeSessionAsync(session));
        AgentResponse second = await RunAsync("Which city was it?");

        Assert.Equal((Answer, "You asked about Bochum."), (first.Text, second.Text));
        Assert.False(second.AsChatResponse().GetPrivatemodeReceipt()!.IsVerified);
        Assert.Equal(3, proxy.Requests.Count);
        Assert.Contains("Bochum: 21 degrees", proxy.Last.Text, StringComparison.Ordinal);
        Assert.Contains("umbrella", proxy.Last.Text, StringComparison.Ordinal);
        Assert.All(proxy.Requests, request => Assert.DoesNotContain("Authorization", request.Headers.Keys));

        Task<AgentResponse> RunAsync(string question) => isStreaming
            ? agent.RunStreamingAsync(question, session).WithTimeout().ToAgentResponseAsync()
            : agent.RunAsync(question, session).OrTimeout();
    }
}
