using System.ComponentModel;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>A test with a kernel that was built without a host, as most of Semantic Kernel's examples do.</summary>
public abstract class KernelTest : EcosystemTest
{
    protected const string Question = "Shall I take an umbrella in Bochum today?";
    protected const string Answer = "No. The sky over Bochum is clear.";
    protected const string ToolName = "Weather-get_weather";
    protected const string Arguments = """{"city":"Bochum"}""";

    protected static PromptExecutionSettings Auto => new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };

    /// <summary>Whether the model gives <see cref="Answer"/> when the script is empty.</summary>
    protected bool ScriptAll { get; init; }

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        if (ScriptAll)
        {
            Deployment.Model.SetFallback(_ => ScriptedAnswer.Text(Answer));
        }
    }

    protected Kernel CreateKernel(Action<IKernelBuilder>? configure = null) => CreateKernel(ModelId, configure);

    protected Kernel CreateKernel(string modelId, Action<IKernelBuilder>? configure = null)
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.AddPrivatemodeChatCompletion(modelId, Client);
        builder.Plugins.AddFromType<WeatherPlugin>("Weather");
        configure?.Invoke(builder);
        return builder.Build();
    }

    protected void ScriptCall(string name = ToolName, string arguments = Arguments) =>
        _ = Deployment.Model.ReplyWithToolCall(name, arguments).Then.Reply(Answer);

    protected static async Task<string> ConcatAsync<T>(IAsyncEnumerable<T> parts)
    {
        string text = "";
        await foreach (T part in parts.WithTimeout())
        {
            text += part;
        }

        return text;
    }

    protected static async Task<string> StreamAsync(
        IChatCompletionService chat, ChatHistory history, PromptExecutionSettings? settings, Kernel kernel, List<StreamingChatMessageContent>? updates = null)
    {
        string text = "";
        await foreach (StreamingChatMessageContent update in chat.GetStreamingChatMessageContentsAsync(history, settings, kernel).WithTimeout())
        {
            updates?.Add(update);
            text += update.Content;
        }

        return text;
    }

    internal sealed class WeatherPlugin
    {
        public static readonly AsyncLocal<Action<string>?> Called = new();

        [KernelFunction("get_weather"), Description("Gets the weather in a city.")]
        public static string GetWeather([Description("The name of the city.")] string city, int days = 1)
        {
            Called.Value?.Invoke(city);
            return $"{city}: 21 degrees, clear sky for {days} days";
        }

        [KernelFunction("get_forecast"), Description("Gets a forecast.")]
        public static Forecast GetForecast(string city) => new(city, 21.5, ["clear", "windy"]);

        [KernelFunction("fail"), Description("Fails.")]
        public static string Fail(bool isSecurity) => throw (isSecurity
            ? new PrivatemodeVerificationException("manifest-match", "not genuine") : new InvalidOperationException("out of order"));
    }

    internal sealed record Forecast(string City, double Degrees, string[] Sky);
}
