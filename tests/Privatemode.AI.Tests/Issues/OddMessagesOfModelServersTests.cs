using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Tests.Chat;

namespace Privatemode.AI.Tests.Issues;

/// <summary>What servers that speak OpenAI's protocol write into messages, and the OpenAI client cannot read.</summary>
public sealed class OddMessagesOfModelServersTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    [Theory]
    [InlineData("""[{"type":"thinking","thinking":[{"type":"text","text":"so "},{"text":"then"}]},{"type":"text","text":"42"}]""", "so then", "42")]
    [InlineData("""[{"type":"thinking","thinking":"so then","signature":"x"},{"type":"text","text":"42"}]""", "so then", "42")]
    [InlineData("""[{"type":"thinking","thinking":[]},{"type":"text","text":"42"}]""", null, "42")]
    [InlineData("""[{"type":"text","text":"4"},{"type":"reference","reference_ids":[1]},{"type":"text","text":"2"}]""", null, "42")]
    [InlineData("""[{"type":"output_text","text":"42","annotations":[]}]""", null, "42")]
    [InlineData("""["4",null,7,"2"]""", null, "42")]
    [InlineData("""[{"type":null,"text":"42"}]""", null, "42")]
    [InlineData("""[{"text":"42"}]""", null, "42")]
    public async Task Content_OfPartsTheOpenAIClientDoesNotKnow_IsRead(string content, string? reasoning, string text)
    {
        foreach (ChatResponse response in await AnswersAsync($$"""{"role":"assistant","content":{{content}}}"""))
        {
            Assert.Equal(text, response.Text);
            Assert.Equal(reasoning ?? "", Reasoning(response));
        }
    }

    [Fact]
    public async Task Content_WithReasoningInBothPlaces_GivesItOnce()
    {
        const string Message = """
            {"role":"assistant","reasoning":"said apart","content":[{"type":"thinking","thinking":"said apart"},{"type":"text","text":"42"}]}
            """;
        foreach (ChatResponse response in await AnswersAsync(Message))
        {
            Assert.Equal("42", response.Text);
            Assert.Equal("said apart", Reasoning(response));
        }
    }

    [Theory]
    [InlineData("""{"answer": [1, "ä"]}""")]
    [InlineData("42")]
    [InlineData("true")]
    public async Task Content_OfOtherJson_IsItsText(string content)
    {
        foreach (ChatResponse response in await AnswersAsync($$"""{"role":"assistant","content":{{content}}}"""))
        {
            Assert.Equal(content, response.Text);
        }
    }

    [Theory]
    [InlineData("tool_calls", "\"\"")]
    [InlineData("tool_calls", "{}")]
    [InlineData("tool_calls", "false")]
    [InlineData("function_call", "\"\"")]
    [InlineData("function_call", "[]")]
    [InlineData("refusal", "false")]
    [InlineData("audio", "false")]
    [InlineData("annotations", "{}")]
    [InlineData("annotations", "[null]")]
    public async Task Member_OfAKindThatSaysNothing_LeavesTheAnswer(string name, string value)
    {
        foreach (ChatResponse response in await AnswersAsync($$"""{"role":"assistant","content":"42","{{name}}":{{value}}}"""))
        {
            Assert.Equal("42", Assert.IsType<TextContent>(Assert.Single(response.Messages[0].Contents)).Text);
        }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"id":"a","transcript":"spoken"}""")]
    public async Task Audio_WithoutSound_LeavesTheAnswer(string audio)
    {
        foreach (ChatResponse response in await AnswersAsync($$"""{"role":"assistant","content":"42","audio":{{audio}}}"""))
        {
            Assert.Equal("42", response.Text);
            Assert.DoesNotContain(response.Messages[0].Contents, content => content is DataContent);
        }
    }

    [Theory]
    [InlineData("""{"type":"url_citation","url_citation":{"url":"https://example.com/"}}""")]
    [InlineData("""{"type":"url_citation","url_citation":{"url":"","title":"t"}}""")]
    [InlineData("""{"type":"url_citation","url":"https://example.com/","title":"t"}""")]
    [InlineData("""{"type":"file","file":{"hash":"h","name":"n"}}""")]
    public async Task Citation_WithoutTitleAddressOrPlace_LeavesTheText(string annotation)
    {
        ChatResponse whole = (await AnswersAsync($$"""{"role":"assistant","content":"42","annotations":[null,{{annotation}}]}"""))[0];

        Assert.Equal("42", whole.Text);
        _ = Assert.IsType<CitationAnnotation>(Assert.Single(whole.Messages[0].Contents[0].Annotations!));
    }

    [Fact]
    public async Task Content_ThatWasRewritten_IsKeptInTheRawRepresentation()
    {
        const string Parts = """[{"type":"reference","reference_ids":[1,2]},{"type":"text","text":"42"}]""";

        ChatResponse whole = (await AnswersAsync($$"""{"role":"assistant","content":{{Parts}}}"""))[0];

        ChatCompletion raw = Assert.IsType<ChatCompletion>(whole.RawRepresentation);
        Assert.True(raw.Patch.TryGetJson("$.choices[0].message.original_content"u8, out ReadOnlyMemory<byte> kept));
        ChatFixture.AssertJson(Parts, System.Text.Encoding.UTF8.GetString(kept.Span));
    }

    /// <summary>The verdict of a content filter comes after the end of what it judges.</summary>
    [Theory]
    [InlineData("""{"content_filter_offsets":{"check_offset":1576},"content_filter_results":{"hate":{"filtered":false}},"finish_reason":null,"index":0}""")]
    [InlineData("""{"index":0,"delta":{},"finish_reason":null}""")]
    [InlineData("""{"index":0,"delta":null,"finish_reason":null}""")]
    [InlineData("""{"index":0,"delta":{"role":"assistant","content":"","tool_calls":[],"refusal":null},"finish_reason":null}""")]
    public async Task Stream_EventThatAddsNothingAfterTheFinish_LeavesTheAnswer(string choice)
    {
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(
            ChatFixture.Delta("""{"role":"assistant","content":"42"}"""), ChatFixture.Delta("{}", "\"length\""),
            $$"""{"choices":[{{choice}}],"created":0,"id":"","model":"","object":""}""");

        ChatResponse response = updates.ToChatResponse();
        Assert.Equal("42", response.Text);
        Assert.Equal(Microsoft.Extensions.AI.ChatFinishReason.Length, response.FinishReason);
    }

    /// <summary>A hop could cut off what comes behind it.</summary>
    [Theory]
    [InlineData("""{"content":"more"}""")]
    [InlineData("""{"content":["more"]}""")]
    [InlineData("""{"reasoning":"more"}""")]
    [InlineData("""{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}""")]
    public async Task Stream_ThatGoesOnAfterTheFinishAndDoesNotFinishAgain_IsTruncated(string delta)
    {
        PrivatemodeIntegrityException failure = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => fixture.StreamAsync(
            ChatFixture.Delta("""{"role":"assistant","content":"42"}"""), ChatFixture.Delta("{}", "\"stop\""), ChatFixture.Delta(delta)));

        Assert.Equal("truncated-stream", failure.ErrorType);
    }

    /// <summary>One message, as a whole answer and as the piece of a stream.</summary>
    private async Task<ChatResponse[]> AnswersAsync(string message)
    {
        ChatResponse whole = await fixture.AnswerAsync(ChatFixture.Whole($$"""{"index":0,"message":{{message}},"finish_reason":"stop"}"""));
        List<ChatResponseUpdate> streamed = await fixture.StreamAsync(ChatFixture.Delta(message), ChatFixture.Delta("{}", "\"stop\""));
        return [whole, streamed.ToChatResponse()];
    }

    private static string Reasoning(ChatResponse response) =>
        string.Concat(response.Messages[0].Contents.OfType<TextReasoningContent>().Select(content => content.Text));
}
