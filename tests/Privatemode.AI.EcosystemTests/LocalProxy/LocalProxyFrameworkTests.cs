using System.ComponentModel;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.AudioToText;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI.SemanticKernel;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.LocalProxy;

/// <summary>The frameworks work over Privatemode's own proxy as over the service, and their answers say that this client verified nothing.</summary>
public sealed class LocalProxyFrameworkTests : IAsyncLifetime
{
    private const string ModelId = "gpt-oss-120b";
    private const string Question = "Shall I take an umbrella in Bochum today?";
    private const string Answer = "No. The sky over Bochum is clear.";

    private FakeLocalProxy _proxy = null!;
    private PrivatemodeClient _client = null!;

    public async Task InitializeAsync()
    {
        _proxy = await FakeLocalProxy.StartAsync();
        _client = _proxy.CreateClient();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _proxy.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SemanticKernel_Plugin_IsCalled(bool streamed)
    {
        ScriptCall("Weather-get_weather");
        Kernel kernel = CreateKernel(builder => builder.AddPrivatemodeChatCompletion(ModelId, _client));
        KernelArguments arguments = new(new PrivatemodePromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto(), TopK = 20 });
        string text = "";
        EncryptionReceipt? receipt = null;
        if (streamed)
        {
            await foreach (StreamingKernelContent update in kernel.InvokePromptStreamingAsync(Question, arguments).WithTimeout())
            {
                (text, receipt) = (text + update, update.GetPrivatemodeReceipt() ?? receipt);
            }
        }
        else
        {
            FunctionResult result = await kernel.InvokePromptAsync(Question, arguments).OrTimeout();
            (text, receipt) = (result.ToString(), result.GetPrivatemodeReceipt());
        }

        Assert.Equal(Answer, text);
        Assert.False(receipt!.IsVerified);
        AssertWeatherWasAnswered("messages", "top_k");
    }

