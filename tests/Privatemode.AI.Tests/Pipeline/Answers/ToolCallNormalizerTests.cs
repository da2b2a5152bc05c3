using System.Text.Json.Nodes;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Answers;

public sealed class ToolCallNormalizerTests : IDisposable
{
    private readonly AnswerBench _answer = new();
    private readonly ChoiceNormalizer _normalizer = new(hasMessages: true, isEvent: true, "request-1", scope: null);

    public void Dispose() => _answer.Dispose();

    [Theory]
    [InlineData("""{"index":0,"delta":{"content":"x"}}""")]
    [InlineData("""{"index":0,"delta":{"content":"the word \"tool_calls\" in text"}}""")]
    [InlineData("""{"index":0,"delta":{"tool_calls":null}}""")]
    [InlineData("""{"index":0,"delta":{"tool_calls":[]}}""")]
    [InlineData("""{"index":0,"delta":{"tool_calls":7}}""")]
    [InlineData("""{"index":0,"delta":null,"tool_calls":[{}]}""")]
    [InlineData("""{"index":0,  "delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}]}}""")]
    [InlineData("""{"index":0,"delta":{"tool_calls":[{"index":5,"id":"c","type":"function","function":{"name":"f","arguments":"\u00e4"}}]}}""")]
    [InlineData("""null,7,{"index":0,"delta":{"tool_calls":[]}}""")]
    [InlineData("""{"index":0,"delta":{"tool_calls":[{"id":1}]},"delta":{"tool_calls":[{"id":1}]}}""")]
    public void Event_ThatNeedsNothing_IsLeftByteForByte(string choices)
    {
        string document = ChatFixture.Chunk(choices);

        Assert.Equal(document, Normalize(document));
    }

    [Fact]
    public void Event_OfAnAnswerInTheUsualForm_IsLeftByteForByte()
    {
        string[] events =
        [
            Calls("""{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}"""),
            Calls("""{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":""}}"""),
            Calls("""{"index":0,"function":{"arguments":"{}"}}"""), Calls("""{"index":1,"function":{"arguments":"{"}}"""),
            Calls("""{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":"}"}}"""),
        ];

        Assert.All(events, document => Assert.Equal(document, Normalize(document)));
    }

    [Theory]
    [InlineData("\"\"")]
    [InlineData("null")]
    [InlineData("7")]
    [InlineData("\"tool\"")]
    public void Type_NotFunction_BecomesFunction(string type)
    {
        JsonNode call = First(Calls($$$"""{"index":0,"id":"c","type":{{{type}}},"function":{"name":"f","arguments":""}}"""));
        Assert.Equal("function", (string?)call["type"]);

        JsonNode later = First(Calls($$$"""{"index":0,"type":{{{type}}},"function":{"arguments":"{}"}}"""));
        Assert.Equal("function", (string?)later["type"]);
    }

    [Fact]
    public void Type_OfWhatIsNoFunctionCall_IsLeft()
    {
        Assert.Equal("custom", (string?)First(Calls("""{"index":0,"id":"c","type":"custom","custom":{"name":"x"}}"""))["type"]);
    }

    [Fact]
    public void Type_MissingWhereACallBegins_IsFilledInOnceOnly()
    {
        Assert.Equal("function", (string?)First(Calls("""{"index":0,"id":"c","function":{"name":"f","arguments":""}}"""))["type"]);
        Assert.Null(First(Calls("""{"index":0,"function":{"arguments":"{}"}}"""))["type"]);
    }

    [Fact]
    public void Id_MissingWhereACallBegins_IsMadeUpAndKept()
    {
        string? id = (string?)First(Calls("""{"index":0,"id":null,"function":{"name":"f","arguments":""}}"""))["id"];
        Assert.Matches("^call_[0-9a-f]{24}$", id);

        // Later fragments name no other.
        Assert.False(First(Calls("""{"index":0,"id":"","function":{"arguments":"{"}}""")).AsObject().ContainsKey("id"));
        Assert.Equal(id, (string?)First(Calls("""{"index":0,"id":"late","function":{"arguments":"}"}}"""))["id"]);
    }

    [Fact]
    public void Id_OfEachChoice_IsItsOwn()
    {
        string document = ChatFixture.Chunk(
            """
            {"index":0,"delta":{"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}},
            {"index":1,"delta":{"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}}
            """);

        JsonArray choices = JsonNode.Parse(Normalize(document))!["choices"]!.AsArray();

        JsonNode[] calls = [.. choices.Select(choice => choice!["delta"]!["tool_calls"]![0]!)];
        Assert.Equal([0, 0], calls.Select(call => (int)call["index"]!));
        Assert.NotEqual((string?)calls[0]["id"], (string?)calls[1]["id"]);
    }

