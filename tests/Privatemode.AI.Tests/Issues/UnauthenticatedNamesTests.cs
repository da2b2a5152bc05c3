using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Names of members and of events are not authenticated: nothing of an answer may depend on one that a hop invents.</summary>
public sealed class UnauthenticatedNamesTests : IDisposable
{
    private const string Chat = "/v1/chat/completions";
    private const string Completions = "/v1/completions";
    private const string Embeddings = "/v1/embeddings";
    private const string Messages = "/v1/messages";
    private const string Transcriptions = "/v1/audio/transcriptions";
    private const string Verbose = Transcriptions + "?verbose_json";
    private const string Choice = """[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]""";
    private const string Piece = """{"id":"x","object":"c","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}""";
    private const string Finish = """{"id":"x","object":"c","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""";
    private const string UsageEvent = """{"id":"x","object":"c","created":1,"model":"m","choices":[]}""";

    private readonly AnsweringNetwork _network = new();
    private readonly AnswerSealer _enclave = new();

    /// <summary>What v1.40 always sends sealed in whole answers; see docs/endpoints.md.</summary>
    private static readonly Dictionary<string, (string Name, string Value)[]> Always = new()
    {
        [Chat] = [("choices", Choice), ("created", "1"), ("model", "\"m\""), ("object", "\"chat.completion\"")],
        [Completions] = [("choices", """[{"index":0,"text":"hi","finish_reason":"stop"}]"""),
            ("created", "1"), ("model", "\"m\""), ("object", "\"text_completion\"")],
        [Embeddings] = [("created", "1"), ("data", """[{"index":0,"embedding":[1]}]"""), ("model", "\"m\""), ("object", "\"list\"")],
        [Messages] = [("content", """[{"type":"text","text":"hi"}]"""), ("model", "\"m\""), ("role", "\"assistant\""), ("stop_reason", "\"end_turn\"")],
        [Transcriptions] = [("text", "\"hi\"")],
        [Verbose] = [("language", "\"en\""), ("segments", "[]"), ("text", "\"hi\""), ("words", "null")],
    };

    public static TheoryData<string> Endpoints => [.. Always.Keys];

    public static TheoryData<string, string> Members
    {
        get
        {
            TheoryData<string, string> members = [];
            foreach ((string endpoint, (string Name, string Value)[] always) in Always)
            {
                foreach ((string name, _) in always)
                {
                    members.Add(endpoint, name);
                }
            }

            return members;
        }
    }

    public void Dispose()
    {
        _network.Dispose();
        _enclave.Dispose();
    }

    [Fact]
    public async Task Transcribe_TaskRenamedToText_IsRefused()
    {
        // What was sealed: language, segments, task, text, words. The last two were dropped, and the task got the name of the text.
        await AssertBrokenAsync(Verbose, [("language", "\"en\""), ("segments", "[]"), ("text", "\"transcribe\"")]);
        await AssertBrokenAsync(Verbose, [("language", "\"en\""), ("segments", "[]"), ("text", "\"transcribe\""), ("words", "\"the text\"")]);

        // The text got a name that nobody reads.
        await AssertBrokenAsync(
            Verbose, [("language", "\"en\""), ("segments", "[]"), ("text", "\"transcribe\""), ("tf", "\"the text\""), ("words", "null")]);
        await AssertBrokenAsync(Transcriptions, [("text", "\"transcribe\""), ("tf", "\"the text\"")]);
    }

    [Fact]
    public async Task Messages_StopSequenceRenamedToStopReason_IsRefused() => await AssertBrokenAsync(Messages,
        [("content", "[]"), ("model", "\"m\""), ("role", "\"assistant\""), ("s", "\"stop_sequence\""), ("stop_reason", "\"end_turn\"")]);

