using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary>A server streams the name of a function in pieces: the first piece was taken for the name.</summary>
public sealed class PiecedToolNameTests : DeploymentTest
{
    public static TheoryData<string, string[]> Names => new()
    {
        { "in pieces", ["\"get_\"", "\"wea\"", "\"ther\""] },
        { "in pieces, nothing in between", ["\"get_\"", "\"\"", "null", "\"weather\""] },
        { "in pieces, then repeated", ["\"get_\"", "\"weather\"", "\"get_weather\"", "\"get_weather\""] },
        { "repeated", ["\"get_weather\"", "\"get_weather\"", "\"get_weather\""] },
        { "once", ["\"get_weather\"", "null", "\"\""] },
        { "late", ["null", "\"\"", "\"get_weather\""] },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Name_OfAFunction_IsPutTogether(string way, string[] pieces)
    {
        Assert.NotEmpty(way);
        foreach (string id in (string[])["", "\"id\":\"call_1\",", "\"id\":\"\",", "\"id\":null,"])
        {
            List<string> fragments = [Fragment("\"id\":\"call_1\",", pieces[0], ""), .. pieces[1..].Select(piece => Fragment(id, piece, ""))];
            fragments.Add(Fragment(id, "null", "{\\\"city\\\":"));
            fragments.Add(Fragment(id, "null", "\\\"Bochum\\\"}"));
            fragments.Add(Event("[]", "\"tool_calls\""));
            _ = Deployment.Model.Reply("").WithRawEvents(fragments).Then.Reply("done");
            List<string> cities = [];

            ChatResponse response = await InvokeAsync(cities.Add);

            Assert.Equal(["Bochum"], cities);
            Assert.Equal("done", response.Text);
            using JsonDocument body = JsonDocument.Parse(Deployment.Requests[^1].DecryptedBody!);
            JsonElement call = Assert.Single(body.RootElement.GetProperty("messages")[1].GetProperty("tool_calls").EnumerateArray());
            Assert.Equal("get_weather", call.GetProperty("function").GetProperty("name").GetString());
        }
    }

    /// <summary>Some repeat the name with every piece of the arguments.</summary>
    [Fact]
    public async Task Name_RepeatedBesideEveryPieceOfTheArguments_IsOneName()
    {
        _ = Deployment.Model.Reply("").WithRawEvents(
            Fragment("\"id\":\"call_1\",", "\"get_weather\"", "{\\\"city\\\":"), Fragment("\"id\":\"call_1\",", "\"get_weather\"", "\\\"Bochum\\\"}"),
            Fragment("\"id\":\"call_1\",", "\"get_weather\"", ""), Event("[]", "\"tool_calls\"")).Then.Reply("done");
        List<string> cities = [];

        _ = await InvokeAsync(cities.Add);

        Assert.Equal(["Bochum"], cities);
    }

    private async Task<ChatResponse> InvokeAsync(Action<string> weather)
    {
        using IChatClient chat = new ChatClientBuilder(Chat).UseFunctionInvocation().Build();
        ChatOptions options = new() { Tools = [AIFunctionFactory.Create((string city) => weather(city), "get_weather")] };
        return await chat.GetStreamingResponseAsync("Weather?", options).ToChatResponseAsync().OrTimeout();
    }

    private static string Fragment(string id, string name, string arguments) =>
        Event($$$"""[{"index":0,{{{id}}}"type":"function","function":{"name":{{{name}}},"arguments":"{{{arguments}}}"}}]""");

    private static string Event(string calls, string finishReason = "null") =>
        $$$"""
        {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767225600,"model":"gpt-oss-120b",
         "choices":[{"index":0,"delta":{"tool_calls":{{{calls}}}},"finish_reason":{{{finishReason}}}}]}
        """;
}
