using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;

namespace Privatemode.AI.EcosystemTests.AgentFramework;

/// <summary>Agents over the encrypting client for responses of the OpenAI package.</summary>
public sealed class AgentResponsesTests : AgentTest
{
    private ChatClientAgent CreateResponsesAgent(params IList<AITool> tools) =>
        Client.OpenAI.GetResponsesClient().AsIChatClient(ModelId).AsAIAgent(Instructions, "concierge", "Gives advice.", tools);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Session_OfTwoTurnsWithAFunction_IsKeptByTheApplication(bool isStreaming)
    {
        _ = Deployment.Model.Reply("").WithReasoning("I look it up.").WithToolCall(ToolName, Arguments).Then.Reply(Answer).Then.Reply("You are welcome.");
        ChatClientAgent agent = CreateResponsesAgent(Weather);
        AgentSession session = await agent.CreateSessionAsync();
        AgentResponse? first = await TryRunAsync(agent, isStreaming, session);
        if (first is null)
        {
            return;
        }

        Assert.Equal(Answer, first.Text);
        Assert.Equal(["system", "user", "assistant", "tool"], Roles(SentMessages[1]));
        Assert.Contains(ToolResult, Text(SentMessages[1][3]), StringComparison.Ordinal);
        Assert.Equal("I look it up.", (string?)SentMessages[1][2]!["reasoning"]);

        // The application is restarted between the turns.
        AgentSession later = await agent.DeserializeSessionAsync(await agent.SerializeSessionAsync(session));
        Assert.Equal("You are welcome.", (await RunAsync(agent, isStreaming, later, question: "Thank you.")).Text);
        Assert.Equal(["system", "user", "assistant", "tool", "assistant", "user"], Roles(SentMessages[2]));
        Assert.Equal(Answer, Text(SentMessages[2][4]));
        AssertSentEncrypted("umbrella", Instructions, ToolResult, "Thank you.");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AlteredAnswer_EndsTheRunWithoutAFunction(bool isStreaming)
    {
        int runs = 0;
        ScriptCall();
        Deployment.Faults.Inject(isStreaming ? Fault.RemoveEndMarker : Fault.TamperEvent(0));
        ChatClientAgent agent = CreateResponsesAgent(AIFunctionFactory.Create((string city) => runs++, ToolName));
        Exception? exception = await Record.ExceptionAsync(() => RunAsync(agent, isStreaming));
        Assert.True(exception is PrivatemodeIntegrityException || (isStreaming && exception is MissingMethodException), $"{exception}");
        Assert.Equal(0, runs);
    }

    /// <summary>Null if the adapter cannot stream: with OpenAI 2.15 it lacks a method that it calls.</summary>
    private static async Task<AgentResponse?> TryRunAsync(AIAgent agent, bool isStreaming, AgentSession session)
    {
        try
        {
            return await RunAsync(agent, isStreaming, session);
        }
        catch (MissingMethodException) when (isStreaming)
        {
            return null;
        }
    }
}
