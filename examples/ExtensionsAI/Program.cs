using System.ComponentModel;
using System.Diagnostics;
using Examples;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Trace;
using Privatemode.AI;

// A host whose chat client calls functions, caches answers and writes traces. All of this happens in this process, before encryption: the cache contains
// the answers in the clear, and must be protected like them.
await using Example example = await Example.StartAsync(
    model => model.ReplyWithToolCall("get_weather", """{"city":"Bochum"}""").Then.Reply("""{"takeUmbrella":false,"reason":"The sky is clear."}"""));

HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
builder.Services.AddPrivatemode(options => example.Deployment?.ConfigureClient(options));
builder.Services.AddDistributedMemoryCache();
builder.Services.AddPrivatemodeChatClient("gpt-oss-120b")
    .UseFunctionInvocation()
    .UseDistributedCache(configure: cache => cache.CacheKeyAdditionalValues = ["gpt-oss-120b"]) // otherwise the cache key does not contain the model
    .UseOpenTelemetry(sourceName: "Weather");
builder.Services.AddOpenTelemetry().WithTracing(tracing => tracing.AddSource("Weather").AddProcessor(new ConsoleWriter()));
using IHost host = builder.Build();
await host.StartAsync();

IChatClient chat = host.Services.GetRequiredService<IChatClient>();
ChatOptions options = new() { Tools = [AIFunctionFactory.Create(GetWeather, "get_weather")] };
foreach (string attempt in (string[])["first", "from the cache"])
{
    // The function is called each time. The model is not: both of its answers are in the cache, with their receipts.
    ChatResponse<Advice> answer = await chat.GetResponseAsync<Advice>("Shall I take an umbrella in Bochum today?", options);
    Console.WriteLine($"{attempt}: {(answer.Result.TakeUmbrella ? "yes" : "no")}. {answer.Result.Reason}");
    Console.WriteLine(answer.GetPrivatemodeReceipt());
}

await host.StopAsync();

[Description("Gets the weather in a city.")]
static string GetWeather([Description("The name of the city.")] string city) => $"{city}: 21 degrees, clear sky";

internal sealed record Advice(bool TakeUmbrella, string Reason);

/// <summary>Writes a line for each model request and function call. An application would export its traces instead.</summary>
internal sealed class ConsoleWriter : BaseProcessor<Activity>
{
    public override void OnEnd(Activity data) => Console.WriteLine($"[{data.DisplayName}: {data.Duration.TotalMilliseconds:F0} ms]");
}
