using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.AudioToText;
using Microsoft.SemanticKernel.ChatCompletion;
using OpenAI;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>A kernel may have the client of another vendor, wherever it is registered: the services of Privatemode never use it.</summary>
public sealed class OtherVendorTests : KernelTest
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        _listener.Start();
    }

    public override async Task DisposeAsync()
    {
        _listener.Dispose();
        await base.DisposeAsync();
    }

    [Theory]
    [InlineData("client", true, null)]
    [InlineData("client", true, "main")]
    [InlineData("client", false, null)]
    [InlineData("client", false, "main")]
    [InlineData("host", true, "main")]
    [InlineData("host", false, null)]
    [InlineData("host", false, "main")]
    public async Task OpenAIClient_OfAnotherVendor_GetsNothing(string way, bool isFirst, string? serviceKey)
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        if (isFirst)
        {
            AddOtherVendor(builder.Services, serviceKey);
        }

        AddOurs(builder, way, serviceKey);
        if (!isFirst)
        {
            AddOtherVendor(builder.Services, serviceKey);
        }

        Kernel kernel = builder.Build();
        Assert.IsNotType<PrivatemodeOpenAIClient>(kernel.GetRequiredService<OpenAIClient>(serviceKey));
        _ = Deployment.Model.Reply(Answer).Then.Reply(Answer).Then.Reply(Answer).Then.ReplyWithTranscription(Answer);
        IChatCompletionService chat = kernel.GetRequiredService<IChatCompletionService>(serviceKey);
        _ = await chat.GetChatMessageContentAsync(Question).OrTimeout();
        _ = await StreamAsync(chat, new ChatHistory(Question), null, kernel).OrTimeout();
        _ = await kernel.GetRequiredService<IChatClient>(serviceKey).GetResponseAsync(Question).OrTimeout();
        _ = await kernel.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>(serviceKey).GenerateAsync([Question]).OrTimeout();
        AudioContent audio = new(Recording.Wave(), "audio/wav");
        _ = await kernel.GetRequiredService<IAudioToTextService>(serviceKey).GetTextContentAsync(audio).OrTimeout();
        Assert.Equal(5, Deployment.Requests.Count);
        Assert.False(_listener.Pending());
        AssertSentEncrypted("umbrella");
    }

    // Without it, the test above would also pass with an address that nobody connects to.
    [Fact]
    public async Task OpenAIClient_OfAnotherVendor_IsUsedByOthers()
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        AddOurs(builder, "host", null);
        AddOtherVendor(builder.Services, null);
        builder.AddOpenAIChatCompletion(ModelId, serviceId: "theirs");
        Kernel kernel = builder.Build();
        using CancellationTokenSource cancellation = new();
        Task<ChatMessageContent> request = kernel.GetRequiredService<IChatCompletionService>("theirs")
            .GetChatMessageContentAsync(Question, cancellationToken: cancellation.Token);
        using (TcpClient connection = await _listener.AcceptTcpClientAsync().OrTimeout())
        using (StreamReader received = new(connection.GetStream()))
        {
            char[] buffer = new char[4096];
            string text = "";
            while (!text.Contains("umbrella", StringComparison.Ordinal))
            {
                int count = await received.ReadAsync(buffer).AsTask().OrTimeout();
                Assert.NotEqual(0, count);
                text += new string(buffer, 0, count);
            }
        }

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => request.OrTimeout());
        Assert.Empty(Deployment.Requests);
    }

    [Fact]
    public void OpenAIClient_OfAnotherVendor_IsRefusedBesideAnAccount()
    {
        ServiceCollection services = new();
        AddOtherVendor(services, null);
        _ = Assert.Throws<PrivatemodeConfigurationException>(() => services.AddPrivatemode(Deployment.ConfigureClient));
    }

    private void AddOurs(IKernelBuilder builder, string way, string? id)
    {
        if (way == "client")
        {
            builder.AddPrivatemodeChatCompletion(ModelId, Client, id).AddPrivatemodeChatClient(ModelId, Client, id)
                .AddPrivatemodeEmbeddingGenerator(EmbeddingModelId, Client, serviceId: id).AddPrivatemodeAudioToText(SpeechModelId, Client, id);
            return;
        }

        _ = builder.Services.AddPrivatemode(Deployment.ConfigureClient);
        builder.AddPrivatemodeChatCompletion(ModelId, serviceId: id).AddPrivatemodeChatClient(ModelId, serviceId: id)
            .AddPrivatemodeEmbeddingGenerator(EmbeddingModelId, serviceId: id).AddPrivatemodeAudioToText(SpeechModelId, serviceId: id);
    }

    private void AddOtherVendor(IServiceCollection services, string? serviceKey) => services.AddKeyedSingleton(serviceKey, new OpenAIClient(
        new ApiKeyCredential("theirs"), new OpenAIClientOptions
        {
            Endpoint = new Uri($"http://{_listener.LocalEndpoint}"),
            RetryPolicy = new ClientRetryPolicy(0),
        }));
}
