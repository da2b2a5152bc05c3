using System.Text.Json.Nodes;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Answers;

/// <summary>To which call a fragment belongs, for all the ways servers number, name and identify them.</summary>
public sealed class ToolCallFragmentTests
{
    public static TheoryData<string, string[], string[]> Streams => new()
    {
        {
            "as OpenAI does",
            [
                """{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}""",
                """{"index":0,"function":{"arguments":"{\"x\":"}}""",
                """{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":""}}""", """{"index":1,"function":{"arguments":"{}"}}""",
                """{"index":0,"function":{"arguments":"1}"}}""",
            ],
            ["0:a:f:{\"x\":1}", "1:b:g:{}"]
        },
        {
            "all calls numbered 0, each with an id",
            [
                """{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}""",
                """{"index":0,"id":"","type":"function","function":{"arguments":"{\"x\":1}"}}""",
                """{"index":0,"id":"b","type":"function","function":{"name":"f","arguments":""}}""",
                """{"index":0,"id":"","type":"function","function":{"arguments":"{\"x\":2}"}}""",
            ],
            ["0:a:f:{\"x\":1}", "1:b:f:{\"x\":2}"]
        },
        {
            "all calls numbered 0, functions without parameters",
            [
                """{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}""",
                """{"index":0,"id":"b","type":"function","function":{"name":"g","arguments":""}}""",
            ],
            ["0:a:f:", "1:b:g:"]
        },
        {
            "a new id and the name in every fragment",
            [
                """{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}""",
                """{"index":0,"id":"b","type":"function","function":{"name":"f","arguments":"{\"x\""}}""",
                """{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":":1}"}}""",
            ],
            ["0:a:f:{\"x\":1}"]
        },
        {
            "a new id in every fragment, the name in the first",
            [
                """{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}""", """{"index":0,"id":"b","function":{"arguments":":1}"}}""",
            ],
            ["0:a:f:{\"x\":1}"]
        },
        {
            "the name in every fragment, no ids",
            [
                """{"index":0,"function":{"name":"f","arguments":"{\"x\""}}""", """{"index":0,"function":{"name":"f","arguments":":1}"}}""",
                """{"index":0,"function":{"name":"f","arguments":""}}""",
            ],
            ["0:?:f:{\"x\":1}"]
        },
        {
            "id and name again in the last fragment",
            [
                """{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}""",
                """{"index":0,"id":"a","function":{"name":"f","arguments":""}}""",
            ],
            ["0:a:f:{}"]
        },
        {
            "ids in every fragment, no numbers",
            [
                """{"id":"a","function":{"name":"f","arguments":"{"}}""", """{"id":"b","function":{"name":"f","arguments":"{"}}""",
                """{"id":"a","function":{"arguments":"}"}}""", """{"id":"b","function":{"arguments":"}"}}""",
            ],
            ["0:a:f:{}", "1:b:f:{}"]
        },
        {
            "ids first only, no numbers",
            [
                """{"id":"a","function":{"name":"f","arguments":"{"}}""", """{"function":{"arguments":"}"}}""",
                """{"id":"b","function":{"name":"f","arguments":"{"}}""", """{"function":{"arguments":"}"}}""",
            ],
            ["0:a:f:{}", "1:b:f:{}"]
        },
        {
            "whole calls without numbers and ids",
            [
                """{"function":{"name":"f","arguments":"{\"x\":1}"}}""", """{"function":{"name":"f","arguments":"{\"x\":2}"}}""",
                """{"function":{"name":"g","arguments":"{}"}}""",
            ],
            ["0:?:f:{\"x\":1}", "1:?:f:{\"x\":2}", "2:?:g:{}"]
        },
        {
            "fragments without numbers and ids",
            [
                """{"function":{"name":"f","arguments":"{\"x\""}}""", """{"function":{"arguments":":1}"}}""",
                """{"function":{"name":"g","arguments":"{"}}""", """{"function":{"name":null,"arguments":"}"}}""",
            ],
            ["0:?:f:{\"x\":1}", "1:?:g:{}"]
        },
        {
            "no numbers, one id for all",
            [
                """{"id":"a","function":{"name":"f","arguments":"{}"}}""", """{"id":"a","function":{"name":"g","arguments":"{}"}}""",
            ],
            ["0:a:f:{}", "1:?:g:{}"]
        },
        {
            "the name after the id",
            [
                """{"id":"a","function":{"arguments":""}}""", """{"function":{"name":"f","arguments":"{}"}}""",
            ],
            ["0:a:f:{}"]
        },
        {
            "numbers that are text, or begin at 1",
            [
                """{"index":"1","id":"a","function":{"name":"f","arguments":"{"}}""", """{"index":"1","function":{"arguments":"}"}}""",
                """{"index":1,"id":"b","function":{"name":"g","arguments":"{}"}}""",
                """{"index":0,"id":"c","function":{"name":"h","arguments":"{}"}}""",
            ],
            ["0:a:f:{}", "1:b:g:{}", "2:c:h:{}"]
        },
        {
            "several calls in one event",
            [
                """{"function":{"name":"f","arguments":"{}"}},{"function":{"name":"g","arguments":"{}"}}""",
            ],
            ["0:?:f:{}", "1:?:g:{}"]
        },
        {
            "the name in pieces",
            [
                """{"index":0,"id":"a","function":{"name":"g"}}""", """{"index":0,"function":{"name":"et_"}}""",
                """{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}""",
                """{"index":0,"id":"a","function":{"name":"get_f","arguments":"}"}}""",
            ],
            ["0:a:get_f:{}"]
        },
        {
            "the name in pieces, no numbers",
            [
                """{"id":"a","function":{"name":"get_"}}""", """{"id":"a","function":{"name":"f"}}""", """{"id":"a","function":{"arguments":"{}"}}""",
            ],
            ["0:a:get_f:{}"]
        },
        {
            "one id for two numbers",
            [
                """{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}""", """{"index":1,"id":"a","function":{"name":"f","arguments":"{"}}""",
                """{"index":1,"id":"a","function":{"name":"f","arguments":"}"}}""", """{"index":1,"id":"a","function":{"name":"f","arguments":""}}""",
            ],
            ["0:a:f:{}", "1:?:f:{}"]
        },
        {
            "one number and one id for all",
            [
                """{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":\"}\"}"}}""",
                """{"index":0,"id":"a","function":{"name":"f","arguments":""}}""",
                """{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}""",
                """{"index":0,"id":"a","function":{"name":"f","arguments":"2}"}}""",
                """{"index":0,"id":"a","function":{"name":"g","arguments":"{}"}}""",
            ],
            ["0:a:f:{\"x\":\"}\"}", "1:?:f:{\"x\":2}", "2:?:g:{}"]
        },
        {
            "one number for all, no ids",
            [
                """{"index":0,"function":{"name":"f","arguments":"{\"x\":1}"}}""", """{"index":0,"function":{"name":"f","arguments":"{\"x\":2}"}}""",
                """{"index":0,"function":{"name":"g","arguments":""}}""", """{"index":0,"function":{"arguments":"{}"}}""",
            ],
            ["0:?:f:{\"x\":1}", "1:?:f:{\"x\":2}", "2:?:g:{}"]
        },
        {
            "broken arguments stay with their call",
            [
                """{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\"}"}}""",
                """{"index":0,"id":"b","function":{"name":"f","arguments":"]"}}""",
            ],
            ["0:a:f:{\"x\"}]"]
        },
    };

