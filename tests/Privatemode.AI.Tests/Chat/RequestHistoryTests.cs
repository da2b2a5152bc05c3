using Microsoft.Extensions.AI;

namespace Privatemode.AI.Tests.Chat;

/// <summary>What the model said before, on its way back to it.</summary>
public sealed class RequestHistoryTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    private const string Error =
        "Error: the function did not run, because the arguments of the call are cut off, are not a JSON object, or contain one argument twice. " +
        "Call it again with complete arguments.";

    [Fact]
    public async Task Assistant_TextAndCalls_PostsBoth()
    {
        string posted = await fixture.PostAsync(Assistant(
            new TextContent("wait"), new FunctionCallContent("call_1", "f", new Dictionary<string, object?> { ["city"] = "Köln", ["n"] = 2 }),
            new FunctionCallContent("call_2", "g")));

        ChatFixture.AssertJson(
            """
            [{"role":"assistant","content":"wait","tool_calls":[
                {"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"city\":\"Köln\",\"n\":2}"}},
                {"id":"call_2","type":"function","function":{"name":"g","arguments":"{}"}}]}]
            """,
            posted);
    }

    [Fact]
    public async Task Assistant_CallsOnly_PostsNoContent()
    {
        ChatFixture.AssertJson(
            """[{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]}]""",
            await fixture.PostAsync(Assistant(new FunctionCallContent("call_1", "f", new Dictionary<string, object?>()))));
    }

    [Fact]
    public async Task Assistant_Refusal_IsPostedAsRefusal()
    {
        ChatFixture.AssertJson(
            """[{"role":"assistant","content":"part","refusal":"no"}]""",
            await fixture.PostAsync(Assistant(new TextContent("part"), Refusal("no"))));
    }

    /// <summary>The OpenAI client refuses an assistant message that has no content parts.</summary>
    [Fact]
    public async Task Assistant_RefusalOnly_CanBePosted()
    {
        ChatFixture.AssertJson("""[{"role":"assistant","content":"","refusal":"no"}]""", await fixture.PostAsync(Assistant(Refusal("no"))));
    }

    [Fact]
    public async Task Assistant_RefusalWithCalls_PostsBoth()
    {
        ChatFixture.AssertJson(
            """
            [{"role":"assistant","refusal":"no","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]}]
            """,
            await fixture.PostAsync(Assistant(new FunctionCallContent("call_1", "f"), Refusal("no"))));
    }

    [Fact]
    public async Task Assistant_OtherError_IsNotPosted()
    {
        ChatFixture.AssertJson(
            """[{"role":"assistant","content":"x"}]""",
            await fixture.PostAsync(Assistant(new TextContent("x"), new ErrorContent("failed") { ErrorCode = "other" })));
    }

    [Fact]
    public async Task Assistant_Reasoning_IsPostedAsReasoning()
    {
        ChatFixture.AssertJson(
            """[{"role":"assistant","content":"x","reasoning":"first\n\"second\" \ud83d\ude00"}]""",
            await fixture.PostAsync(Assistant(
                new TextReasoningContent("first\n"), new TextContent("x"), new TextReasoningContent("\"second\" 😀"))));
    }

    [Fact]
    public async Task Assistant_ReasoningAndCall_PostsBothWithoutContent()
    {
        ChatFixture.AssertJson(
            """
            [{"role":"assistant","reasoning":"r","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]}]
            """,
            await fixture.PostAsync(Assistant(new TextReasoningContent("r"), new FunctionCallContent("call_1", "f"))));
    }

    [Fact]
    public async Task Assistant_ReasoningOnly_HasEmptyContent()
    {
        ChatFixture.AssertJson(
            """[{"role":"assistant","content":"","reasoning":"r"}]""", await fixture.PostAsync(Assistant(new TextReasoningContent("r"))));
    }

    [Fact]
    public async Task Assistant_EmptyReasoning_IsNotPosted()
    {
        ChatFixture.AssertJson(
            """[{"role":"assistant","content":"x"}]""",
            await fixture.PostAsync(Assistant(new TextReasoningContent(""), new TextContent("x"), new TextReasoningContent(null))));
    }

    /// <summary>The call keeps what the server wrote as its raw representation; what the caller made of the arguments is what counts.</summary>
    [Fact]
    public async Task Assistant_CallEditedAfterItWasReceived_IsPostedAsEdited()
    {
        _ = fixture.Deployment.Model.ReplyWithToolCall("f", """{"iban":"DE00"}""");
        ChatResponse response = await fixture.Chat.GetResponseAsync("hi");
        FunctionCallContent call = Assert.Single(response.Messages[0].Contents.OfType<FunctionCallContent>());
        call.Arguments!["iban"] = "[redacted]";

        string posted = await fixture.PostAsync(response.Messages[0]);

        Assert.Contains("[redacted]", posted);
        Assert.DoesNotContain("DE00", posted);
    }

    /// <summary>Model servers reject a history whose arguments are not JSON, which would end the conversation for good.</summary>
    [Fact]
    public async Task Assistant_CallWithBrokenArguments_GoesBackWithNoneAndAnError()
    {
        _ = fixture.Deployment.Model.Reply("").WithToolCall("f", "{\"city\":", "call_1");
        ChatResponse response = await fixture.Chat.GetResponseAsync("hi");

        ChatFixture.AssertJson(
            $$$"""
            [{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"call_1","content":"{{{Error}}} The arguments were: {\"city\":"}]
            """,
            await fixture.PostAsync(response.Messages[0]));
    }

    [Fact]
    public async Task Assistant_ArgumentThatIsNotJson_IsAConfigurationError()
    {
        ChatMessage message = Assistant(
            new FunctionCallContent("call_1", "f", new Dictionary<string, object?> { ["canary"] = new NotSerializable() }));

        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => fixture.Chat.GetResponseAsync([message]));

        Assert.Equal("FunctionCallContent.Arguments", exception.Member);
        Assert.DoesNotContain("canary", exception.ToString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Answer_SentBack_KeepsReasoningTextAndCalls(bool streamed)
    {
        _ = fixture.Deployment.Model.Reply("Let me look.").WithReasoning("They ask about rain.")
            .WithToolCall("f", """{"a":[1,{"b":null}]}""", "call_1")
            .WithToolCall("g", "{}", "call_2");
        ChatResponse response = streamed ? (await fixture.StreamAsync()).ToChatResponse() : await fixture.Chat.GetResponseAsync("hi");

        ChatFixture.AssertJson(
            """
            [{"role":"assistant","content":"Let me look.","reasoning":"They ask about rain.","tool_calls":[
                {"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":[1,{\"b\":null}]}"}},
                {"id":"call_2","type":"function","function":{"name":"g","arguments":"{}"}}]}]
            """,
            await fixture.PostAsync([.. response.Messages]));
    }

    private static ChatMessage Assistant(params AIContent[] contents) => new(ChatRole.Assistant, contents);

    private static ErrorContent Refusal(string text) => new(text) { ErrorCode = "Refusal" };

    private sealed class NotSerializable
    {
        public static string Value => "canary";
    }
}
