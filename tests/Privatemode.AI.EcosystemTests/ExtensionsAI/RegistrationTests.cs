using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ExtensionsAI;

/// <summary>Clients that are registered in a host, with the middleware that their builders add.</summary>
public sealed class RegistrationTests : ExtensionsAITest
{
    [Fact]
    public async Task ChatClients_KeyedAndNot_UseTheirModelsAndAccounts()
    {
        await using ServiceProvider provider = BuildProvider(services =>
        {
            services.AddPrivatemodeChatClient(ModelId);
            services.AddKeyedPrivatemodeChatClient("small", "gemma-3-27b");
            services.AddKeyedPrivatemodeChatClient("tenant", ModelId, RegisteredAccount.Keyed("b"));
        });
        _ = await AskAsync(provider.GetRequiredService<IChatClient>());
        _ = await AskAsync(provider.GetRequiredKeyedService<IChatClient>("small"));
        _ = await AskAsync(provider.GetRequiredKeyedService<IChatClient>("tenant"));
        Assert.Equal([ModelId, "gemma-3-27b", ModelId], Deployment.Requests.Select(request => request.Headers["Privatemode-Target-Model"]));
        Assert.Equal(
            ["Bearer test-api-key", "Bearer test-api-key", "Bearer key-b"], Deployment.Requests.Select(request => request.Headers["Authorization"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ChatClient_WithAllMiddleware_WorksAsOne(bool isStreaming)
    {
        await using ServiceProvider provider = BuildProvider(services =>
        {
            services.AddLogging().AddDistributedMemoryCache();
            services.AddPrivatemodeChatClient(ModelId).ConfigureOptions(options => options.Temperature = 0.5f)
                .UseFunctionInvocation().UseDistributedCache().UseLogging().UseOpenTelemetry();
        });
        IChatClient chat = provider.GetRequiredService<IChatClient>();
        Assert.Same(chat, provider.GetRequiredService<IChatClient>());
        Assert.All(
            (object?[])[chat.GetService<ConfigureOptionsChatClient>(), chat.GetService<FunctionInvokingChatClient>(),
                chat.GetService<DistributedCachingChatClient>(), chat.GetService<OpenTelemetryChatClient>(), chat.GetService<OpenAI.Chat.ChatClient>()],
            Assert.NotNull);
        Assert.Equal(("privatemode", ModelId), (chat.GetService<ChatClientMetadata>()!.ProviderName, chat.GetService<ChatClientMetadata>()!.DefaultModelId));

        ScriptCall();
        ChatResponse first = await AskAsync(chat, options: WithWeather, isStreaming: isStreaming);
        ChatResponse second = await AskAsync(chat, options: WithWeather, isStreaming: isStreaming);
        Assert.Equal((Answer, Answer), (first.Messages[^1].Text, second.Messages[^1].Text));
        Assert.Equal(2, Deployment.Requests.Count);
        Assert.All(ChatBodies, body => Assert.Equal(0.5, (double?)body["temperature"]));
        Assert.Equal(first.GetPrivatemodeReceipt(), second.GetPrivatemodeReceipt());
        AssertSentEncrypted("umbrella", ToolName, "clear sky");
    }

    [Fact]
    public async Task Function_WithAServiceOfTheHost_GetsIt()
    {
        await using ServiceProvider provider = BuildProvider(services =>
        {
            services.AddSingleton(new Almanac("Rain at noon."));
            services.AddPrivatemodeChatClient(ModelId).UseFunctionInvocation();
        });
        ScriptCall("look_up");
        AIFunction tool = AIFunctionFactory.Create(
            (string city, IServiceProvider services) => $"{city}: {services.GetRequiredService<Almanac>().Text}", "look_up");
        _ = await AskAsync(provider.GetRequiredService<IChatClient>(), options: new ChatOptions { Tools = [tool] });
        Assert.Equal("Bochum: Rain at noon.", ToolResultOf(ChatBodies[1]));
        Assert.DoesNotContain("services", (string?)ChatBodies[0]["tools"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OtherClients_HaveBuildersToo()
    {
        await using ServiceProvider provider = BuildProvider(services =>
        {
            services.AddLogging().AddDistributedMemoryCache();
            services.AddKeyedPrivatemodeEmbeddingGenerator("search", EmbeddingModelId, RegisteredAccount.Keyed("b"), 8)
                .UseDistributedCache().UseLogging().UseOpenTelemetry();
            services.AddKeyedPrivatemodeSpeechToTextClient("speech", SpeechModelId).UseLogging().UseOpenTelemetry();
        });
        IEmbeddingGenerator<string, Embedding<float>> generator =
            provider.GetRequiredKeyedService<IEmbeddingGenerator<string, Embedding<float>>>("search");
        Assert.Equal(8, (await generator.GenerateVectorAsync("text").OrTimeout()).Length);
        Assert.Equal(8, (await generator.GenerateVectorAsync("text").OrTimeout()).Length);
        _ = Deployment.Model.ReplyWithTranscription("Guten Tag.");
        using MemoryStream audio = new(Recording.Wave());
        Assert.Equal("Guten Tag.", (await provider.GetRequiredKeyedService<ISpeechToTextClient>("speech").GetTextAsync(audio).OrTimeout()).Text);
        Assert.Equal(["Bearer key-b", "Bearer test-api-key"], Deployment.Requests.Select(request => request.Headers["Authorization"]));
    }

    [Fact]
    public async Task ClientOfTheHost_InAnyOtherRegistration_Works()
    {
        await using ServiceProvider provider = BuildProvider(
            services => services.AddChatClient(host => host.GetRequiredService<PrivatemodeClient>().AsIChatClient(ModelId)).UseFunctionInvocation());
        ScriptCall();
        Assert.Equal(Answer, (await AskAsync(provider.GetRequiredService<IChatClient>(), options: WithWeather)).Messages[^1].Text);
    }

    [Fact]
    public async Task Host_WithAWrongSetting_DoesNotStartWhateverTheMiddlewareIs()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddPrivatemode(options =>
        {
            Deployment.ConfigureClient(options);
            options.ApiKey = "Bearer secret-key";
        });
        builder.Services.AddPrivatemodeChatClient(ModelId).UseFunctionInvocation();
        using IHost host = builder.Build();
        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => host.StartAsync().OrTimeout());
        Assert.DoesNotContain("secret-key", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task DisposedChatClient_LeavesTheAccountToTheOthers()
    {
        await using ServiceProvider provider = BuildProvider(services => services.AddPrivatemodeChatClient(ModelId).UseFunctionInvocation());
        PrivatemodeClient account = provider.GetRequiredService<PrivatemodeClient>();
        provider.GetRequiredService<IChatClient>().Dispose();
        Assert.NotEmpty((await AskAsync(account.AsIChatClient(ModelId))).Text);
    }

    private sealed record Almanac(string Text);
}
