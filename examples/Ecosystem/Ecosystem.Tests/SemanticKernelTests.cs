using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.Agents;
using Microsoft.SemanticKernel.ChatCompletion;
using OpenAI;
using Privatemode.AI;

namespace Ecosystem.Tests;

/// <summary>Semantic Kernel's own registrations find the sealed client, and everything they send is sealed.</summary>
public sealed class SemanticKernelTests : EcosystemTest
{
    private const string Question = "Shall I take an umbrella in Bochum today?";

    private static PromptExecutionSettings Auto => new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };

    [Fact]
    public async Task Example_AgentWithAPluginAndEmbeddings_AnswersOverSealedCalls()
    {
        using StringWriter output = new();
        await SemanticKernelExample.RunAsync(options => Deployment.ConfigureClient(options), output);
        Assert.Contains(Answer, output.ToString(), StringComparison.Ordinal);
        Assert.Contains("A sentence became", output.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, ChatRequests.Count);
        Assert.Single(Deployment.Requests, request => request.Path == "/v1/embeddings");
        AssertTravelledSealed("umbrella", "Bochum", "get_weather", "clear sky", "Umbrellas are lent");
        AssertAnsweredSealed("sky over");
    }

    [Fact]
    public async Task OpenAIClient_OfTheContainer_IsTheSealedOne()
    {
        await using ServiceProvider provider = Build(builder => builder.AddOpenAIChatCompletion(ModelId));
        Assert.IsType<PrivatemodeOpenAIClient>(provider.GetRequiredService<OpenAIClient>());
    }

    [Fact]
    public async Task ChatCompletion_Streamed_InvokesThePluginAndStreamsTheAnswer()
    {
        await using ServiceProvider provider = Build(builder => builder.AddOpenAIChatCompletion(ModelId));
        Kernel kernel = provider.GetRequiredService<Kernel>();
        ChatHistory history = [];
        history.AddUserMessage(Question);
        string text = "";
        await foreach (StreamingChatMessageContent part in kernel.GetRequiredService<IChatCompletionService>()
            .GetStreamingChatMessageContentsAsync(history, Auto, kernel))
        {
            text += part.Content;
        }

        Assert.Equal(Answer, text);
        Assert.Equal(2, ChatRequests.Count);
        AssertTravelledSealed("umbrella", "get_weather", "clear sky");
    }

    [Fact]
    public async Task ChatClient_OfSemanticKernel_FindsTheSealedClient()
    {
        await using ServiceProvider provider = Build(builder => builder.AddOpenAIChatClient(ModelId));
        FunctionResult result = await provider.GetRequiredService<Kernel>().InvokePromptAsync(Question, new KernelArguments(Auto));
        Assert.Equal(Answer, result.GetValue<string>());
        Assert.Equal(2, ChatRequests.Count);
        AssertTravelledSealed("umbrella", "get_weather", "clear sky");
        Assert.All(ChatRequests, request => Assert.StartsWith("Privatemode.AI/", request.Headers["User-Agent"], StringComparison.Ordinal));
    }

    [Fact]
    public async Task ChatClient_OfThisLibraryByServiceId_RunsAnAgentWithItsPlugin()
    {
        await using ServiceProvider provider = Build(builder =>
        {
            builder.Services.AddPrivatemodeChatClient(ModelId, "sealed");
            builder.Services.AddChatClient(services => services.GetRequiredKeyedService<IChatClient>("sealed")).UseKernelFunctionInvocation();
        });
        ChatCompletionAgent agent = new()
        {
            Name = "Concierge",
            Instructions = "Look at the weather before you give advice.",
            Kernel = provider.GetRequiredService<Kernel>(),
            Arguments = new KernelArguments(Auto),
        };
        List<string?> answers = [];
        await foreach (AgentResponseItem<ChatMessageContent> answer in agent.InvokeAsync(Question))
        {
            answers.Add(answer.Message.Content);
        }

        Assert.Equal(Answer, answers[^1]);
        Assert.Equal(2, ChatRequests.Count);
        AssertTravelledSealed("umbrella", "Look at the weather", "get_weather", "clear sky");
    }

    [Fact]
    public async Task EmbeddingGenerator_OfSemanticKernel_GivesTheVectorsOfThisLibrarysOwn()
    {
        await using ServiceProvider provider = Build(builder =>
        {
            builder.AddOpenAIEmbeddingGenerator(EmbeddingModelId, serviceId: "theirs");
            builder.Services.AddPrivatemodeEmbeddingGenerator(EmbeddingModelId, "ours");
        });
        const string Text = "Umbrellas are lent at the reception.";
        ReadOnlyMemory<float> theirs = await provider
            .GetRequiredKeyedService<IEmbeddingGenerator<string, Embedding<float>>>("theirs").GenerateVectorAsync(Text);
        ReadOnlyMemory<float> ours = await provider
            .GetRequiredKeyedService<IEmbeddingGenerator<string, Embedding<float>>>("ours").GenerateVectorAsync(Text);
        Assert.Equal(theirs.ToArray(), ours.ToArray());
        Assert.Equal(2, Deployment.Requests.Count);
        AssertTravelledSealed("Umbrellas are lent");
    }

    private ServiceProvider Build(Action<IKernelBuilder> register)
    {
        ServiceCollection services = new();
        IKernelBuilder builder = services.AddKernel();
        builder.Services.AddPrivatemode(options => Deployment.ConfigureClient(options));
        builder.Plugins.AddFromType<WeatherPlugin>("Weather");
        register(builder);
        return services.BuildServiceProvider();
    }
}
