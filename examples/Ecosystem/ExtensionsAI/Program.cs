using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using Privatemode.AI;
using Privatemode.AI.Testing;

namespace Ecosystem;

/// <summary>The middleware of Microsoft.Extensions.AI around the encrypting client: cache, tool loop, traces, typed answers.</summary>
public static class ExtensionsAIExample
{
    private const string Question = "Shall I take an umbrella in Bochum today?";

    public static async Task Main()
    {
        // With an API key, this example uses the real service; without one, a test deployment in this process.
        bool isLive = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(PrivatemodeOptions.ApiKeyEnvironmentVariable));
        await using PrivatemodeTestDeployment? deployment = isLive ? null : await PrivatemodeTestDeployment.StartAsync();
        _ = deployment?.Model.ReplyWithToolCall("get_weather", """{"city":"Bochum"}""").Then.Reply("""{"umbrella":false,"reason":"clear sky"}""");
        await using PrivatemodeClient privatemode = deployment?.CreateClient() ?? new PrivatemodeClient();
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == nameof(ExtensionsAIExample),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span => Console.WriteLine($"[{span.DisplayName}: {span.Duration.TotalMilliseconds:F0} ms]"),
        };
        ActivitySource.AddActivityListener(listener);
        await RunAsync(privatemode.AsIChatClient("gpt-oss-120b"), Console.Out);
    }

    public static async Task RunAsync(IChatClient sealedClient, TextWriter output)
    {
        // The cache stores questions and answers unencrypted. Protect it as you protect them.
        IDistributedCache cache = new MemoryDistributedCache(Options.Create(new MemoryDistributedCacheOptions()));
        using IChatClient chat = sealedClient.AsBuilder()
            .UseDistributedCache(cache)
            .UseFunctionInvocation()
            .UseOpenTelemetry(sourceName: nameof(ExtensionsAIExample), configure: traces => traces.EnableSensitiveData = false)
            .Build();
        ChatOptions options = new() { Tools = [AIFunctionFactory.Create(GetWeather, "get_weather")] };

        ChatResponse<Advice> answer = await chat.GetResponseAsync<Advice>(Question, options);
        await output.WriteLineAsync($"Umbrella: {answer.Result.Umbrella}, because: {answer.Result.Reason}");

        ChatResponse<Advice> again = await chat.GetResponseAsync<Advice>(Question, options);
        await output.WriteLineAsync($"Asked again, from the cache: {again.Result.Reason}");
    }

    [Description("The weather in a city.")]
    private static string GetWeather([Description("Name of the city.")] string city) => $"{city}: 21 degrees, clear sky";

    private sealed record Advice(bool Umbrella, string Reason);
}
