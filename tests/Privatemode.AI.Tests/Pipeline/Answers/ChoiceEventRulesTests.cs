using System.Globalization;
using System.Text;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Answers;

/// <summary>Streams of choices in which somebody without keys writes other names and other ends of events.</summary>
public sealed class ChoiceEventRulesTests : IDisposable
{
    private const string Done = "data: [DONE]\n\n";

    private static readonly string[] Story =
        ["""{"role":"assistant","content":"Do "}""", """{"content":"NOT "}""", """{"content":"take it."}"""];

    private readonly AnswerSealer _enclave = new();

    public void Dispose() => _enclave.Dispose();

    [Fact]
    public void Stream_AsItWasSent_IsWhole()
    {
        DecryptedEvents opened = Open(Sealed());
        Assert.Equal((null, true), (opened.Failure, opened.IsEnded));
        Assert.Contains("NOT ", opened.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void EventHiddenInTheOneBefore_BreaksTheStream()
    {
        string[] events = Sealed();
        string both = events[0][..^1] + "," + Renamed(events[1], "z1", "z2", "z3", "z4")[1..];
        Assert.Equal("renamed-member", Open([both, .. events[2..]]).Failure);
    }

    [Fact]
    public void EventHiddenInTheOneAfter_BreaksTheStream()
    {
        string[] events = Sealed();
        string both = Renamed(events[1], "a1", "a2", "a3", "a4")[..^1] + "," + events[2][1..];
        Assert.Equal("renamed-member", Open([events[0], both, .. events[3..]]).Failure);
    }

    [Fact]
    public void ChoicesUnderAnotherNameBesideEmptyOnes_BreakTheStream()
    {
        string[] events = [Seal("[]"), .. Sealed()];
        string both = events[0][..^1] + "," + Renamed(events[1], "z1", "z2", "z3", "z4")[1..];
        Assert.Equal("renamed-member", Open([both, .. events[2..]]).Failure);
    }

    [Fact]
    public void ChoicesWithNegativeIndexes_AreNotACompleteAnswer()
    {
        string[] events = [.. Enumerable.Range(1, 3).Select(i => Seal($$"""[{"index":-{{i}},"delta":{"content":"x"},"finish_reason":"stop"}]"""))];
        Assert.Equal("choice-count", Open(events).Failure);
    }

    [Theory]
    [InlineData(65_535, null)]
    [InlineData(65_536, "choice-count")]
    [InlineData(-1, "choice-count")]
    public void CompletionsWithEverMoreChoices_FillNoMemory(int index, string? failure)
    {
        string first = Seal("""[{"index":0,"text":"x","finish_reason":"stop"}]""");
        string second = Seal($$"""[{"index":{{index}},"text":"x","finish_reason":"stop"}]""");
        Assert.Equal(failure, Open([first, second], EndpointRules.Completions).Failure);
    }

    [Fact]
    public void ChoiceThatWasNotRequested_IsAnError() =>
        Assert.Equal("choice-count", Open([.. Sealed(), Seal("""[{"index":1,"delta":{"content":"two"},"finish_reason":"stop"}]""")]).Failure);

    [Theory]
    [InlineData("created", "choices", "b")]
    [InlineData("model", "created", "cr")]
    public void ValueUnderTheNameOfAnother_BreaksTheStream(string name, string instead, string spare)
    {
        string[] events = Sealed();
        events[1] = events[1].Replace($"\"{instead}\":", $"\"{spare}\":", StringComparison.Ordinal)
            .Replace($"\"{name}\":", $"\"{instead}\":", StringComparison.Ordinal);
        Assert.Contains(Open(events).Failure, (string[])["renamed-member", "payload-missing"]);
    }

    [Theory]
    [InlineData("""{"choices":[1],"created":1,"model":"m","object":"c"}""", "renamed-member")]
    [InlineData("""{"choices":[ {"index":0,"delta":{},"finish_reason":"stop"} ],"created":1,"model":"m","object":"c","other":[ {"a":1}]}""", "renamed-member")]
    [InlineData("""{"choices":[],"created":"yesterday","model":"m","object":"c"}""", "renamed-member")]
    [InlineData("""{"choices":[],"created":null,"model":"m","object":"c"}""", "renamed-member")]
    [InlineData("""{"choices":[],"created":1,"model":1,"object":"c"}""", "renamed-member")]
    [InlineData("""{"choices":[],"created":1,"model":"m","object":"c","system_fingerprint":{}}""", "renamed-member")]
    [InlineData("""{"choices":[],"created":1,"model":"m","object":"c","prompt_token_ids":[ {"index":0}]}""", "renamed-member")]
    [InlineData("""{"choices":[],"created":1,"model":"m"}""", "payload-missing")]
    [InlineData("""{"error":[{"index":0,"delta":{"content":"hidden"}}]}""", "renamed-member")]
    [InlineData("""{"error":"hidden"}""", "renamed-member")]
    [InlineData("""{"error":{"content":"hidden"}}""", "renamed-member")]
    [InlineData("""{"error":{"\ud800":1}}""", "renamed-member")]
    [InlineData("""{"error":{"message":"busy"}}""", "service Other")]
    [InlineData(
        """{"choices":[],"created":1,"model":"m","object":"c","system_fingerprint":null,"service_tier":"default","error":null,"new":{"a":[1]}}""",
        null)]
    public void Event_OfThisShape_IsTakenOrNot(string odd, string? failure) =>
        Assert.Equal(failure, Open([.. Sealed(), _enclave.Document(odd)]).Failure);

    /// <summary>The position of a choice in its event tells which one it is only if all of them are there.</summary>
    [Theory]
    [InlineData("null", "not-json")]
    [InlineData("0", "truncated-stream")]
    public void Choice_OfSeveralWithoutAnIndex_IsNotTreatedAsTheFirst(string index, string failure)
    {
        DecryptedEvents opened = _enclave.Open(
            new ChoiceEventRules(EndpointRules.ChatCompletions, 2, "sdk_0"),
            $"data: {Seal($$"""[{"index":{{index}},"delta":{"content":"a"},"finish_reason":"stop"}]""")}\n\n{Done}");

        Assert.Equal(failure, opened.Failure);
        Assert.Equal(index == "0", opened.Output.Contains("\"a\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Choices_WithoutAnIndexInOneEvent_AreInOrder()
    {
        DecryptedEvents opened = _enclave.Open(
            new ChoiceEventRules(EndpointRules.ChatCompletions, 2, "sdk_0"),
            $"data: {Seal("""[{"index":null,"delta":{"content":"a"},"finish_reason":"stop"},{"index":null,"delta":{},"finish_reason":"stop"}]""")}\n\n{Done}");

        Assert.Null(opened.Failure);
        Assert.Contains("\"index\":1", opened.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"index":0,"delta":{"content":"a"},"logprobs":null,"finish_reason":null,"token_ids":null}""", true)]
    [InlineData("""{"index":0,"delta":{"reasoning":"a","reasoning_content":"b","content":null,"role":null},"finish_reason":null}""", true)]
    [InlineData("""{"index":0,"text":"a","finish_reason":null}""", true)]
    [InlineData("""{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}""", false)]
    [InlineData("""{"index":0,"delta":{"content":["a"]},"finish_reason":null}""", false)]
    [InlineData("""{"index":0,"delta":{"tool_calls":""},"finish_reason":null}""", false)]
    [InlineData("""{"index":"0","delta":{"content":"a"},"finish_reason":null}""", false)]
    [InlineData("""{"index":null,"delta":{"content":"a"},"finish_reason":null}""", false)]
    [InlineData("""{"index":0,"delta":{"content":"a"},"logprobs":{},"finish_reason":null}""", false)]
    [InlineData("""{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}""", false)]
    public void EventOfTextOnly_IsTold(string choice, bool isTextOnly)
    {
        ChoiceReader reader = new();
        Assert.True(reader.TryRead(Encoding.UTF8.GetBytes($"[{choice}]")));
        Assert.Equal(isTextOnly, reader.HasTextOnly);
        Assert.Equal(isTextOnly, TextOnly($"[{choice},{choice}]"));
        Assert.Equal(isTextOnly, TextOnly("""[{"index":0,"delta":{"content":"a"}},""" + choice + "]"));
    }

    /// <summary>Events of texts only skip what corrects choices, so it must have nothing to do in any of them.</summary>
    [Fact]
    public void EventOfTextOnly_HasNothingToCorrect()
    {
        string[] values = ["null", "\"\"", "\"a\"", "\"stop\"", "0", "1.0", "true", "false", "[]", "[1]", "{}", "{\"content\":[]}"];
        string[] names = ["index", "delta", "message", "text", "logprobs", "finish_reason", "role", "tool_calls", "x"];
        string[] inDelta =
            ["role", "content", "reasoning", "reasoning_content", "refusal", "tool_calls", "function_call", "audio", "annotations", "index", "x"];
        int skipped = 0;
        using AnswerBench bench = new();
        foreach (string choices in names.SelectMany(name => values, (name, value) => $"[{{\"index\":0,\"{name}\":{value}}}]")
            .Concat(inDelta.SelectMany(name => values, (name, value) => $"[{{\"delta\":{{\"content\":\"a\",\"{name}\":{value}}},\"index\":0}}]"))
            .Where(TextOnly))
        {
            skipped++;
            string document = $$"""{"choices":{{choices}}}""";
            Assert.Equal(document, bench.Normalize(document, isEvent: true));
        }

        Assert.InRange(skipped, 20, 60);
    }

    [Fact]
    public void FaultAmongManyEventsInOneRead_LeavesThoseBeforeIt()
    {
        const int Count = 60;
        const int Bad = 37;
        string[] documents =
            [.. Enumerable.Range(0, Count).Select(i => ChoiceStream.DeltaJson(i.ToString(CultureInfo.InvariantCulture)))];
        string[] events = [.. documents.Select(document => _enclave.Document(document))];
        events[Bad] = events[Bad][..^4] + (events[Bad][^4] == '0' ? '1' : '0') + events[Bad][^3..];

        DecryptedEvents opened = Open(events);

        Assert.Equal(
            new DecryptedEvents(string.Concat(documents[..Bad].Select(document => $"data: {document}\n\n")), "not-authentic", false), opened);
    }

    private static bool TextOnly(string choices)
    {
        ChoiceReader reader = new();
        return reader.TryRead(Encoding.UTF8.GetBytes(choices)) && reader.HasTextOnly;
    }

    private static string Renamed(string encryptedEvent, params string[] names)
    {
        foreach ((string name, string newName) in ((string[])["choices", "created", "model", "object"]).Zip(names))
        {
            encryptedEvent = encryptedEvent.Replace($"\"{name}\":", $"\"{newName}\":", StringComparison.Ordinal);
        }

        return encryptedEvent;
    }

    private string[] Sealed() =>
    [
        .. Story.Select(delta => Seal($$"""[{"index":0,"delta":{{delta}},"finish_reason":null}]""")),
        Seal("""[{"index":0,"delta":{},"finish_reason":"stop"}]"""),
    ];

    private string Seal(string choices) => _enclave.Document($$"""{"object":"chat.completion.chunk","created":1,"model":"m","choices":{{choices}}}""");

    private DecryptedEvents Open(string[] events, EndpointRule? rule = null) => _enclave.Open(
        new ChoiceEventRules(rule ?? EndpointRules.ChatCompletions, 1, "sdk_0"), string.Concat(events.Select(document => $"data: {document}\n\n")) + Done);
}
