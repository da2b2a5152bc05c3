using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Models;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Clear members of answers: anybody on the way can write them, so what they cannot be is treated as absent, and so is text
/// that is not safe to print.</summary>
public sealed class ClearMembersTests : IDisposable
{
    private const string Members = "\"object\":\"c\",\"created\":1,\"model\":\"m\"";
    private const string Piece = $$$"""{"id":ID,{{{Members}}},"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}""";
    private const string Finish = $$$"""{"id":ID,{{{Members}}},"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""";
    private const string Usage = $$$"""{"id":ID,{{{Members}}},"choices":[],"usage":USAGE}""";

    private static readonly ClearNames Plain = new("id", "type", "usage", "duration");

    private readonly AnsweringNetwork _network = new();
    private readonly AnswerSealer _enclave = new();

    /// <summary>Raw JSON of ids that no log should see.</summary>
    public static TheoryData<string> UnsafeIds =>
    [
        """
        "x\u001B[2K\r\n2026-01-01 ERROR forged\u202E"
        """,
        "\"x\u202E\"",
        "\"\u007f\"",
        "\"é\"",
        """
        "\ud800"
        """,
        $"\"{new string('x', 129)}\"",
        $"\"{string.Concat(Enumerable.Repeat("\\u0078", 129))}\"",
    ];

    public void Dispose()
    {
        _network.Dispose();
        _enclave.Dispose();
    }

    [Theory]
    [MemberData(nameof(UnsafeIds))]
    public async Task Answer_IdThatIsNotSafeToPrint_IsTreatedAsAbsent(string id)
    {
        foreach ((string path, string answer) in Answers())
        {
            string text = await SendAsync(path, $$"""{"id":{{id}},{{answer[1..]}}""");
            Assert.Equal(answer, text);
        }
    }

