using Microsoft.Agents.AI;
using Microsoft.Agents.AI.Workflows;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.AgentFramework;

/// <summary>Agents in a host, with several models and accounts.</summary>
public sealed class AgentRegistrationTests : AgentTest
{
    [Fact]
    public async Task Agent_FromTheContainer_UsesTheRegisteredChatClient()
    {
        ScriptCall();
        ServiceCollection services = new();
        services.AddPrivatemode(Deployment.ConfigureClient);
        services.AddPrivatemodeChatClient(ModelId);
        services.AddSingleton<AIAgent>(provider => provider.GetRequiredService<IChatClient>().AsAIAgent(Instructions, tools: [Weather], services: provider));
        await using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal(Answer, (await provider.GetRequiredService<AIAgent>().RunAsync(Question).OrTimeout()).Text);
        Assert.Equal(2, ChatBodies.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Agent_OverAChatClientThatInvokesFunctions_InvokesThemOnce(bool isStreaming)
    {
        int called = 0;
        ScriptCall();
        ServiceCollection services = new();
        services.AddPrivatemode(Deployment.ConfigureClient);
        services.AddPrivatemodeChatClient(ModelId).UseFunctionInvocation();
        await using ServiceProvider provider = services.BuildServiceProvider();
        AIFunction tool = AIFunctionFactory.Create((string city) => $"{city} {++called}", ToolName);
        ChatClientAgent agent = provider.GetRequiredService<IChatClient>().AsAIAgent(Instructions, tools: [tool]);
        Assert.Equal(Answer, (await RunAsync(agent, isStreaming)).Text);
        Assert.Equal((1, 2), (called, ChatBodies.Count));
    }

    [Fact]
    public async Task Agents_WithKeys_UseTheirModelsAndAccounts()
    {
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text(Answer));
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddPrivatemode(Deployment.ConfigureClient);
        builder.Services.AddKeyedPrivatemode("b", options =>
        {
            Deployment.ConfigureClient(options);
            options.ApiKey = "key-b";
        });
        builder.Services.AddPrivatemodeChatClient(ModelId);
        builder.Services.AddKeyedPrivatemodeChatClient("images", "gemma-3-27b", RegisteredAccount.Keyed("b"));
        builder.Services.AddKeyedSingleton<AIAgent>("writer", (provider, _) => provider.GetRequiredService<IChatClient>().AsAIAgent(name: "writer"));
        builder.Services.AddKeyedSingleton<AIAgent>("seer", (provider, _) => provider.GetRequiredKeyedService<IChatClient>("images").AsAIAgent(name: "seer"));
        builder.Services.AddKeyedSingleton<AIAgent>("both", (provider, _) => AgentWorkflowBuilder.BuildSequential(
            [provider.GetRequiredKeyedService<AIAgent>("writer"), provider.GetRequiredKeyedService<AIAgent>("seer")]).AsAIAgent(name: "both"));
        using IHost host = builder.Build();
        await host.StartAsync().OrTimeout();
        _ = await host.Services.GetRequiredKeyedService<AIAgent>("writer").RunAsync(Question).OrTimeout();
        _ = await host.Services.GetRequiredKeyedService<AIAgent>("seer").RunAsync(Question).OrTimeout();
        _ = await host.Services.GetRequiredKeyedService<AIAgent>("both").RunAsync(Question).OrTimeout();
        await host.StopAsync().OrTimeout();
        Assert.Equal(
            [(ModelId, "Bearer test-api-key"), ("gemma-3-27b", "Bearer key-b"), (ModelId, "Bearer test-api-key"), ("gemma-3-27b", "Bearer key-b")],
            Deployment.Requests.Where(request => request.IsInference)
                .Select(request => (request.Headers["Privatemode-Target-Model"], request.Headers["Authorization"])));
    }

    [Fact]
    public async Task Tool_WithServices_GetsThoseOfTheAgent()
    {
        ScriptCall();
        ServiceCollection services = new();
        services.AddPrivatemode(Deployment.ConfigureClient);
        services.AddPrivatemodeChatClient(ModelId);
        services.AddSingleton(new Gauge(21));
        await using ServiceProvider provider = services.BuildServiceProvider();
        AIFunction tool = AIFunctionFactory.Create(
            (string city, IServiceProvider inner) => $"{city}: {inner.GetRequiredService<Gauge>().Degrees} degrees", ToolName);
        ChatClientAgent agent = provider.GetRequiredService<IChatClient>().AsAIAgent(Instructions, tools: [tool], services: provider);
        Assert.Equal(Answer, (await agent.RunAsync(Question).OrTimeout()).Text);
        Assert.Equal("Bochum: 21 degrees", Text(SentMessages[1][^1]));
    }

    [Fact]
    public void Agent_KnowsItsProvider()
    {
        ChatClientMetadata metadata = CreateAgent().GetService<ChatClientMetadata>()!;
        Assert.Equal(("privatemode", ModelId), (metadata.ProviderName, metadata.DefaultModelId));
        Assert.Equal("privatemode", CreateAgent().GetService<AIAgentMetadata>()!.ProviderName);
    }

    private sealed record Gauge(int Degrees);
}
