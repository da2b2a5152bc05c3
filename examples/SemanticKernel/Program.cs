using System.ComponentModel;
using Examples;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI;
using Privatemode.AI.SemanticKernel;

// A kernel with a plugin. The model calls it, a filter logs each call, and the answer is streamed. Arguments and results are encrypted like the prompt.
await using Example example = await Example.StartAsync(
    model => model.ReplyWithToolCall("Weather-get_weather", """{"city":"Bochum"}""").Then.Reply("No. The sky over Bochum is clear."));

IKernelBuilder builder = Kernel.CreateBuilder();
builder.AddPrivatemodeChatCompletion("gpt-oss-120b", example.Client); // with an API key: builder.AddPrivatemodeChatCompletion("gpt-oss-120b", apiKey)
builder.Plugins.AddFromType<WeatherPlugin>("Weather");
Kernel kernel = builder.Build();
kernel.AutoFunctionInvocationFilters.Add(new LoggingFilter());

PrivatemodePromptExecutionSettings settings = new()
{
    FunctionChoiceBehavior = FunctionChoiceBehavior.Auto(),
    ReasoningEffort = "low",
    ChatSystemPrompt = "Look at the weather before you give advice.",
};
ChatHistory history = [];
history.AddUserMessage("Shall I take an umbrella in Bochum today?");
EncryptionReceipt? receipt = null;
await foreach (StreamingChatMessageContent update in
    kernel.GetRequiredService<IChatCompletionService>().GetStreamingChatMessageContentsAsync(history, settings, kernel))
{
    Console.Write(update.Content);
    receipt = update.GetPrivatemodeReceipt() ?? receipt;
}

Console.WriteLine($"\n\n{receipt}");

/// <summary>The functions that the model can call.</summary>
internal sealed class WeatherPlugin
{
    [KernelFunction("get_weather"), Description("Gets the weather in a city.")]
    public static string GetWeather([Description("The name of the city.")] string city) => $"{city}: 21 degrees, clear sky";
}

/// <summary>Logs each call. A filter can also change or refuse a call.</summary>
internal sealed class LoggingFilter : IAutoFunctionInvocationFilter
{
    public async Task OnAutoFunctionInvocationAsync(AutoFunctionInvocationContext context, Func<AutoFunctionInvocationContext, Task> next)
    {
        await next(context);
        Console.WriteLine($"{context.Function.PluginName}.{context.Function.Name}: {context.Result}");
    }
}