    [Theory]
    [MemberData(nameof(UnsafeIds))]
    public void Stream_IdThatIsNotSafeToPrint_IsTreatedAsAbsent(string id)
    {
        DecryptedEvents opened = _enclave.Open(new ChoiceEventRules(EndpointRules.ChatCompletions, 1, "sdk_0"), Stream(id, "null"));
        Assert.Null(opened.Failure);
        Assert.DoesNotContain("\"id\"", opened.Output, StringComparison.Ordinal);
        Assert.StartsWith("data: " + Piece.Replace("\"id\":ID,", "", StringComparison.Ordinal), opened.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"chatcmpl-0123abc\"")]
    [InlineData("\"\\u0041\\/ ~\"")]
    public void Stream_IdThatIsSafeToPrint_Stays(string id)
    {
        id = id.Length > 6 ? id : $"\"{new string('x', 128)}\"";
        DecryptedEvents opened = _enclave.Open(new ChoiceEventRules(EndpointRules.ChatCompletions, 1, "sdk_0"), Stream(id, "null"));
        Assert.Contains($"\"id\":{id}", opened.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_IdWithControlCharacters_IsNoResponseId()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        await using PrivatemodeClient client = deployment.CreateClient();
        const string Id = """
            "x\u001B[2K\r\n ERROR forged\u202E"
            """;
        deployment.Model.Reply("").WithRawJson(
            $$$"""{"id":{{{Id}}},{{{Members}}},"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}""");
        ChatResponse response = await client.AsIChatClient("gemma-3-27b").GetResponseAsync("hi").OrTimeout();
        Assert.Equal("hi", response.Text);
        Assert.Null(response.ResponseId);
    }

    [Fact]
    public void ModelList_TextWithControlCharacters_IsTreatedAsAbsent()
    {
        IReadOnlyList<ModelInfo> models = ModelListReader.Read(BinaryData.FromString(
            """{"data":[{"id":"m","owned_by":"x\u001B[2K","tasks":["generate","forged\r\n","a\u202Eb"]}]}"""));
        ModelInfo model = Assert.Single(models);
        Assert.Null(model.OwnedBy);
        Assert.Equal(["generate"], model.Tasks);
    }

    [Theory]
    [InlineData("""{"error":{"message":"no\u001B[2K\r\n2026 ERROR forged\u202Eabc","code":"x\u001By"}}""", "no [2K  2026 ERROR forged abc", null)]
    [InlineData("""{"error":{"message":"Ungültig","code":"bad_request"}}""", "Ungültig", "bad_request")]
    public void PlainError_ControlCharacters_AreNotTakenOver(string body, string message, string? code)
    {
        PrivatemodeServiceException exception = Assert.IsType<PrivatemodeServiceException>(PlainError(body));
        Assert.Equal((message, code), (exception.ServerMessage, exception.ErrorCode));
    }

    [Theory]
    [InlineData("id", "5", null)]
    [InlineData("id", "{}", null)]
    [InlineData("usage", "\"many\"", "null")]
    [InlineData("usage", """{"total_tokens":-1}""", "null")]
    [InlineData("usage", """{"total_tokens":"many","prompt_tokens":1}""", """{"prompt_tokens":1}""")]
    [InlineData("usage", """{"note":"a sentence of a stranger","prompt_tokens":1}""", """{"prompt_tokens":1}""")]
    [InlineData("usage", """{"x\u001B[2K\r\n ERROR forged":1,"prompt_tokens":1}""", """{"prompt_tokens":1}""")]
    [InlineData("usage", """{"prompt_tokens_details":{"\u202E":1},"total_tokens":2}""", """{"prompt_tokens_details":{},"total_tokens":2}""")]
    public async Task ClearMember_OfAnotherType_IsTreatedAsAbsentInWholeAnswers(string name, string value, string? left)
    {
        foreach ((string path, string answer) in Answers())
        {
            string text = await SendAsync(path, $$"""{"{{name}}":{{value}},{{answer[1..]}}""");
            Assert.Equal(left is null ? answer : $$"""{"{{name}}":{{left}},{{answer[1..]}}""", text);
        }
    }

    [Fact]
    public async Task Duration_OfAnotherType_IsTreatedAsAbsentInWholeAnswers()
    {
        foreach (string value in (string[])["\"a sentence\"", "-1", "true", "\"1e99\"", "null"])
        {
            Assert.Equal("""{"text":"hi"}""", await SendAsync("/v1/audio/transcriptions", $$"""{"duration":{{value}},"text":"hi"}"""));
        }
    }

    [Fact]
    public void ClearMember_OfAnotherType_DoesNotBreakStreamsOfChoicesAndTranscriptions()
    {
        foreach ((string id, string usage) in ((string, string)[])[("5", "null"), ("\"x\"", "\"many\""), ("\"x\"", """{"total_tokens":-1}""")])
        {
            foreach (EventRules rules in (EventRules[])
            [
                new ChoiceEventRules(EndpointRules.ChatCompletions, 1, "sdk_0"), new ChoiceEventRules(EndpointRules.Completions, 1, "sdk_0"),
            ])
            {
                AssertWhole(_enclave.Open(rules, Stream(id, usage)));
            }

            // Of transcriptions the id is encrypted.
            if (usage != "null")
            {
                AssertWhole(_enclave.Open(
                    new TranscriptionEventRules("sdk_0", true, false), Stream("\"x\"", usage, EndpointRules.Transcriptions.Answer!.Plain)));
            }
        }

        static void AssertWhole(DecryptedEvents opened)
        {
            Assert.Equal((null, true), (opened.Failure, opened.IsEnded));
            Assert.DoesNotContain("\"id\":5", opened.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("many", opened.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("-1", opened.Output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("\"id\":5")]
    [InlineData("\"usage\":\"many\"")]
    public void ClearMember_OfAnotherType_DoesNotBreakStreamsOfMessages(string odd)
    {
        string start = _enclave.Document($$$"""{"type":"message_start","message":{"id":"m"},{{{odd}}}}""", Plain);
        DecryptedEvents opened = _enclave.Open(new MessageEventRules("sdk_0"), $"data: {start}\n\n");
        Assert.StartsWith("event: message_start\n", opened.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(odd, opened.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Header_ThatIsNotSafeToPrint_IsTreatedAsAbsent()
    {
        using HttpResponseMessage response = new() { Content = new StringContent("x") };
        foreach ((string name, string value) in ((string, string)[])
        [
            ("x-request-id", "x\u001b[2K ERROR forged"), ("x-long", new string('x', 129)), ("x-other", "\u202e"),
            ("x-trace", "0123-abc"), ("Retry-After", "3"), ("x-edge", new string('x', 128)),
        ])
        {
            Assert.True(response.Headers.TryAddWithoutValidation(name, value));
        }

        EncryptedCallTransport.DropUnsafeHeaders(response);
        Assert.Equal(["Retry-After", "x-edge", "x-trace"], response.Headers.Select(header => header.Key).Order(StringComparer.OrdinalIgnoreCase));
        Assert.Equal("text/plain", response.Content.Headers.ContentType?.MediaType);
    }

    private static PrivatemodeException PlainError(string body)
    {
        return ServiceErrors.From(ServiceError.Read(400, Encoding.UTF8.GetBytes(body)));
    }

    /// <summary>Paths and answers of which the given members are clear.</summary>
    private static IEnumerable<(string Path, string Answer)> Answers() =>
    [
        ("/v1/chat/completions", $$$"""{{{{Members}}},"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}"""),
        ("/v1/completions", $$$"""{{{{Members}}},"choices":[{"index":0,"text":"hi","finish_reason":"stop"}]}"""),
        ("/v1/embeddings", $$$"""{{{{Members}}},"data":[{"index":0,"embedding":[1]}]}"""),
        ("/v1/messages", """{"content":[{"type":"text","text":"hi"}],"model":"m","role":"assistant","stop_reason":"end_turn","type":"message"}"""),
    ];

    private string Stream(string id, string usage, ClearNames? plain = null) => string.Concat(((string[])[Piece, Finish, Usage]).Select(document =>
        $"data: {_enclave.Document(
            document.Replace("ID", id, StringComparison.Ordinal).Replace("USAGE", usage, StringComparison.Ordinal), plain)}\n\n")) + "data: [DONE]\n\n";

    private async Task<string> SendAsync(string path, string answer)
    {
        using JsonDocument document = JsonDocument.Parse(answer);
        (_, string text, _) = await _network.SendAsync(path, Body(path), 200, seal =>
        {
            // Sealed in the order of their names, written in the order they were given.
            Dictionary<string, string> values = document.RootElement.EnumerateObject()
                .Where(member => !Plain.Contains(Encoding.UTF8.GetBytes(member.Name))).OrderBy(member => member.Name, StringComparer.Ordinal)
                .ToDictionary(member => member.Name, member => seal(member.Value.GetRawText()));
            return $"{{{string.Join(",", document.RootElement.EnumerateObject().Select(
                member => $"\"{member.Name}\":{(values.TryGetValue(member.Name, out string? value) ? value : member.Value.GetRawText())}"))}}}";
        });
        return text;
    }

    private static HttpContent Body(string path) => path switch
    {
        "/v1/audio/transcriptions" =>
            new MultipartFormDataContent { { new StringContent("whisper"), "model" }, { new ByteArrayContent(new byte[100]), "file", "a.wav" } },
        "/v1/embeddings" => Json("""{"model":"m","input":["hi"]}"""),
        "/v1/completions" => Json("""{"model":"m","prompt":"hi"}"""),
        _ => Json("""{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}"""),
    };

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");
}