    [Fact]
    public async Task SemanticKernel_OpenAIConnector_IsAnswered()
    {
        ScriptCall("Weather-get_weather");
        Kernel kernel = CreateKernel(builder => builder.AddOpenAIChatCompletion(ModelId, _client.OpenAI));
        KernelArguments arguments = new(new PromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() });
        Assert.Equal(Answer, (await kernel.InvokePromptAsync(Question, arguments).OrTimeout()).ToString());
        AssertWeatherWasAnswered("messages");
    }

    [Fact]
    public async Task SemanticKernel_EmbeddingsAndSpeech_AreAnswered()
    {
        Kernel kernel = CreateKernel(builder => builder
            .AddPrivatemodeEmbeddingGenerator("qwen3-embedding-4b", _client, 8).AddPrivatemodeAudioToText("voxtral-mini-3b", _client));
        _ = _proxy.Model.ReplyWithTranscription("Good morning");
        GeneratedEmbeddings<Embedding<float>> vectors =
            await kernel.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().GenerateAsync([Question]).OrTimeout();
        Assert.Equal(8, vectors[0].Vector.Length);
        AudioContent audio = new(Recording.Wave(), "audio/wav");
        KernelContent text = await kernel.GetRequiredService<IAudioToTextService>().GetTextContentAsync(audio).OrTimeout();
        Assert.Equal("Good morning", text.ToString());
        Assert.Equal([false, false], new[] { vectors.GetPrivatemodeReceipt()!, text.GetPrivatemodeReceipt()! }.Select(receipt => receipt.IsVerified));
    }

    [Fact]
    public async Task SemanticKernel_ProxyIsNotThere_SaysSo()
    {
        PrivatemodeOptions options = new() { TimeProvider = new ImmediateTimeProvider() };
        options.Transport.UseDangerousUnverifiedLocalProxy(new Uri("http://127.0.0.1:1"));
        await using PrivatemodeClient nowhere = new(options);
        Kernel kernel = CreateKernel(builder => builder.AddPrivatemodeChatCompletion(ModelId, nowhere));
        PrivatemodeServiceException exception =
            await Assert.ThrowsAsync<PrivatemodeServiceException>(() => kernel.InvokePromptAsync(Question).OrTimeout());
        Assert.Equal(ServiceFailureReason.Unreachable, exception.Reason);
        Assert.Contains("http://127.0.0.1:1/", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ExtensionsAI_Pipeline_CallsToolsAndCaches(bool streamed)
    {
        ScriptCall("get_weather");
        using IChatClient chat = _client.AsIChatClient(ModelId).AsBuilder()
            .UseDistributedCache(new MemoryDistributedCache(Options.Create(new MemoryDistributedCacheOptions())))
            .UseFunctionInvocation().UseOpenTelemetry().Build();
        ChatOptions options = new() { Tools = [AIFunctionFactory.Create(WeatherPlugin.GetWeather, "get_weather")] };

        // The second time, the cache answers: it keeps what the receipt says.
        for (int i = 0; i < 2; i++)
        {
            ChatResponse response = streamed
                ? await chat.GetStreamingResponseAsync(Question, options).ToChatResponseAsync().OrTimeout()
                : await chat.GetResponseAsync(Question, options).OrTimeout();
            Assert.Equal(Answer, response.Text);
            Assert.False(response.GetPrivatemodeReceipt()!.IsVerified);
        }

        AssertWeatherWasAnswered("messages");
    }

    [Fact]
    public async Task ExtensionsAI_TypedAnswer_IsRead()
    {
        _ = _proxy.Model.Reply("""{"city":"Bochum","degrees":21.5}""");
        ChatResponse<Weather> response = await _client.AsIChatClient(ModelId).GetResponseAsync<Weather>(Question).OrTimeout();
        Assert.Equal(new Weather("Bochum", 21.5), response.Result);
        Assert.Contains("\"json_schema\"", _proxy.Last.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_AllRegistrations_UseTheProxy()
    {
        ServiceCollection services = new();
        _ = services.AddPrivatemode(options => options.Transport.UseDangerousUnverifiedLocalProxy(_proxy.Address));
        _ = services.AddPrivatemodeChatClient(ModelId).UseFunctionInvocation();
        _ = services.AddPrivatemodeEmbeddingGenerator("qwen3-embedding-4b");
        _ = services.AddKernel();
        _ = services.AddPrivatemodeChatCompletion(ModelId, serviceId: "kernel");
        await using ServiceProvider provider = services.BuildServiceProvider();

        ScriptCall("get_weather");
        ChatOptions options = new() { Tools = [AIFunctionFactory.Create(WeatherPlugin.GetWeather, "get_weather")] };
        Assert.Equal(Answer, (await provider.GetRequiredService<IChatClient>().GetResponseAsync(Question, options).OrTimeout()).Text);
        Assert.NotEmpty(await provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().GenerateAsync([Question]).OrTimeout());
        _ = _proxy.Model.Reply(Answer);
        IChatCompletionService completion = provider.GetRequiredService<Kernel>().GetRequiredService<IChatCompletionService>("kernel");
        ChatMessageContent content = await completion.GetChatMessageContentAsync(Question).OrTimeout();
        Assert.Equal(Answer, content.Content);
        Assert.False(content.GetPrivatemodeReceipt()!.IsVerified);
        Assert.Equal(4, _proxy.Requests.Count);
        Assert.All(_proxy.Requests, request => Assert.DoesNotContain("Authorization", request.Headers.Keys));
    }

    private static Kernel CreateKernel(Action<IKernelBuilder> configure)
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        configure(builder);
        builder.Plugins.AddFromType<WeatherPlugin>("Weather");
        return builder.Build();
    }

    private void ScriptCall(string name) => _ = _proxy.Model.ReplyWithToolCall(name, """{"city":"Bochum"}""").Then.Reply(Answer);

    /// <summary>The proxy got two requests in plaintext, without an API key, and passed them on encrypted. The second has the result of the
    /// function.</summary>
    private void AssertWeatherWasAnswered(params string[] members)
    {
        Assert.Equal(2, _proxy.Requests.Count);
        Assert.All(_proxy.Requests, request =>
        {
            Assert.DoesNotContain("Authorization", request.Headers.Keys);
            using JsonDocument body = JsonDocument.Parse(request.Body);
            Assert.All(members, member => Assert.True(body.RootElement.TryGetProperty(member, out _), member));
        });
        Assert.DoesNotContain("21 degrees", _proxy.Requests.First().Text, StringComparison.Ordinal);
        Assert.Contains("Bochum: 21 degrees", _proxy.Last.Text, StringComparison.Ordinal);
        Assert.Equal(2, _proxy.Encrypted.Count);
        Assert.All(_proxy.Encrypted, request => Assert.DoesNotContain("umbrella", request.WireBodyText, StringComparison.Ordinal));
    }

    internal sealed class WeatherPlugin
    {
        [KernelFunction("get_weather"), Description("Gets the weather in a city.")]
        public static string GetWeather([Description("The name of the city.")] string city) => $"{city}: 21 degrees, clear sky";
    }

    internal sealed record Weather(string City, double Degrees);
}
