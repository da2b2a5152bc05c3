using System.Text;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Answers;

/// <summary>Whole answers and errors under a status and names that somebody without keys wrote.</summary>
public sealed class RelabelledAnswerTests : IDisposable
{
    private const string Chat = "/v1/chat/completions";
    private const string Messages = "/v1/messages";
    private const string Transcriptions = "/v1/audio/transcriptions";
    private const string Embeddings = "/v1/embeddings";
    private const string Choices = """[{"index":0,"message":{"role":"assistant","content":"CONTENT"},"finish_reason":"stop"}]""";
    private const string Blocks = """[{"type":"text","text":"CONTENT"}]""";
    private const string Element = """{"type":"Title","element_id":"1","text":"CONTENT","metadata":{}}""";

    private readonly AnsweringNetwork _network = new();

    public static TheoryData<string, int, string[]> Errors => new()
    {
        { Chat, 500, ["error", """{"message":"m","type":"t","param":null,"code":500}"""] },
        { Chat, 401, ["error", "\"m\""] },
        { Chat, 404, ["detail", "\"m\""] },
        { Chat, 422, ["detail", """[{"loc":["body","n"],"msg":"m","type":"t"}]"""] },
        { Chat, 400, ["detail", """{"message":"m"}"""] },
        { Chat, 400, ["code", "400", "message", "\"m\"", "object", "\"error\"", "param", "null", "type", "\"t\""] },
        { Transcriptions, 400, ["error", """{"message":"m","code":400}"""] },
        { Transcriptions, 400, ["code", "400", "message", "\"m\"", "object", "\"error\"", "param", "null", "type", "\"t\""] },
        { Messages, 400, ["error", """{"type":"invalid_request_error","message":"m"}"""] },
    };

    public static TheoryData<string, int, string[]> Answers => new()
    {
        { Chat, 200, ["error", Choices, "f", "1"] },
        { Chat, 200, ["error", "\"CONTENT\""] },
        { Chat, 200, ["a", Choices, "choices", "[1]"] },
        { Chat, 200, ["a", Choices, "choices", "[]"] },
        { Chat, 200, ["a", Choices, "choices", "[]", "created", "1", "model", "\"m\"", "object", "\"c\""] },
        { Chat, 200, ["choices", "[null]", "created", "1", "model", "\"m\"", "object", "\"c\""] },
        { Chat, 200, ["choices", Choices, "created", "\"m\"", "model", "\"m\"", "object", "\"c\""] },
        { "/unstructured/general/v0/general", 200, ["\"CONTENT\""] },
        { Chat, 500, ["choicez", Choices, "created", "1"] },
        { Chat, 500, ["error", Choices] },
        { Chat, 500, ["detail", Choices] },
        { Chat, 500, ["a", Choices, "message", "\"m\""] },
        { Chat, 500, ["detail", """{"text":"CONTENT"}"""] },
        { Embeddings, 200, ["a", """[{"index":0,"embedding":[1]}]""", "data", "[]"] },
        { Embeddings, 500, ["a", """[{"index":0,"embedding":[1]}]""", "detail", "\"m\""] },
        { Transcriptions, 400, ["detail", "\"CONTENT\""] },
        { Transcriptions, 400, ["error", "\"CONTENT\""] },
        { Transcriptions, 400, ["message", "\"CONTENT\""] },
        { Transcriptions, 400, ["a", "\"en\"", "b", "[]", "message", "\"CONTENT\""] },
        { Transcriptions, 200, ["error", "\"CONTENT\""] },
        { Messages, 200, ["content", Blocks, "model", "\"m\"", "role", "\"assistant\""] },
        { Messages, 200, ["content", Blocks, "model", "\"m\"", "role", "\"assistant\"", "stop_reason", "null"] },
        { Messages, 200, ["content", Blocks, "model", "\"m\"", "role", "\"assistant\"", "s", "\"max_tokens\"", "stop_reason", "null"] },
        { Messages, 200, ["content", Blocks, "model", "\"m\"", "stop_reason", "\"assistant\"", "z", "\"max_tokens\""] },
        { Messages, 200, ["content", Blocks, "model", "\"m\"", "role", "\"max_tokens\"", "stop_reason", "\"assistant\""] },
        { Messages, 200, ["content", Blocks, "model", "\"m\"", "role", "\"assistant\"", "stop_reason", "\"\""] },
        { Messages, 500, ["error", """{"id":"m","content":[{"text":"CONTENT"}]}"""] },
        { "/unstructured/general/v0/general", 422, ["error", Element] },
        { "/unstructured/general/v0/general", 422, ["detail", Element] },
        { "/unstructured/general/v0/general", 422, ["a", Element, "message", Element] },
    };

    public void Dispose() => _network.Dispose();