    [Fact]
    public async Task Transcribe_TextOfAnUnknownNameBeforeTheText_IsDropped() => Assert.Equal(
        """{"language":"en","segments":[],"text":"hi","words":null}""",
        await SendAsync(Verbose, [("language", "\"en\""), ("segments", "[]"), ("task", "\"transcribe\""), ("text", "\"hi\""), ("words", "null")]));

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task Answer_WithWhatTheServiceAlwaysSends_IsPassedOnWithoutUnknownMembers(string endpoint)
    {
        string text = await SendAsync(endpoint, [.. Always[endpoint], ("zz_unknown", """{"a":"CONTENT"}""")]);
        Assert.DoesNotContain("CONTENT", text, StringComparison.Ordinal);
        Assert.DoesNotContain("zz_unknown", text, StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(text);
        foreach ((string name, string value) in Always[endpoint])
        {
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(value), JsonNode.Parse(document.RootElement.GetProperty(name).GetRawText())), name);
        }
    }

    [Theory]
    [MemberData(nameof(Members))]
    public async Task Answer_WithoutAMemberTheServiceAlwaysSends_IsRefused(string endpoint, string name) =>
        await AssertBrokenAsync(endpoint, [.. Always[endpoint].Where(member => member.Name != name), ("zz_other", "1")]);

    [Theory]
    [MemberData(nameof(Members))]
    public async Task Answer_WithAMemberOfAnotherKind_IsRefused(string endpoint, string name) =>
        await AssertBrokenAsync(endpoint, [.. Always[endpoint].Select(member => member.Name == name ? (name, "true") : member)]);

    [Theory]
    [InlineData("created")]
    [InlineData("model")]
    [InlineData("object")]
    public void Event_WithoutAMemberTheServiceAlwaysSends_BreaksTheStream(string name)
    {
        foreach (EventRules rules in AllRules())
        {
            JsonObject piece = (JsonObject)JsonNode.Parse(Piece)!;
            piece.Remove(name);
            Assert.Equal("payload-missing", _enclave.Open(rules, Stream(rules, [piece.ToJsonString(), Finish, UsageEvent])).Failure);
        }
    }

    [Fact]
    public void Event_UnknownMember_IsDropped()
    {
        foreach (EventRules rules in AllRules())
        {
            JsonObject piece = (JsonObject)JsonNode.Parse(Piece)!;
            piece.Insert(0, "aa_unknown", "CONTENT");
            piece.Add("zz_unknown", new JsonObject { ["text"] = "CONTENT" });
            DecryptedEvents opened = _enclave.Open(rules, Stream(rules, [piece.ToJsonString(), Finish, UsageEvent]));
            Assert.Null(opened.Failure);
            Assert.DoesNotContain("CONTENT", opened.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("unknown", opened.Output, StringComparison.Ordinal);
            Assert.StartsWith($"data: {Piece}\n\n", opened.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Stream_NameOfAnEventFromTheWire_IsDropped()
    {
        foreach (EventRules rules in AllRules())
        {
            string stream = Stream(rules, [Piece, Finish, UsageEvent]).Replace(
                "data:", "event: ping\nid: 7\nretry: 1\n: comment\ndata:", StringComparison.Ordinal);
            DecryptedEvents opened = _enclave.Open(rules, stream + "event: x y\n\nevent:\n");
            Assert.Equal((null, true), (opened.Failure, opened.IsEnded));
            Assert.All(opened.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.StartsWith("data: ", line, StringComparison.Ordinal));
        }
    }

    private static EventRules[] AllRules() =>
    [
        new ChoiceEventRules(EndpointRules.ChatCompletions, 1, "sdk_0"),
        new ChoiceEventRules(EndpointRules.Completions, 1, "sdk_0"),
        new TranscriptionEventRules("sdk_0", endsWithUsage: true, hidesUsage: false),
    ];

    private string Stream(EventRules rules, string[] events) =>
        string.Concat(events.Select(document => $"data: {_enclave.Document(document, rules.Shape.Plain)}\n\n")) + "data: [DONE]\n\n";

    private async Task AssertBrokenAsync(string endpoint, (string Name, string Value)[] members)
    {
        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => SendAsync(endpoint, members));
        Assert.Contains(exception.ErrorType, (string[])["payload-missing", "renamed-member"]);
    }

    private async Task<string> SendAsync(string endpoint, (string Name, string Value)[] members)
    {
        (_, string text, bool isAuthenticated) = await _network.SendAsync(endpoint.Split('?')[0], Body(endpoint), 200, seal =>
        {
            List<string> document = [.. members.Select(member => $"\"{member.Name}\":{seal(member.Value)}")];
            return $"{{{string.Join(",", endpoint == Messages ? [.. document, "\"type\":\"message\""] : document)}}}";
        });
        Assert.True(isAuthenticated);
        return text;
    }

    private static HttpContent Body(string endpoint) => endpoint switch
    {
        Transcriptions => Form(),
        Verbose => Form(("response_format", "verbose_json"), ("language", "en")),
        Embeddings => Json("""{"model":"m","input":["hi"]}"""),
        Completions => Json("""{"model":"m","prompt":"hi"}"""),
        _ => Json("""{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}"""),
    };

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static MultipartFormDataContent Form(params (string Name, string Value)[] fields)
    {
        MultipartFormDataContent form = new() { { new StringContent("whisper"), "model" }, { new ByteArrayContent(new byte[100]), "file", "a.wav" } };
        foreach ((string name, string value) in fields)
        {
            form.Add(new StringContent(value), name);
        }

        return form;
    }
}