    [Theory]
    [MemberData(nameof(Streams))]
    public void Fragments_OfParallelCalls_GoToTheirCalls(string way, string[] events, string[] calls)
    {
        Assert.NotEmpty(way);
        using AnswerBench answer = new();
        ChoiceNormalizer normalizer = new(hasMessages: true, isEvent: true, "request-1", scope: null);
        SortedDictionary<int, (string Id, string Name, string Arguments)> read = [];
        foreach (string fragments in events)
        {
            string document = ChatFixture.Chunk($$$"""{"index":0,"delta":{"tool_calls":[{{{fragments}}}]}}""");
            JsonNode opened = JsonNode.Parse(answer.Normalize(document, isEvent: true, normalizer))!;
            foreach (JsonNode? call in opened["choices"]![0]!["delta"]!["tool_calls"]!.AsArray())
            {
                Take(call!, read);
            }
        }

        Assert.Equal(
            calls,
            read.Select(call => $"{call.Key}:{MaskGeneratedId(call.Value.Id)}:{call.Value.Name}:{call.Value.Arguments}"));
        Assert.Equal(read.Count, read.Values.Select(call => call.Id).Distinct().Count());
    }

    private static string MaskGeneratedId(string id) => id.StartsWith("call_", StringComparison.Ordinal) ? "?" : id;

    /// <summary>As readers do: the first id counts, names and arguments are joined.</summary>
    private static void Take(JsonNode call, SortedDictionary<int, (string Id, string Name, string Arguments)> read)
    {
        int index = (int)call["index"]!;
        (string id, string name, string arguments) = read.GetValueOrDefault(index, ("", "", ""));
        string given = (string?)call["id"] ?? "";
        Assert.True(id.Length == 0 || given.Length == 0 || given == id);
        string piece = (string?)call["function"]?["name"] ?? "";
        read[index] = (
            id.Length > 0 ? id : given,
            piece == name ? name : name + piece,
            arguments + ((string?)call["function"]?["arguments"] ?? ""));
    }
}
