using System.ComponentModel;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.Agents;
using Privatemode.AI;
using Privatemode.AI.Testing;

namespace Ecosystem;

/// <summary>Semantic Kernel unchanged: an agent with a plugin, and embeddings, through one encrypting client.</summary>
public static class SemanticKernelExample
{
    public static async Task Main()
    {
        // With an API key, this example uses the real service; without one, a test deployment in this process.
        bool isLive = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(PrivatemodeOptions.ApiKeyEnvironmentVariable));
        await using PrivatemodeTestDeployment? deployment = isLive ? null : await PrivatemodeTestDeployment.StartAsync();
        _ = deployment?.Model.ReplyWithToolCall("Weather-get_weather", """{"city":"Bochum"}""").Then.Reply("No. The sky over Bochum is clear.");
        await RunAsync(options => deployment?.ConfigureClient(options), Console.Out);
    }

    public static async Task RunAsync(Action<PrivatemodeOptions> configure, TextWriter output)
    {
        ServiceCollection services = new();
        IKernelBuilder builder = services.AddKernel();
        builder.Services.AddPrivatemode(configure);
        builder.Services.AddPrivatemodeEmbeddingGenerator("qwen3-embedding-4b");

        // Without a client argument, Semantic Kernel's connector uses the OpenAIClient that AddPrivatemode registered.
        builder.AddOpenAIChatCompletion("gpt-oss-120b");
        builder.Plugins.AddFromType<WeatherPlugin>("Weather");
        await using ServiceProvider provider = services.BuildServiceProvider();

        ChatCompletionAgent agent = new()
        {
            Name = "Concierge",
            Instructions = "Look at the weather before you give advice.",
            Kernel = provider.GetRequiredService<Kernel>(),
            Arguments = new KernelArguments(new PromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() }),
        };
        await foreach (AgentResponseItem<ChatMessageContent> answer in agent.InvokeAsync("Shall I take an umbrella in Bochum today?"))
        {
            await output.WriteLineAsync(answer.Message.Content);
        }

        IEmbeddingGenerator<string, Embedding<float>> embeddings = provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
        ReadOnlyMemory<float> vector = await embeddings.GenerateVectorAsync("Umbrellas are lent at the reception.");
        await output.WriteLineAsync($"A sentence became {vector.Length} numbers.");
    }
}

/// <summary>The functions that the model can call. Arguments and results are sent encrypted, like the rest of the conversation.</summary>
public sealed class WeatherPlugin
{
    [KernelFunction("get_weather"), Description("The weather in a city.")]
    public static string GetWeather([Description("Name of the city.")] string city) => $"{city}: 21 degrees, clear sky";
}
