using System.ClientModel.Primitives;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.AudioToText;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Services;
using Privatemode.AI.SemanticKernel;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>Services are registered as with Semantic Kernel's other connectors, and use the account that was meant.</summary>
public sealed class RegistrationTests : KernelTest
{
    public static TheoryData<string> Ways() => ["client", "host", "account"];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task KernelBuilder_AllServices_UseTheAccount(string way)
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        RegisteredAccount? account = way == "account" ? RegisteredAccount.Keyed("b") : null;
        if (way == "client")
        {
            builder.AddPrivatemodeChatCompletion(ModelId, Client).AddPrivatemodeChatClient(ModelId, Client)
                .AddPrivatemodeEmbeddingGenerator(EmbeddingModelId, Client, 8).AddPrivatemodeAudioToText(SpeechModelId, Client);
        }
        else
        {
            builder.AddPrivatemodeChatCompletion(ModelId, account).AddPrivatemodeChatClient(ModelId, account)
                .AddPrivatemodeEmbeddingGenerator(EmbeddingModelId, account, 8).AddPrivatemodeAudioToText(SpeechModelId, account);
            AddAccounts(builder.Services);
        }

        Kernel kernel = builder.Build();
        _ = Deployment.Model.Reply("one").Then.Reply("two").Then.ReplyWithTranscription("three");
        Assert.Equal("one", (await kernel.GetRequiredService<IChatCompletionService>().GetChatMessageContentAsync(Question).OrTimeout()).Content);
        Assert.Equal("two", (await kernel.GetRequiredService<IChatClient>().GetResponseAsync(Question).OrTimeout()).Text);
        Assert.Equal(8, (await kernel.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().GenerateAsync(["text"]).OrTimeout())[0].Dimensions);
        AudioContent audio = new(Recording.Wave(), "audio/wav");
        Assert.Equal("three", (await kernel.GetRequiredService<IAudioToTextService>().GetTextContentAsync(audio).OrTimeout()).Text);
        string key = way == "account" ? "key-b" : "test-api-key";
        Assert.Equal(4, Deployment.Requests.Count);
        Assert.All(Deployment.Requests, request => Assert.Equal("Bearer " + key, request.Headers["Authorization"]));
    }

    [Fact]
    public async Task Services_WithServiceIds_AreChosenBySettings()
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        AddAccounts(builder.Services);
        builder.AddPrivatemodeChatCompletion(ModelId, serviceId: "first");
        builder.AddPrivatemodeChatCompletion("gemma-3-27b", RegisteredAccount.Keyed("b"), "second");
        builder.Services.AddPrivatemodeChatCompletion(ModelId, serviceId: "third").AddPrivatemodeAudioToText(SpeechModelId, serviceId: "speech");
        Kernel kernel = builder.Build();
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text(Answer));
        foreach (string id in (string[])["first", "second", "third"])
        {
            _ = await kernel.InvokePromptAsync(Question, new KernelArguments(new PrivatemodePromptExecutionSettings { ServiceId = id })).OrTimeout();
        }

        Assert.Equal([ModelId, "gemma-3-27b", ModelId], Deployment.Requests.Select(request => request.Headers["Privatemode-Target-Model"]));
        Assert.Equal(
            ["Bearer test-api-key", "Bearer key-b", "Bearer test-api-key"], Deployment.Requests.Select(request => request.Headers["Authorization"]));
        Assert.Equal(SpeechModelId, kernel.GetRequiredService<IAudioToTextService>("speech").GetModelId());
        Assert.Equal(Deployment.Endpoint.ToString(), kernel.GetRequiredService<IChatCompletionService>("first").GetEndpoint());
    }

    [Fact]
    public void ApiKey_IsTheSecondText()
    {
        const string Key = "key-c";
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.AddPrivatemodeChatCompletion(ModelId, Key).AddPrivatemodeChatClient(ModelId, Key)
            .AddPrivatemodeEmbeddingGenerator(EmbeddingModelId, Key).AddPrivatemodeAudioToText(SpeechModelId, Key, "speech");
        builder.Services.AddPrivatemodeChatCompletion(ModelId, Key, "two").AddPrivatemodeAudioToText(SpeechModelId, Key);
        using ServiceProvider provider = ((ServiceCollection)builder.Services).BuildServiceProvider();
        Assert.Equal("https://api.privatemode.ai/", provider.GetRequiredService<IChatCompletionService>().GetEndpoint());
        Assert.NotNull(provider.GetRequiredKeyedService<IChatCompletionService>("two"));
        Assert.NotNull(provider.GetRequiredKeyedService<IAudioToTextService>("speech"));
        Assert.NotNull(provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>());
    }

    [Fact]
    public void Client_IsSharedByServicesOfAnAccount_AndByThoseWithTheSameApiKey()
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        AddAccounts(builder.Services);
        builder.AddPrivatemodeChatClient(ModelId, serviceId: "host-1").AddPrivatemodeChatClient("gemma-3-27b", serviceId: "host-2")
            .AddPrivatemodeChatClient(ModelId, RegisteredAccount.Keyed("b"), "account")
            .AddPrivatemodeChatClient(ModelId, "key-c", "key-1").AddPrivatemodeChatClient("gemma-3-27b", "key-c", "key-2")
            .AddPrivatemodeChatClient(ModelId, "key-d", "other-key").AddPrivatemodeChatClient(ModelId, Client, "client");
        using ServiceProvider provider = ((ServiceCollection)builder.Services).BuildServiceProvider();
        Assert.Same(PipelineOf("host-1"), PipelineOf("host-2"));
        Assert.Same(PipelineOf("key-1"), PipelineOf("key-2"));
        Assert.Same(provider.GetRequiredService<PrivatemodeClient>().OpenAI.Pipeline, PipelineOf("host-1"));
        Assert.Same(Client.OpenAI.Pipeline, PipelineOf("client"));
        Assert.Equal(5, ((string[])["host-1", "account", "key-1", "other-key", "client"]).Select(PipelineOf).Distinct().Count());

        // Each client has a pipeline of its own.
        ClientPipeline PipelineOf(string id) => provider.GetRequiredKeyedService<IChatClient>(id).GetService<OpenAI.Chat.ChatClient>()!.Pipeline;
    }

    [Fact]
    public async Task Session_IsSharedByServicesOfAnAccount()
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        AddAccounts(builder.Services);
        builder.AddPrivatemodeChatCompletion(ModelId).AddPrivatemodeChatCompletion("gemma-3-27b", serviceId: "two")
            .AddPrivatemodeEmbeddingGenerator(EmbeddingModelId).AddPrivatemodeChatCompletion(ModelId, RegisteredAccount.Keyed("b"), "other");
        Kernel kernel = builder.Build();
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text(Answer));
        _ = await kernel.GetRequiredService<IChatCompletionService>().GetChatMessageContentAsync(Question).OrTimeout();
        _ = await kernel.GetRequiredService<IChatCompletionService>("two").GetChatMessageContentAsync(Question).OrTimeout();
        _ = await kernel.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().GenerateAsync([Question]).OrTimeout();
        Assert.Equal(1, Deployment.KeyExchangeCount);
        _ = await kernel.GetRequiredService<IChatCompletionService>("other").GetChatMessageContentAsync(Question).OrTimeout();
        Assert.Equal(2, Deployment.KeyExchangeCount);
    }

    [Fact]
    public void ApiKey_ThatIsNotOne_IsRefusedWithoutShowingIt()
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.AddPrivatemodeChatCompletion(ModelId, "Bearer secret-key");
        Kernel kernel = builder.Build();
        PrivatemodeConfigurationException exception =
            Assert.Throws<PrivatemodeConfigurationException>(() => kernel.GetRequiredService<IChatCompletionService>());
        Assert.DoesNotContain("secret-key", exception.ToString(), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => builder.AddPrivatemodeChatCompletion(ModelId, " "));
        Assert.Throws<ArgumentException>(() => builder.AddPrivatemodeChatCompletion("", Client));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddPrivatemodeEmbeddingGenerator(EmbeddingModelId, Client, 0));
    }

    [Fact]
    public void Kernel_WithoutKeyAndAccount_SaysWhatToPass()
    {
        Kernel kernel = Kernel.CreateBuilder().AddPrivatemodeChatCompletion(ModelId).Build();
        PrivatemodeConfigurationException exception =
            Assert.Throws<PrivatemodeConfigurationException>(() => kernel.GetRequiredService<IChatCompletionService>());
        Assert.Contains("Pass an API key or a PrivatemodeClient", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Account_NotRegistered_SaysWhatIs()
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.Services.AddKeyedPrivatemode("b", options => options.ApiKey = "key-b");
        builder.AddPrivatemodeChatCompletion(ModelId);
        Kernel kernel = builder.Build();
        PrivatemodeConfigurationException exception =
            Assert.Throws<PrivatemodeConfigurationException>(() => kernel.GetRequiredService<IChatCompletionService>());
        Assert.Contains("RegisteredAccount.Keyed(\"b\")", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ServiceId_ThatIsAnAccount_AsksWhich()
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        AddAccounts(builder.Services);
        builder.AddPrivatemodeChatCompletion(ModelId, serviceId: "b");
        builder.AddPrivatemodeChatClient(ModelId, RegisteredAccount.Keyed("b"), "b");
        Kernel kernel = builder.Build();
        PrivatemodeConfigurationException exception =
            Assert.Throws<PrivatemodeConfigurationException>(() => kernel.GetRequiredService<IChatCompletionService>("b"));
        Assert.Contains("RegisteredAccount.Keyed(\"b\")", exception.Message, StringComparison.Ordinal);
        Assert.NotNull(kernel.GetRequiredService<IChatClient>("b"));
    }

    private void AddAccounts(IServiceCollection services) => services.AddPrivatemode(Deployment.ConfigureClient).AddKeyedPrivatemode("b", options =>
    {
        Deployment.ConfigureClient(options);
        options.ApiKey = "key-b";
    });
}
