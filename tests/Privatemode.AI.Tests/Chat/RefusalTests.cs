using Microsoft.Extensions.AI;

namespace Privatemode.AI.Tests.Chat;

/// <summary>A refusal is never lost: whole or streamed, alone or beside text and tool calls.</summary>
public sealed class RefusalTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    [Theory]
    [InlineData(false, "", false)]
    [InlineData(false, "text", false)]
    [InlineData(false, "", true)]
    [InlineData(false, "text", true)]
    [InlineData(true, "", false)]
    [InlineData(true, "text", false)]
    [InlineData(true, "", true)]
    [InlineData(true, "text", true)]
    public async Task Refusal_IsOneErrorContent(bool streamed, string text, bool withCall)
    {
        Privatemode.AI.Testing.ScriptedAnswer answer = fixture.Deployment.Model.Reply(text).WithRefusal("I will not do that.");
        _ = withCall ? answer.WithToolCall("f", "{}") : answer;

        ChatResponse response = streamed ? (await fixture.StreamAsync()).ToChatResponse() : await fixture.Chat.GetResponseAsync("hi");

        ErrorContent refusal = Assert.Single(response.Messages.SelectMany(message => message.Contents).OfType<ErrorContent>());
        Assert.Equal("I will not do that.", refusal.Message);
        Assert.Equal("Refusal", refusal.ErrorCode);
        Assert.Equal(text, response.Text);
        Assert.Equal(withCall ? 1 : 0, response.Messages[0].Contents.OfType<FunctionCallContent>().Count());
    }

    [Theory]
    [InlineData("null")]
    [InlineData("\"\"")]
    public async Task Refusal_EmptyOrNull_IsNone(string refusal)
    {
        ChatResponse whole = await fixture.AnswerAsync(
            ChatFixture.Whole($$$"""{"index":0,"message":{"role":"assistant","content":"x","refusal":{{{refusal}}}},"finish_reason":"stop"}"""));
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(
            ChatFixture.Delta($$"""{"content":"x","refusal":{{refusal}}}"""), ChatFixture.Delta("{}", "\"stop\""));

        Assert.IsType<TextContent>(Assert.Single(whole.Messages[0].Contents));
        Assert.IsType<TextContent>(Assert.Single(updates.ToChatResponse().Messages[0].Contents));
        Assert.Equal(2, updates.Count);
    }
}
