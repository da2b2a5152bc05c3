using System.ComponentModel;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Privatemode.AI;
using Privatemode.AI.Testing;

namespace Ecosystem;

/// <summary>An agent of Microsoft Agent Framework: a tool, a streamed answer, and a second question in the same session.</summary>
public static class AgentFrameworkExample
{
    public static async Task Main()
    {
        // With an API key, this example uses the real service; without one, a test deployment in this process.
        bool isLive = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(PrivatemodeOptions.ApiKeyEnvironmentVariable));
        await using PrivatemodeTestDeployment? deployment = isLive ? null : await PrivatemodeTestDeployment.StartAsync();
        _ = deployment?.Model.ReplyWithToolCall("get_weather", """{"city":"Bochum"}""")
            .Then.Reply("No. The sky over Bochum is clear.")
            .Then.Reply("Then take a hat.");
        await using PrivatemodeClient privatemode = deployment?.CreateClient() ?? new PrivatemodeClient();
        await RunAsync(privatemode.AsIChatClient("gpt-oss-120b"), Console.Out);
    }

    public static async Task RunAsync(IChatClient sealedClient, TextWriter output)
    {
        AIAgent agent = new ChatClientAgent(
            sealedClient,
            instructions: "Look at the weather before you give advice.",
            name: "Concierge",
            tools: [AIFunctionFactory.Create(GetWeather, "get_weather")]);

        // The session holds the conversation; the service does not store it.
        AgentSession session = await agent.CreateSessionAsync();
        await foreach (AgentResponseUpdate update in agent.RunStreamingAsync("Shall I take an umbrella in Bochum today?", session))
        {
            await output.WriteAsync(update.Text);
        }

        await output.WriteLineAsync();
        AgentResponse more = await agent.RunAsync("And if the sun is strong?", session);
        await output.WriteLineAsync(more.Text);
    }

    [Description("The weather in a city.")]
    private static string GetWeather([Description("Name of the city.")] string city) => $"{city}: 21 degrees, clear sky";
}
