using Anthropic;
using Anthropic.Models.Messages;

namespace Privatemode.AI.EcosystemTests.OtherPackages;

/// <summary>The official Anthropic package over the handler, as docs/anthropic-csharp.md shows it.</summary>
public sealed class AnthropicPackageTests : EcosystemTest
{
    private const string Prompt = "anthropic-package-prompt", Answer = "anthropic-package-answer", OtherKey = "sk-ant-not-for-privatemode";

    private static MessageCreateParams Request => new() { Model = ModelId, MaxTokens = 100, Messages = [new UserMessageParam(Prompt)] };

    [Fact]
    public async Task Create_IsEncryptedAndDecrypted()
    {
        _ = Deployment.Model.Reply(Answer);
        using HttpClient http = new(Client.CreateHandler());
        using AnthropicClient anthropic = Over(http);
        Message message = await anthropic.Messages.Create(Request);
        Assert.True(Assert.Single(message.Content).TryPickText(out TextBlock? text));
        Assert.Equal(Answer, text.Text);
        AssertSentEncrypted(Prompt);
        Assert.DoesNotContain(OtherKey, System.Text.Encoding.Latin1.GetString(Deployment.GetReceivedBytes()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CreateStreaming_GivesTheWholeText()
    {
        _ = Deployment.Model.Reply(Answer);
        using HttpClient http = new(Client.CreateHandler());
        using AnthropicClient anthropic = Over(http);
        string text = "";
        await foreach (RawMessageStreamEvent part in anthropic.Messages.CreateStreaming(Request))
        {
            if (part.TryPickContentBlockDelta(out RawContentBlockDeltaEvent? delta) && delta.Delta.TryPickText(out TextDelta? piece))
            {
                text += piece.Text;
            }
        }

        Assert.Equal(Answer, text);
        AssertSentEncrypted(Prompt);
    }

    [Fact]
    public async Task CountTokens_IsRefusedBeforeItIsSent()
    {
        using HttpClient http = new(Client.CreateHandler());
        using AnthropicClient anthropic = Over(http);
        Exception? exception = await Record.ExceptionAsync(
            () => anthropic.Messages.CountTokens(new MessageCountTokensParams { Model = ModelId, Messages = [new UserMessageParam(Prompt)] }));
        Assert.IsType<PrivatemodeWouldLeakException>(exception?.GetBaseException());
        Assert.DoesNotContain(Prompt, System.Text.Encoding.Latin1.GetString(Deployment.GetReceivedBytes()), StringComparison.Ordinal);
    }

    private AnthropicClient Over(HttpClient http) =>
        new() { HttpClient = http, BaseUrl = Deployment.Endpoint.GetLeftPart(UriPartial.Authority), ApiKey = OtherKey, MaxRetries = 0 };
}
