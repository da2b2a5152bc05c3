using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Tests.Fakes;
using ChatFinishReason = Microsoft.Extensions.AI.ChatFinishReason;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Privatemode.AI.Tests.Chat;

public sealed class ToolCallTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Calls_InParallel_ComeWholeAndInOrder(bool streamed)
    {
        _ = fixture.Deployment.Model.Reply("").WithToolCall("weather", """{"city":"Köln","days":[1,2],"deep":{"a":null}}""", "call_1")
            .WithToolCall("clock", "{}", "call_2").WithToolCall("weather", """{"city":"Bochum"}""", "call_3");

        ChatResponse response = await AnswerAsync(streamed);

        FunctionCallContent[] calls = [.. Assert.Single(response.Messages).Contents.Cast<FunctionCallContent>()];
        Assert.Equal(["call_1", "call_2", "call_3"], calls.Select(call => call.CallId));
        Assert.Equal(["weather", "clock", "weather"], calls.Select(call => call.Name));
        Assert.Equal("Köln", Assert.IsType<JsonElement>(calls[0].Arguments!["city"]).GetString());
        Assert.Equal(["city", "days", "deep"], calls[0].Arguments!.Keys);
        Assert.Empty(calls[1].Arguments!);
        Assert.Equal("Bochum", calls[2].Arguments!["city"]!.ToString());
        Assert.All(calls, call => Assert.Null(call.Exception));
        Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
    }

    [Fact]
    public async Task Calls_Streamed_ComeInOneLastUpdateOfTheSameMessage()
    {
        _ = fixture.Deployment.Model.Reply("wait").WithToolCall("f", "{}").WithToolCall("g", "{}");

        List<ChatResponseUpdate> updates = await fixture.StreamAsync();

        Assert.Equal(2, updates[^1].Contents.OfType<FunctionCallContent>().Count());
        Assert.DoesNotContain(updates.SkipLast(1).SelectMany(update => update.Contents), content => content is FunctionCallContent);
        Assert.Null(updates[^1].RawRepresentation);
        Assert.Single(updates.Select(update => update.MessageId).Distinct());
        Assert.Single(updates.Select(update => update.ResponseId).Distinct());
        Assert.All(updates, update => Assert.Equal(ChatRole.Assistant, update.Role));
        Assert.All(updates, update => Assert.Equal("gpt-oss-120b", update.ModelId));
        Assert.All(updates, update => Assert.Equal(updates[0].CreatedAt, update.CreatedAt));
    }

    [Fact]
    public async Task Calls_Whole_KeepTheirRawRepresentation()
    {
        _ = fixture.Deployment.Model.ReplyWithToolCall("f", "{}");

        ChatMessage message = (await fixture.Chat.GetResponseAsync("hi")).Messages[0];

        Assert.IsType<ChatToolCall>(Assert.Single(message.Contents).RawRepresentation);
    }

    [Theory]
    [InlineData(false, "{\"canary\":")]
    [InlineData(true, "{\"canary\":")]
    [InlineData(false, "[1]")]
    [InlineData(true, "canary")]
    public async Task Arguments_Broken_MakeTheCallInformational(bool streamed, string arguments)
    {
        _ = fixture.Deployment.Model.Reply("").WithToolCall("f", arguments, "call_1").WithToolCall("g", "{\"a\":1}", "call_2");

        ChatResponse response = await AnswerAsync(streamed);

        FunctionCallContent[] calls = [.. response.Messages[0].Contents.Cast<FunctionCallContent>()];
        Assert.Equal(("call_1", "f"), (calls[0].CallId, calls[0].Name));
        Assert.NotNull(calls[0].Exception);
        Assert.Null(calls[0].Arguments);
        Assert.Equal([true, false], calls.Select(call => call.InformationalOnly));
        Assert.Null(calls[1].Exception);
        Assert.Single(calls[1].Arguments!);
    }

    /// <summary>Functions without parameters are often called with nothing at all, which is no JSON.</summary>
    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "")]
    [InlineData(false, " \n")]
    [InlineData(true, " \n")]
    public async Task Arguments_Empty_AreNone(bool streamed, string arguments)
    {
        _ = fixture.Deployment.Model.ReplyWithToolCall("f", arguments);

        FunctionCallContent call = Assert.IsType<FunctionCallContent>(Assert.Single((await AnswerAsync(streamed)).Messages[0].Contents));

        Assert.Null(call.Exception);
        Assert.Empty(call.Arguments!);
    }

    [Theory]
    [InlineData("""{"name":"f"}""", 0)]
    [InlineData("""{"name":"f","arguments":null}""", 0)]
    [InlineData("""{"name":"f","arguments":{"a":[1,"ä"]}}""", 1)]
    public async Task Arguments_InAnotherForm_AreRead(string function, int count)
    {
        string call = $$"""{"index":0,"id":"c","type":"function","function":{{function}}}""";
        ChatResponse whole = await fixture.AnswerAsync(ChatFixture.Whole(
            $$$"""{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{{{call}}}]},"finish_reason":"tool_calls"}"""));
        List<ChatResponseUpdate> streamed = await fixture.StreamAsync(
            ChatFixture.Delta($$"""{"tool_calls":[{{call}}]}"""), ChatFixture.Delta("{}", "\"tool_calls\""));

        foreach (ChatResponse response in (ChatResponse[])[whole, streamed.ToChatResponse()])
        {
            FunctionCallContent content = Assert.IsType<FunctionCallContent>(Assert.Single(response.Messages[0].Contents));
            Assert.Equal(("c", "f"), (content.CallId, content.Name));
            Assert.Null(content.Exception);
            Assert.Equal(count, content.Arguments!.Count);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task IdAndType_LeftOut_AreMadeUp(bool streamed)
    {
        _ = fixture.Deployment.Model.Reply("").WithToolCall("f", """{"a":1}""", id: "").WithToolCall("g", """{"b":2}""", id: "");

        FunctionCallContent[] calls = [.. (await AnswerAsync(streamed)).Messages[0].Contents.Cast<FunctionCallContent>()];

        Assert.Equal(["f", "g"], calls.Select(call => call.Name));
        Assert.Equal(["a"], calls[0].Arguments!.Keys);
        Assert.Equal(["b"], calls[1].Arguments!.Keys);
        Assert.All(calls, call => Assert.Matches("^call_[0-9a-f]{24}$", call.CallId));
        Assert.NotEqual(calls[0].CallId, calls[1].CallId);
    }

    [Theory]
    [InlineData("""{"id":"c","type":"function","function":{"name":"","arguments":"{}"}}""")]
    [InlineData("""{"id":"c","type":"function","function":{"arguments":"{}"}}""")]
    [InlineData("""{"id":"c","type":"function","function":null}""")]
    [InlineData("""{"id":"c","type":"function"}""")]
    public async Task Name_Missing_IsToldAsAnError(string call)
    {
        ChatResponse whole = await fixture.AnswerAsync(ChatFixture.Whole(
            $$$"""{"index":0,"message":{"role":"assistant","content":"x","tool_calls":[{{{call}}}]},"finish_reason":"tool_calls"}"""));
        List<ChatResponseUpdate> streamed = await fixture.StreamAsync(
            ChatFixture.Delta($$"""{"content":"x","tool_calls":[{{call}}]}"""), ChatFixture.Delta("{}", "\"tool_calls\""));

        foreach (ChatResponse response in (ChatResponse[])[whole, streamed.ToChatResponse()])
        {
            ErrorContent error = Assert.Single(response.Messages[0].Contents.OfType<ErrorContent>());
            Assert.Equal(("UnnamedToolCall", "c"), (error.ErrorCode, error.Details));
            Assert.DoesNotContain(response.Messages[0].Contents, content => content is FunctionCallContent);

            // It may stay in the history.
            ChatFixture.AssertJson("""[{"role":"assistant","content":"x"}]""", await fixture.PostAsync([.. response.Messages]));
        }
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("[null]")]
    public async Task Calls_None_GiveNone(string calls)
    {
        ChatResponse whole = await fixture.AnswerAsync(
            ChatFixture.Whole($$$"""{"index":0,"message":{"role":"assistant","content":"x","tool_calls":{{{calls}}}},"finish_reason":"stop"}"""));
        List<ChatResponseUpdate> streamed = await fixture.StreamAsync(
            ChatFixture.Delta($$"""{"content":"x","tool_calls":{{calls}}}"""), ChatFixture.Delta($$"""{"tool_calls":{{calls}}}""", "\"stop\""));

        Assert.IsType<TextContent>(Assert.Single(whole.Messages[0].Contents));
        Assert.Equal(2, streamed.Count);
        Assert.IsType<TextContent>(Assert.Single(streamed.ToChatResponse().Messages[0].Contents));
    }

    /// <summary>Content and a call in one event, and numbers that do not begin at 0.</summary>
    [Fact]
    public async Task Calls_InterleavedByNumber_AreTakenApart()
    {
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(
            ChatFixture.Delta(
                """{"content":"x","tool_calls":[{"index":7,"id":"b","type":"function","function":{"name":"g","arguments":""}}]}"""),
            ChatFixture.Delta(
                """
                {"tool_calls":[{"index":3,"id":"a","type":"function","function":{"name":"f","arguments":"{\"n\":"}},
                    {"index":7,"function":{"arguments":"{\"m"}}]}
                """),
            ChatFixture.Delta("""{"tool_calls":[{"index":7,"function":{"arguments":"\":2}"}},{"index":3,"function":{"arguments":"1}"}}]}"""),
            ChatFixture.Delta("{}", "\"tool_calls\""));

        FunctionCallContent[] calls = [.. updates.ToChatResponse().Messages[0].Contents.OfType<FunctionCallContent>()];

        Assert.Equal(["a:f:1", "b:g:2"], calls.Select(call => $"{call.CallId}:{call.Name}:{call.Arguments!.Values.Single()}"));
    }

    private async Task<ChatResponse> AnswerAsync(bool streamed) =>
        streamed ? (await fixture.StreamAsync()).ToChatResponse() : await fixture.Chat.GetResponseAsync("hi").WaitAsync(TestTime.Limit);
}
