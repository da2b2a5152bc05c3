using Microsoft.Extensions.AI;

namespace Privatemode.AI.Tests.Chat;

public sealed class ReasoningTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    private const string Odd = "I think:\n\t\"quoted\" \\ ä 😀";

    [Theory]
    [InlineData("""
        "reasoning":"new"
        """, "new")]
    [InlineData("""
        "reasoning_content":"old"
        """, "old")]
    [InlineData("""
        "reasoning":"same","reasoning_content":"same"
        """, "same")]
    [InlineData("""
        "reasoning_content":"old","reasoning":"new"
        """, "new")]
    [InlineData("""
        "reasoning":"","reasoning_content":"old"
        """, "old")]
    [InlineData("""
        "reasoning":null,"reasoning_content":"old"
        """, "old")]
    [InlineData("""
        "reasoning":{"text":"x"},"reasoning_content":"old"
        """, "old")]
    [InlineData("""
        "reasoning":null,"reasoning_content":null
        """, null)]
    [InlineData("""
        "reasoning":""
        """, null)]
    public async Task Reasoning_UnderEitherName_IsReadOnce(string members, string? expected)
    {
        ChatResponse whole = await fixture.AnswerAsync(
            ChatFixture.Whole($$$"""{"index":0,"message":{"role":"assistant","content":"text",{{{members}}}},"finish_reason":"stop"}"""));
        List<ChatResponseUpdate> streamed = await fixture.StreamAsync(
            ChatFixture.Delta($$"""{"role":"assistant",{{members}}}"""), ChatFixture.Delta("""{"content":"text"}""", "\"stop\""));

        foreach (ChatResponse response in (ChatResponse[])[whole, streamed.ToChatResponse()])
        {
            Assert.Equal(expected is null ? [] : [expected], Reasoning(response));
            Assert.Equal("text", response.Text);
        }
    }

    [Fact]
    public async Task Reasoning_WithEscapes_IsUnescaped()
    {
        _ = fixture.Deployment.Model.Reply(Odd).WithReasoning(Odd);
        ChatResponse whole = await fixture.Chat.GetResponseAsync("hi");
        _ = fixture.Deployment.Model.Reply(Odd).WithReasoning(Odd);
        ChatResponse streamed = (await fixture.StreamAsync()).ToChatResponse();

        foreach (ChatResponse response in (ChatResponse[])[whole, streamed])
        {
            Assert.Equal([Odd], Reasoning(response));
            Assert.Equal(Odd, response.Text);
            Assert.IsType<TextReasoningContent>(response.Messages[0].Contents[0]);
        }
    }

    [Fact]
    public async Task Reasoning_Streamed_ComesInPiecesBeforeTheText()
    {
        _ = fixture.Deployment.Model.Reply("The answer follows.").WithReasoning("First this, then that.");

        List<ChatResponseUpdate> updates = await fixture.StreamAsync();

        AIContent[] contents = [.. updates.SelectMany(update => update.Contents).Where(content => content is not UsageContent)];
        Assert.Equal(
            ["First", " this,", " then", " that."],
            contents.TakeWhile(content => content is TextReasoningContent).Cast<TextReasoningContent>().Select(content => content.Text));
        Assert.Equal(["The", " answer", " follows."], contents.Skip(4).Cast<TextContent>().Select(content => content.Text));
    }

    /// <summary>Models that think between the parts of an answer.</summary>
    [Fact]
    public async Task Reasoning_Interleaved_KeepsItsPlace()
    {
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(
            ChatFixture.Delta("""{"role":"assistant","reasoning":"r1"}"""), ChatFixture.Delta("""{"reasoning":"+","content":"t1"}"""),
            ChatFixture.Delta("""{"content":"-"}"""), ChatFixture.Delta("""{"reasoning":"r2"}"""),
            ChatFixture.Delta("""{"content":"t2"}""", "\"stop\""));

        ChatMessage message = Assert.Single(updates.ToChatResponse().Messages);

        Assert.Equal(
            ["R:r1+", "T:t1-", "R:r2", "T:t2"],
            message.Contents.Select(content => content is TextReasoningContent reasoning ? $"R:{reasoning.Text}" : $"T:{content}"));
    }

    private static IEnumerable<string> Reasoning(ChatResponse response) =>
        response.Messages.SelectMany(message => message.Contents).OfType<TextReasoningContent>().Select(content => content.Text);
}
