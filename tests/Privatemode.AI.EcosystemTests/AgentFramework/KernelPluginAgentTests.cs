using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Privatemode.AI.EcosystemTests.SemanticKernel;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.AgentFramework;

/// <summary>An agent that got a plugin without its kernel called none of its functions, and went on. docs/agents.md says how to pass it.</summary>
public sealed class KernelPluginAgentTests : KernelTest
{
    [Theory]
    [InlineData("WithKernel")]
    [InlineData("services")]
    public async Task PluginWithItsKernel_IsInvoked(string way)
    {
        Kernel kernel = CreateKernel();
        KernelPlugin plugin = kernel.Plugins["Weather"];
        AIAgent agent = way == "services"
            ? Client.AsIChatClient(ModelId).AsAIAgent(tools: [.. plugin], services: kernel.Services)
            : Client.AsIChatClient(ModelId).AsAIAgent(tools: [.. plugin.Select(function => function.WithKernel(kernel))]);
        ScriptCall("Weather_get_weather");
        Assert.Equal(Answer, (await agent.RunAsync(Question).OrTimeout()).Text);
        Assert.Contains("21 degrees", (string?)ChatBodies[1]["messages"]!.AsArray()[^1]!["content"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task PluginWithoutItsKernel_FailsAndTheExceptionIsInTheResult()
    {
        AIAgent agent = Client.AsIChatClient(ModelId).AsAIAgent(tools: [.. CreateKernel().Plugins["Weather"]]);
        ScriptCall("Weather_get_weather");
        AgentResponse response = await agent.RunAsync(Question).OrTimeout();
        Assert.Contains("Function failed", (string?)ChatBodies[1]["messages"]!.AsArray()[^1]!["content"], StringComparison.Ordinal);
        Assert.NotNull(Assert.Single(
            response.Messages.SelectMany(message => message.Contents).OfType<Microsoft.Extensions.AI.FunctionResultContent>()).Exception);
    }
}