    /// <summary>The same id in two choices once led to a call of the wrong choice.</summary>
    [Fact]
    public void Id_UsedInTwoChoicesWithoutNumbers_IsOneCallOfEach()
    {
        string Of(int choice, string call) => ChatFixture.Chunk($$$"""{"index":{{{choice}}},"delta":{"tool_calls":[{{{call}}}]}}""");
        _ = Normalize(Of(0, """{"id":"c","function":{"name":"f","arguments":""}}"""));

        JsonNode begin = First(Of(1, """{"id":"c","function":{"name":"f","arguments":""}}"""));
        JsonNode next = First(Of(1, """{"id":"c","function":{"arguments":"{}"}}"""));

        Assert.Equal(("c", 0, "function"), ((string?)begin["id"], (int)begin["index"]!, (string?)begin["type"]));
        Assert.Equal(0, (int)next["index"]!);
    }

    [Fact]
    public void Arguments_InAnotherForm_BecomeText()
    {
        JsonNode call = First(Calls("""{"index":0,"id":"c","function":{"name":"f","arguments":{"a": [1.50,"ä"]}}}"""));
        ChatFixture.AssertJson("""{"a":[1.50,"ä"]}""", (string)call["function"]!["arguments"]!);

        Assert.False(First(Calls("""{"index":0,"function":{"arguments":null}}"""))["function"]!.AsObject().ContainsKey("arguments"));
    }

    [Fact]
    public void Calls_ThatAreNoObjects_AreRemoved()
    {
        JsonArray calls = All(Calls("""null,7,{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}},"x" """));

        Assert.Equal("c", (string?)Assert.Single(calls)!["id"]);
    }

    [Fact]
    public void WholeAnswer_WithGaps_IsFilledIn()
    {
        string document = ChatFixture.Whole(
            """
            {"index":0,"message":{"tool_calls":[{"function":{"name":"f","arguments":{"a":1}}},
                {"id":"","type":"","function":{"name":"f","arguments":null}},null,
                {"id":"c","type":"function","function":{"name":"g","arguments":"{}"}}]}}
            """);

        JsonNode opened = JsonNode.Parse(_answer.Normalize(document, isEvent: false))!;

        JsonArray calls = opened["choices"]![0]!["message"]!["tool_calls"]!.AsArray();

        Assert.Equal(3, calls.Count);
        Assert.All(calls, call => Assert.Equal("function", (string?)call!["type"]));
        Assert.Equal(3, calls.Select(call => (string?)call!["id"]).Distinct().Count());
        Assert.Equal(["""{"a":1}""", "", "{}"], calls.Select(call => (string?)call!["function"]!["arguments"]));
        Assert.All(calls, call => Assert.False(call!.AsObject().ContainsKey("index")));
    }

    [Fact]
    public void WholeAnswer_WithManyLogProbabilities_IsFilledInAll()
    {
        string logprobs = string.Join(',', Enumerable.Repeat("""{"token":"it's","logprob":-1.5,"bytes":[1,2]}""", 20_000));
        string document = ChatFixture.Whole(
            $$$"""
            {"logprobs":{"content":[{{{logprobs}}}]},"index":0,"message":{"content":"x","tool_calls":[{"function":{"name":"f","arguments":null} }]}},
            {"index":1,"message":{"tool_calls":[{"function":{"name":"g","arguments":{} } }],"content":"y"}}
            """);

        string changed = _answer.Normalize(document, isEvent: false);

        Assert.Contains($"[{logprobs}]", changed, StringComparison.Ordinal);
        JsonArray choices = JsonNode.Parse(changed)!["choices"]!.AsArray();
        Assert.Equal(["f", "g"], choices.Select(choice => (string?)choice!["message"]!["tool_calls"]![0]!["function"]!["name"]));
        Assert.All(choices, choice => Assert.StartsWith("call_", (string?)choice!["message"]!["tool_calls"]![0]!["id"], StringComparison.Ordinal));
    }

    /// <summary>Each costs a hundred times its text; no model writes as many.</summary>
    [Theory]
    [InlineData("{},", 3000)]
    [InlineData("\"0123456789abcdef0123456789abcdef\",", 8000)]
    public void WholeAnswer_WithMoreToolCallsThanAnyModelWrites_IsLeftByteForByte(string call, int count)
    {
        string calls = string.Concat(Enumerable.Repeat(call, count));
        string document = ChatFixture.Whole($$$"""{"index":0,"message":{"role":"assistant","tool_calls":[{{{calls}}}{}]}}""");

        Assert.Equal(document, _answer.Normalize(document, isEvent: false));
    }

    private static string Calls(string calls) => ChatFixture.Chunk($$$"""{"index":0,"delta":{"tool_calls":[{{{calls}}}]},"finish_reason":null}""");

    private string Normalize(string document) => _answer.Normalize(document, isEvent: true, _normalizer);

    private JsonArray All(string document) => JsonNode.Parse(Normalize(document))!["choices"]![0]!["delta"]!["tool_calls"]!.AsArray();

    private JsonNode First(string document) => All(document)[0]!;
}