    [Theory]
    [MemberData(nameof(Errors))]
    public async Task Send_EncryptedError_IsPassedOnAsAuthentic(string path, int status, string[] members)
    {
        (int received, string text, bool isAuthenticated) = await _network.SendAsync(path, Body(path), status, seal => Document(members, seal));
        Assert.Equal((status, true), (received, isAuthenticated));
        Assert.Contains("\"m\"", text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Send_ContentUnderAnotherName_IsNoErrorAndNoAnswer(string path, int status, string[] members)
    {
        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(
            () => _network.SendAsync(path, Body(path), status, seal => Document(members, seal)));
        Assert.Contains(exception.ErrorType, status == 200 ? (string[])["renamed-member", "payload-missing"] : ["relabelled-answer"]);
        Assert.DoesNotContain("CONTENT", exception.ToString(), StringComparison.Ordinal);
    }

    // What web frameworks answer by themselves where a model server has no such endpoint: to relabel a recording that says this gains nobody anything.
    [Theory]
    [InlineData(404, "detail", "Not Found", true)]
    [InlineData(405, "detail", "Method Not Allowed", true)]
    [InlineData(401, "error", "Unauthorized", true)]
    [InlineData(404, "detail", "Unauthorized", false)]
    [InlineData(418, "detail", "", false)]
    public async Task Transcribe_PhraseOfTheStatus_IsAnError(int status, string name, string phrase, bool isError)
    {
        Task<(int Status, string Text, bool IsAuthenticated)> sending =
            _network.SendAsync(Transcriptions, Body(Transcriptions), status, seal => Document([name, $"\"{phrase}\""], seal));
        if (isError)
        {
            Assert.Equal((status, $$"""{"{{name}}":"{{phrase}}"}""", true), await sending);
            return;
        }

        Assert.Equal("relabelled-answer", (await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => sending)).ErrorType);
    }

    // Read as an error in the clear, it could say anything.
    [Fact]
    public async Task Send_EncryptedErrorThatWasChanged_IsRefused()
    {
        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => _network.SendAsync(
            Chat, Body(Chat), 500, seal => Document(["error", "\"CONTENT\""], text => ChangeLastDigit(seal(text)))));
        Assert.NotEqual("relabelled-answer", exception.ErrorType);
    }

    [Fact]
    public async Task Send_FirstEventOfAStreamAsAnError_IsNone()
    {
        foreach ((string path, string[] members) in ((string, string[])[])
        [
            (Transcriptions, ["choices", """[{"delta":{"content":"CONTENT"},"finish_reason":null}]""", "object", "\"transcription.chunk\""]),
            (Transcriptions, ["detail", "\"CONTENT\"", "type", "\"transcript.text.delta\""]),
            (Chat, ["choicez", """[{"index":0,"delta":{"content":"CONTENT"}}]""", "created", "1"]),
        ])
        {
            PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => _network.SendAsync(
                path, Body(path), 500, seal => $"data: {Document(members, seal)}\n\ndata: [DONE]\n\n", "text/event-stream"));
            Assert.Equal("relabelled-answer", exception.ErrorType);
        }
    }

    [Theory]
    [InlineData(Choices, null)]
    [InlineData("""[{"index":0,"message":{"content":"one"}},{"index":1,"message":{"content":"two"}}]""", "choice-count")]
    public async Task Send_MoreChoicesThanWereAskedFor_AreRefused(string choices, string? failure)
    {
        // The first prompt token has no probabilities: this list is no renamed content.
        Exception? exception = await Record.ExceptionAsync(() => _network.SendAsync(
            Chat, Body(Chat), 200, seal => Document(
                ["choices", choices, "created", "1", "model", "\"m\"", "object", "\"c\"", "prompt_logprobs", """[null,{"1":{"rank":1}}]"""], seal)));
        Assert.Equal(failure, (exception as PrivatemodeIntegrityException)?.ErrorType);
        Assert.Equal(failure is null, exception is null);
    }

    [Fact]
    public async Task Send_WholeMessageOfAnotherClearType_IsRefused()
    {
        string[] members = ["content", Blocks, "model", "\"m\"", "role", "\"assistant\"", "stop_reason", "\"end_turn\""];
        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => _network.SendAsync(
            Messages, Body(Messages), 200, seal => Document(members, seal).Replace("\"type\":\"message\"", "\"type\":\"ping\"", StringComparison.Ordinal)));
        Assert.Equal("bad-plain-member", exception.ErrorType);
    }

    [Fact]
    public async Task Send_WholeMessageWithItsReason_IsPassedOn()
    {
        (_, string text, bool isAuthenticated) = await _network.SendAsync(Messages, Body(Messages), 200, seal => Document(
            ["content", Blocks, "model", "\"m\"", "role", "\"assistant\"", "stop_reason", "\"max_tokens\"", "stop_sequence", "null"], seal));
        Assert.True(isAuthenticated);
        Assert.Contains("\"stop_reason\":\"max_tokens\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Transcribe_LanguagePassedOffAsTheText_IsRefused()
    {
        (string, string)[] times = [("response_format", "verbose_json"), ("language", "en")];
        (_, string text, _) = await _network.SendAsync(Transcriptions, Form(times), 200, seal => Document(
            ["language", "\"en\"", "segments", "[]", "text", "\"CONTENT\"", "words", "null"], seal));
        Assert.Contains("CONTENT", text, StringComparison.Ordinal);
        Assert.Equal("payload-missing", (await Assert.ThrowsAsync<PrivatemodeIntegrityException>(
            () => _network.SendAsync(Transcriptions, Form(times), 200, seal => Document(["text", "\"en\""], seal)))).ErrorType);
    }

    private static string ChangeLastDigit(string encryptedValue) => $"{encryptedValue[..^2]}{(encryptedValue[^2] == '0' ? '1' : '0')}{encryptedValue[^1]}";

    private static HttpContent Body(string path) => path switch
    {
        Transcriptions => Form(),
        "/unstructured/general/v0/general" => new MultipartFormDataContent { { new ByteArrayContent(new byte[100]), "files", "a.pdf" } },
        Embeddings => Json("""{"model":"m","input":["hi"]}"""),
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

    /// <summary>A document of names and sealed values, which open in the order they stand in, with the clear type of a message.</summary>
    private static string Document(string[] members, Func<string, string> seal)
    {
        if (members.Length == 1)
        {
            return $"[{seal(members[0])}]";
        }

        IEnumerable<string> values = members.Chunk(2).Select(pair => $"\"{pair[0]}\":{seal(pair[1])}").ToList();
        bool isMessage = members.Contains("content");
        return $"{{{string.Join(",", isMessage ? [.. values, "\"type\":\"message\""] : values)}}}";
    }
}
