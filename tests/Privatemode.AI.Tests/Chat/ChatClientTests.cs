using System.Diagnostics;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;

namespace Privatemode.AI.Tests.Chat;

/// <summary>What the client says of itself.</summary>
public sealed class ChatClientTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    [Fact]
    public void Metadata_NamesProviderEndpointAndModel()
    {
        ChatClientMetadata metadata = fixture.Chat.GetRequiredService<ChatClientMetadata>();

        Assert.Equal("privatemode", metadata.ProviderName);
        Assert.Equal(fixture.Deployment.Endpoint, metadata.ProviderUri);
        Assert.Equal("gpt-oss-120b", metadata.DefaultModelId);
        Assert.Equal("gemma-3-27b", fixture.Client.AsIChatClient("gemma-3-27b").GetRequiredService<ChatClientMetadata>().DefaultModelId);
    }

    [Fact]
    public void GetService_GivesItselfAndTheEncryptingOpenAIClient()
    {
        Assert.Same(fixture.Chat, fixture.Chat.GetService<IChatClient>());
        Assert.Same(fixture.Chat, fixture.Chat.GetService(fixture.Chat.GetType()));
        Assert.Same(fixture.Chat, fixture.Chat.GetService<object>());
        ChatClient openAI = fixture.Chat.GetRequiredService<ChatClient>();
        Assert.Equal("gpt-oss-120b", openAI.Model);
        Assert.Null(fixture.Chat.GetService<OpenAIClient>());
        Assert.Null(fixture.Chat.GetService<string>());
        Assert.Null(fixture.Chat.GetService(typeof(IChatClient), "key"));
        Assert.Null(fixture.Chat.GetService(typeof(ChatClientMetadata), "key"));
        Assert.Throws<ArgumentNullException>("serviceType", () => fixture.Chat.GetService(null!));
    }

    [Fact]
    public async Task GetService_OpenAIClient_EncryptsToo()
    {
        _ = await fixture.Chat.GetRequiredService<ChatClient>().CompleteChatAsync(new UserChatMessage("canary"));

        Assert.DoesNotContain("canary", fixture.Deployment.Requests[^1].WireBodyText);
        Assert.Contains("canary", fixture.Deployment.Requests[^1].DecryptedBody!);
    }

    [Fact]
    public void GetService_ThroughAWrapper_Works()
    {
        using Wrapper wrapper = new(fixture.Chat);

        Assert.Equal("gpt-oss-120b", wrapper.GetRequiredService<ChatClientMetadata>().DefaultModelId);
        Assert.NotNull(wrapper.GetService<ChatClient>());
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    public void AsIChatClient_WithoutModel_IsRefused(string? model) =>
        Assert.ThrowsAny<ArgumentException>(() => fixture.Client.AsIChatClient(model!));

    [Fact]
    public async Task Dispose_DoesNothing()
    {
        IChatClient chat = fixture.Client.AsIChatClient(ChatFixture.Model);

        chat.Dispose();

        Assert.Equal("You said: hi", (await chat.GetResponseAsync("hi")).Text);
        Assert.Equal("You said: hi", (await fixture.Chat.GetResponseAsync("hi")).Text);
    }

    [Theory]
    [InlineData("chat", true)]
    [InlineData("chat gpt-oss-120b", true)]
    [InlineData("chatter", false)]
    [InlineData("other", false)]
    public async Task Activity_OfAChat_IsTaggedWithTheApi(string name, bool tagged)
    {
        foreach (bool streamed in (bool[])[false, true])
        {
            using Activity activity = new Activity(name).Start();
            activity.IsAllDataRequested = true;
            _ = streamed ? await fixture.Chat.GetStreamingResponseAsync("hi").ToChatResponseAsync() : await fixture.Chat.GetResponseAsync("hi");

            Assert.Equal(tagged ? "chat_completions" : null, activity.GetTagItem("openai.api.type"));
            Assert.DoesNotContain("traceparent", fixture.Deployment.Requests[^1].Headers.Keys);
        }
    }

    private sealed class Wrapper(IChatClient inner) : DelegatingChatClient(inner);
}
