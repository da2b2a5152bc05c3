using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ExtensionsAI;

/// <summary>A test of the middleware and the builders of Microsoft.Extensions.AI around the library's clients.</summary>
public abstract class ExtensionsAITest : EcosystemTest
{
    protected const string Question = "Shall I take an umbrella in Bochum today?";
    protected const string Answer = "No. The sky over Bochum is clear.";
    protected const string ToolName = "get_weather";
    protected const string Arguments = """{"city":"Bochum"}""";

    protected static AIFunction Weather { get; } =
        AIFunctionFactory.Create((string city) => $"{city}: 21 degrees, clear sky", ToolName, "Gets the weather in a city.");

    protected static ChatOptions WithWeather => new() { Tools = [Weather] };

    protected IChatClient Chat => Client.AsIChatClient(ModelId);

    protected void ScriptCall(string name = ToolName, string arguments = Arguments) =>
        _ = Deployment.Model.ReplyWithToolCall(name, arguments).Then.Reply(Answer);

    protected static Task<ChatResponse> AskAsync(IChatClient chat, string question = Question, ChatOptions? options = null, bool isStreaming = false) =>
        AskAsync(chat, [new ChatMessage(ChatRole.User, question)], options, isStreaming);

    protected static Task<ChatResponse> AskAsync(IChatClient chat, IList<ChatMessage> messages, ChatOptions? options = null, bool isStreaming = false) =>
        (isStreaming ? chat.GetStreamingResponseAsync(messages, options).ToChatResponseAsync() : chat.GetResponseAsync(messages, options)).OrTimeout();

    protected static IDistributedCache CreateCache() => new MemoryDistributedCache(Options.Create(new MemoryDistributedCacheOptions()));

    /// <summary>Builds the services of an application with two accounts: one without a service key, and <c>b</c> with the API key <c>key-b</c>.</summary>
    protected ServiceProvider BuildProvider(Action<IServiceCollection> configure)
    {
        ServiceCollection services = new();
        services.AddPrivatemode(Deployment.ConfigureClient).AddKeyedPrivatemode("b", options =>
        {
            Deployment.ConfigureClient(options);
            options.ApiKey = "key-b";
        });
        configure(services);
        return services.BuildServiceProvider();
    }

    /// <summary>The roles of the messages, in order and separated by spaces.</summary>
    protected static string RolesOf(JsonObject body) => string.Join(' ', body["messages"]!.AsArray().Select(message => (string?)message!["role"]));

    /// <summary>The text of the last message with the role <c>tool</c>.</summary>
    protected static string? ToolResultOf(JsonObject body) =>
        (string?)body["messages"]!.AsArray().Last(message => (string?)message!["role"] == "tool")!["content"];
}
