using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Privatemode.AI.Encryption;
using Privatemode.AI.Responses;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Responses;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Model servers write the name of a tool once, in pieces, or all of it in each fragment: a chat and a response call the same tool.</summary>
public sealed class RepeatedToolNameTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    public static TheoryData<string, string[], string> Names => new()
    {
        { "get_weather", ["get_weather", "get_weather", "get_weather"], "get_weather" },
        { "get_weather", ["get_", "weather", "get_weather"], "get_weather" },

        // As far as it has come, in each fragment.
        { "get_weather", ["get_", "get_weather"], "get_weather" },

        // In pieces that are equal.
        { "gogo", ["go", "go"], "gogo" },
        { "gogogo", ["go", "go", "go"], "gogogo" },

        // A tool of each name: a repetition, which servers do write.
        { "go gogo", ["go", "go"], "go" },

        // The model invented it.
        { "f", ["get_", "weather"], "get_weather" },
        { "lock", ["un", "lock"], "unlock" },
        { "f", ["get_weather", "get_weather"], "get_weather" },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Response_NameInFragments_IsThatOfTheTool(string tools, string[] pieces, string expected)
    {
        using ResponsesCall call = ResponseVectors.NewCall(default);
        call.Tools = tools.Split(' ').ToDictionary(name => name, name => new ToolName(false, null, name));
        using ResponseEvents events = new(call);
        using PooledBytes output = new(1024);
        foreach (string piece in pieces)
        {
            events.Translate(Encoding.UTF8.GetBytes(Event(piece, "")), output);
        }

        events.Translate(Encoding.UTF8.GetBytes(Event("", "{}")), output);
        Assert.Null(events.Complete(output));
        JsonNode[] all = ResponseVectors.Events(Encoding.UTF8.GetString(output.Span));
        Assert.Equal([expected, expected], all.Select(one => one["item"]?["name"]?.GetValue<string>()).OfType<string>());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Chat_NameInFragments_IsThatOfTheTool(string tools, string[] pieces, string expected)
    {
        _ = fixture.Deployment.Model.Reply("").WithRawEvents([.. pieces.Select(piece => Whole(piece, "")), Whole("", "{}"), Last()]);
        ChatOptions options = new() { Tools = [.. tools.Split(' ').Select(name => AIFunctionFactory.Create(() => "", name))] };
        ChatResponse response = (await fixture.StreamAsync(options)).ToChatResponse();
        Assert.Equal(expected, Assert.Single(response.Messages[0].Contents.OfType<FunctionCallContent>()).Name);
    }

    private static string Whole(string name, string arguments) => ChatFixture.Delta($$"""{"tool_calls":[{{Fragment(name, arguments)}}]}""");

    private static string Last() => ChatFixture.Delta("{}", "\"tool_calls\"");

    private static string Event(string name, string arguments) =>
        $$$"""{"choices":[{"delta":{"tool_calls":[{{{Fragment(name, arguments)}}}]},"finish_reason":null}]}""";

    private static string Fragment(string name, string arguments) =>
        $$$"""{"index":0,"id":"c","type":"function","function":{"name":"{{{name}}}","arguments":"{{{arguments}}}"}}""";
}
