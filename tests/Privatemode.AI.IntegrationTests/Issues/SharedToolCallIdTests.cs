using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary>Two calls of one message have one ID, or none: their results could not be told apart.</summary>
public sealed class SharedToolCallIdTests : DeploymentTest
{
    [Theory]
    [InlineData(false, "call_1")]
    [InlineData(true, "call_1")]
    [InlineData(false, "")]
    [InlineData(true, "")]
    public async Task Calls_WithOneId_EachGetTheirOwnResult(bool streamed, string id)
    {
        _ = Deployment.Model.Reply("").WithToolCall("twice", """{"number":1}""", id).WithToolCall("twice", """{"number":2}""", id)
            .WithToolCall("twice", """{"number":3}""", id).Then.Reply("done");

        ChatResponse response = await InvokeAsync(streamed);

        Assert.Equal("done", response.Text);
        JsonElement[] messages = LastMessages();
        JsonElement[] calls = [.. messages[1].GetProperty("tool_calls").EnumerateArray()];
        string[] ids = [.. calls.Select(call => call.GetProperty("id").GetString()!)];
        Assert.Equal(3, ids.Distinct().Count());
        Assert.Equal(ids, messages[2..].Select(message => message.GetProperty("tool_call_id").GetString()));
        Assert.Equal(["2", "4", "6"], messages[2..].Select(message => message.GetProperty("content").GetString()));
        Assert.True(id.Length == 0 || ids[0] == id);
    }

    /// <summary>Some servers number the calls of each answer anew.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Call_WithTheIdOfACallOfAnEarlierAnswer_GetsAnotherOne(bool streamed)
    {
        _ = Deployment.Model.Reply("").WithToolCall("twice", """{"number":1}""", "0").WithToolCall("twice", """{"number":2}""", "1")
            .Then.Reply("").WithToolCall("twice", """{"number":3}""", "0").Then.Reply("done");

        _ = await InvokeAsync(streamed);

        JsonElement[] messages = LastMessages();
        Assert.Equal(["0", "1", "0_2"], new[] { 1, 4 }.SelectMany(index => messages[index].GetProperty("tool_calls").EnumerateArray())
            .Select(call => call.GetProperty("id").GetString()));
        Assert.Equal(["0:2", "1:4", "0_2:6"], new[] { 2, 3, 5 }.Select(
            index => $"{messages[index].GetProperty("tool_call_id")}:{messages[index].GetProperty("content")}"));
    }

    /// <summary>Some servers number the calls of a stream properly and give all of them one ID, some repeat both in every fragment.</summary>
    [Theory]
    [InlineData("", "")]
    [InlineData("\"id\":\"call_1\",", "\"name\":\"twice\",")]
    public async Task Fragments_OfTwoCallsWithOneId_StayApart(string laterId, string laterName)
    {
        string Fragment(int index, string id, string name, string arguments) =>
            $$$"""{"index":{{{index}}},{{{id}}}"type":"function","function":{ {{{name}}} "arguments":"{{{arguments}}}"}}""";
        _ = Deployment.Model.Reply("").WithRawEvents(
            Event(Fragment(0, "\"id\":\"call_1\",", "\"name\":\"twice\",", "")), Event(Fragment(0, laterId, laterName, "{\\\"number\\\":1}")),
            Event(Fragment(1, "\"id\":\"call_1\",", "\"name\":\"twice\",", "")), Event(Fragment(1, laterId, laterName, "{\\\"number\\\"")),
            Event(Fragment(1, laterId, laterName, ":2}")), Event(Fragment(1, laterId, laterName, "")),
            Event("", "\"tool_calls\"")).Then.Reply("done");

        ChatResponse response = await InvokeAsync(streamed: true);

        Assert.Equal("done", response.Text);
        JsonElement[] messages = LastMessages();
        Assert.Equal(4, messages.Length);
        Assert.Equal(["2", "4"], messages[2..].Select(message => message.GetProperty("content").GetString()));
        string?[] ids = [.. messages[2..].Select(message => message.GetProperty("tool_call_id").GetString())];
        Assert.NotEqual(ids[0], ids[1]);
        Assert.Equal(ids, messages[1].GetProperty("tool_calls").EnumerateArray().Select(call => call.GetProperty("id").GetString()));
    }

    private async Task<ChatResponse> InvokeAsync(bool streamed)
    {
        using IChatClient chat = new ChatClientBuilder(Chat).UseFunctionInvocation().Build();
        ChatOptions options = new() { Tools = [AIFunctionFactory.Create((int number) => 2 * number, "twice")] };
        return streamed
            ? await chat.GetStreamingResponseAsync("Double them", options).ToChatResponseAsync().OrTimeout()
            : await chat.GetResponseAsync("Double them", options).OrTimeout();
    }

    private JsonElement[] LastMessages()
    {
        using JsonDocument body = JsonDocument.Parse(Deployment.Requests[^1].DecryptedBody!);
        return [.. body.RootElement.GetProperty("messages").Clone().EnumerateArray()];
    }

    private static string Event(string call, string finishReason = "null") =>
        $$$"""
        {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767225600,"model":"gpt-oss-120b",
         "choices":[{"index":0,"delta":{"tool_calls":[{{{call}}}]},"finish_reason":{{{finishReason}}}}]}
        """;
}
