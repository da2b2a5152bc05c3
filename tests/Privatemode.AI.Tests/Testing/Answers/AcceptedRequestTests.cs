using System.Text;
using System.Text.Json;
using Privatemode.AI.Internal;
using Privatemode.AI.Testing;

namespace Privatemode.AI.Tests.Testing.Answers;

/// <summary>The test deployment takes what the service takes, also where the client is stricter, and answers as the model server does.</summary>
public sealed class AcceptedRequestTests : IAsyncLifetime
{
    private const string Salt = "\"ssssssssssssssssssssssssssssssss\"";
    private const string Hello = """[{"role":"user","content":"hi"}]""";

    private PrivatemodeTestDeployment _deployment = null!;
    private WireCaller _caller = null!;

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync();
        _caller = await WireCaller.ConnectAsync(_deployment);
    }

    public async Task DisposeAsync()
    {
        _caller.Dispose();
        await _deployment.DisposeAsync();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("the name of no secret")]
    public async Task SecretIdHeader_WithoutAPolicy_IsOnlyAHint(string? id)
    {
        HttpRequestMessage request = _caller.Post(WireCaller.Chat, ChatBody());
        _ = request.Headers.Remove(ProtocolHeaders.SecretId);
        if (id is not null)
        {
            request.Headers.Add(ProtocolHeaders.SecretId, id);
        }

        WireAnswer answer = await _caller.SendAsync(request);
        Assert.Equal(200, answer.Status);
        Assert.Equal("\"chat.completion\"", _caller.Open(answer, "id", "usage")["object"]);
    }

    [Fact]
    public async Task SecondSecret_InOneRequest_IsRefusedAndNamed()
    {
        using WireCaller other = await WireCaller.ConnectAsync(_deployment);
        WireAnswer answer = await _caller.SendAsync(_caller.Post(
            WireCaller.Chat, $$"""{"cache_salt":{{_caller.Encrypt(Salt, 0)}},"messages":{{_caller.EncryptAs(other, Hello, 1)}}}"""));
        Assert.Equal(500, answer.Status);
        Assert.Equal(
            "forwarding request: mutating request: mutating request: mutating request: mutating field \"messages\": deciphering input: "
                + $"multiple different IDs used for encrypting data: \"{_caller.Id}\" does not match \"{other.Id}\"",
            answer.ReadMessage());
    }

    [Fact]
    public async Task SecretOfTheValues_IsTheOneOfTheAnswer_WhateverTheHeaderSays()
    {
        using WireCaller other = await WireCaller.ConnectAsync(_deployment);
        HttpRequestMessage request = _caller.Post(WireCaller.Chat, ChatBody());
        _ = request.Headers.Remove(ProtocolHeaders.SecretId);
        request.Headers.Add(ProtocolHeaders.SecretId, other.Id);
        const string Policy = "rules=allow-good; revocation-time-not-before=1767225600";
        WireAnswer answer = await _caller.SendAsync(_caller.WithPolicy(request, Policy, other.Mac(Policy)));
        Assert.Equal(200, answer.Status);
        Assert.Contains("hi", _caller.Open(answer, "id", "usage")["choices"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Application/JSON")]
    [InlineData("application/json;charset=utf-8")]
    [InlineData("APPLICATION/JSON; charset=UTF-8; profile=x")]
    public async Task JsonContentType_ComparesWithoutCaseAndParameters(string contentType)
    {
        WireAnswer answer = await _caller.SendAsync(_caller.Post(WireCaller.Chat, ChatBody(), contentType));
        Assert.Equal(200, answer.Status);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/jsonx")]
    [InlineData(null)]
    public async Task OtherContentType_IsRefusedByTheModelServer_Encrypted(string? contentType)
    {
        WireAnswer answer = await _caller.SendAsync(_caller.Post(WireCaller.Chat, ChatBody(), contentType));
        Assert.Equal((400, "application/json", null), (answer.Status, answer.ContentType, answer.Encrypted));
        Assert.Contains("Unsupported Media Type", _caller.Open(answer)["error"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("MULTIPART/FORM-DATA; Boundary=the-boundary")]
    [InlineData("multipart/form-data;boundary=\"the-boundary\"")]
    [InlineData("multipart/mixed; charset=utf-8; boundary=the-boundary")]
    public async Task FormContentType_ComparesWithoutCase(string contentType)
    {
        string form = WireCaller.Form(("model", null, "whisper-large-v3"), ("file", "a.wav", _caller.Encrypt("RIFF", 0)));
        WireAnswer answer = await _caller.SendAsync(_caller.Post(WireCaller.Transcriptions, form, contentType));
        Assert.Equal(200, answer.Status);
        Assert.Equal("\"You sent 16 bytes\"", _caller.Open(answer, "duration", "usage")["text"]);
    }

    [Fact]
    public async Task RepeatedField_OnlyTheFirstIsTaken()
    {
        WireAnswer answer = await _caller.SendAsync(_caller.PostForm(
            ("timestamp_granularities[]", null, _caller.Encrypt("word", 1)),
            ("timestamp_granularities[]", null, "left out, so not even decrypted"),
            ("model", null, "whisper-large-v3"),
            ("model", null, "another"),
            ("language", null, _caller.Encrypt("de", 0)),
            ("file", "a.wav", _caller.Encrypt("RIFF", 2)),
            ("file", "b.wav", "left out too")));
        Assert.Equal(200, answer.Status);
        RecordedRequest request = _deployment.Requests[^1];
        Assert.Equal(
            ["file=RIFF", "language=de", "model=whisper-large-v3", "timestamp_granularities[]=word"],
            request.DecryptedFields.Select(field => $"{field.Key}={Encoding.UTF8.GetString(field.Value.Span)}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task File_ReachesTheModelServerUnderTheNameOfItsField()
    {
        WireAnswer answer = await _caller.SendAsync(_caller.PostForm(("model", null, "whisper-large-v3"), ("file", "mine.wav", _caller.Encrypt("RIFF", 0))));
        Assert.Equal(200, answer.Status);
        using JsonDocument opened = JsonDocument.Parse(_deployment.Requests[^1].DecryptedBody!);
        Assert.Equal(
            """{"filename":"file","content_type":"application/octet-stream","bytes":4}""", opened.RootElement.GetProperty("file").GetRawText());
    }

    [Theory]
    [InlineData("true")]
    [InlineData("True")]
    public async Task StreamedTranscription_HasUsage_WithoutRequestingIt(string stream)
    {
        WireAnswer answer = await _caller.SendAsync(_caller.PostForm(
            ("model", null, "whisper-large-v3"), ("stream", null, stream), ("stream_include_usage", null, "false"),
            ("file", "a.wav", _caller.Encrypt("RIFF", 0))));
        string[] events = [.. answer.Body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).SkipLast(1)];
        Assert.True(events.Length > 2);
        Assert.All(events, document => Assert.Contains("\"usage\":{\"prompt_tokens\":1,", document, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("srt", "false", "Currently only support response_format")]
    [InlineData("vtt", "true", "Currently only support response_format")]
    [InlineData("xml", "false", "Input should be")]
    [InlineData("verbose_json", "true", "support streaming case")]
    public async Task TranscriptionInAFormTheServerDoesNotWrite_IsRefused_Encrypted(string format, string stream, string message)
    {
        WireAnswer answer = await _caller.SendAsync(_caller.PostForm(
            ("model", null, "whisper-large-v3"), ("stream", null, stream), ("response_format", null, _caller.Encrypt(format, 0)),
            ("file", "a.wav", _caller.Encrypt("RIFF", 1))));
        Assert.Equal((400, null), (answer.Status, answer.Encrypted));
        Assert.Contains(message, _caller.Open(answer)["error"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task StreamOptions_BesideAStreamWrittenAsText_AreTaken()
    {
        string body = ChatBody().Replace("{", "{\"stream\":\"true\",\"stream_options\":{\"include_usage\":true},", StringComparison.Ordinal);
        Assert.Equal(200, (await _caller.SendAsync(_caller.Post(WireCaller.Chat, body))).Status);
    }

    [Fact]
    public async Task FormPart_WithoutAName_IsLeftOut()
    {
        string form = $"--{WireCaller.Boundary}\r\n\r\nno header at all\r\n"
            + WireCaller.Form(("model", null, "whisper-large-v3"), ("file", "a.wav", _caller.Encrypt("RIFF", 0)));
        WireAnswer answer = await _caller.SendAsync(_caller.Post(
            WireCaller.Transcriptions, form, $"multipart/form-data; boundary={WireCaller.Boundary}"));
        Assert.Equal(200, answer.Status);
        Assert.Equal(["file", "model"], _deployment.Requests[^1].DecryptedFields.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task EncryptedValue_InTheLiberalFormsTheServiceTakes_IsDecrypted()
    {
        string bare = _caller.Encrypt("RIFF", 0)[1..^1];
        string[] parts = bare.Split(':');
        string shouted = $"{parts[0]}:{parts[1].ToUpperInvariant()}:{parts[2].ToUpperInvariant()}:{parts[3].ToUpperInvariant()}";
        foreach (string value in (string[])[bare, $"\"\"{bare}\"\"", $"\"{shouted}\""])
        {
            WireAnswer answer = await _caller.SendAsync(_caller.PostForm(("model", null, "whisper-large-v3"), ("file", "a.wav", value)));
            Assert.Equal(200, answer.Status);
        }
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("an id with spaces/slashes", "an?id?with?spaces?slashes")]
    public async Task RequestId_Odd_IsTakenAndKeptAsTheServiceKeepsIt(string? sent, string? kept)
    {
        HttpRequestMessage request = _caller.Post(WireCaller.Chat, ChatBody());
        _ = request.Headers.Remove(ProtocolHeaders.UserRequestId);
        if (sent is not null)
        {
            request.Headers.Add(ProtocolHeaders.UserRequestId, sent);
        }

        Assert.Equal(200, (await _caller.SendAsync(request)).Status);
        Assert.Equal(kept, _deployment.Requests[^1].RequestId);
    }

    [Theory]
    [InlineData("POST", "/v1/responses")]
    [InlineData("POST", "/v1/audio/translations")]
    [InlineData("GET", "/v1/embeddings")]
    [InlineData("GET", "/v1/messages")]
    [InlineData("GET", "/")]
    public async Task UnknownEndpoint_IsAnsweredWithPlainUnmarkedText(string method, string path)
    {
        WireAnswer answer = await _caller.SendAsync(_caller.Bare(new HttpMethod(method), path));
        Assert.Equal(new WireAnswer(501, "unsupported endpoint\n", "text/plain; charset=utf-8", null, "nosniff"), answer);
    }

    [Fact]
    public async Task PlaintextThatIsNoJson_OfMessages_IsRefusedByTheModelServer_Encrypted()
    {
        WireAnswer answer = await _caller.SendAsync(_caller.Post(
            WireCaller.Messages, _caller.Body(("cache_salt", Salt), ("messages", "[{"))));
        Assert.Equal((400, null), (answer.Status, answer.Encrypted));
        Assert.Contains("JSON decode error", _caller.Open(answer)["error"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("multipart/form-data")]
    [InlineData("text/plain")]
    public async Task DocumentThatIsNoForm_IsRefusedByTheModelServer_Encrypted(string contentType)
    {
        WireAnswer answer = await _caller.SendAsync(_caller.Post(WireCaller.Documents, _caller.Encrypt("no form", 0), contentType));
        Assert.Equal((400, null), (answer.Status, answer.Encrypted));
        Assert.Equal("\"There was an error parsing the body\"", _caller.Open(answer)["detail"]);
    }

    [Theory]
    [InlineData("nope", "Malformed")]
    [InlineData("5", "NotAnObject")]
    [InlineData("""{"a":1,"a":2}""", "DuplicateName")]
    public async Task ScriptedAnswerThatIsNoJson_IsToldInTheAnswer(string json, string why)
    {
        _deployment.Model.Reply("").WithRawJson(json);
        WireAnswer answer = await _caller.SendAsync(_caller.Post(WireCaller.Chat, ChatBody()));
        Assert.Equal((500, $"The scripted answer is not usable JSON: {why}."), (answer.Status, answer.ReadMessage()));
    }

    [Fact]
    public async Task FileNamedInTheExtendedForm_IsAFile()
    {
        string form = WireCaller.Form(("model", null, "whisper-large-v3"), ("file", "x", _caller.Encrypt("RIFF", 0)))
            .Replace("filename=\"x\"", "filename*=UTF-8''r%C3%A9union.wav", StringComparison.Ordinal);
        WireAnswer answer = await _caller.SendAsync(_caller.Post(
            WireCaller.Transcriptions, form, $"multipart/form-data; boundary={WireCaller.Boundary}"));
        Assert.Equal(200, answer.Status);
    }

    [Fact]
    public async Task EmptyBody_IsRecordedAsNone()
    {
        Assert.Equal(500, (await _caller.SendAsync(_caller.Post(WireCaller.Chat, ""))).Status);
        Assert.Null(_deployment.Requests[^1].DecryptedBody);
    }

    [Theory]
    [InlineData(WireCaller.Embeddings, "dimensions", "1.5")]
    [InlineData(WireCaller.Embeddings, "dimensions", "-1")]
    [InlineData(WireCaller.Embeddings, "dimensions", "2000000000")]
    [InlineData(WireCaller.Embeddings, "dimensions", "\"x\"")]
    [InlineData(WireCaller.Embeddings, "encoding_format", "5")]
    [InlineData(WireCaller.Embeddings, "encoding_format", "\"hex\"")]
    [InlineData(WireCaller.Embeddings, "input", "5")]
    [InlineData(WireCaller.Embeddings, "input", "null")]
    [InlineData(WireCaller.Embeddings, "input", "[{}]")]
    [InlineData(WireCaller.Chat, "messages", "5")]
    [InlineData(WireCaller.Chat, "messages", "[5]")]
    [InlineData(WireCaller.Chat, "messages", """[{"role":5,"content":5}]""")]
    [InlineData(WireCaller.Messages, "messages", """[{"role":"user","content":[5,{"text":5}]}]""")]
    [InlineData(WireCaller.Completions, "prompt", "5")]
    [InlineData(WireCaller.Completions, "prompt", "[[1,2],[3]]")]
    [InlineData(WireCaller.Completions, "echo", "5")]
    public async Task OddParameter_IsAnswered_NeverWithAnEmptyError(string path, string name, string json)
    {
        (string Name, string Json)[] members = path == WireCaller.Embeddings ? [("input", "\"x\"")] : [("cache_salt", Salt), ("messages", Hello)];
        string body = _caller.Body([.. members.Where(member => member.Name != name), (name, json)]);
        body = path == WireCaller.Embeddings ? body.Replace(WireCaller.Model, "qwen3-embedding-4b", StringComparison.Ordinal) : body;
        WireAnswer answer = await _caller.SendAsync(_caller.Post(path, body));
        Assert.NotEmpty(answer.Body);
        Assert.Contains(answer.Status, (int[])[200, 400]);
        Assert.Null(answer.Encrypted);
    }

    [Theory]
    [InlineData("1.5")]
    [InlineData("0")]
    [InlineData("99999999999")]
    [InlineData("\"2\"")]
    public async Task NumberOfChoicesThatCannotBe_IsRefusedByTheModelServer(string n)
    {
        WireAnswer answer = await _caller.SendAsync(_caller.Post(
            WireCaller.Chat, ChatBody().Replace("{", $"{{\"n\":{n},", StringComparison.Ordinal)));
        Assert.Equal((400, null), (answer.Status, answer.Encrypted));
    }

    [Theory]
    [InlineData("language")]
    [InlineData("response_format")]
    public async Task FileInPlaceOfAField_IsRefusedByTheModelServer(string name)
    {
        WireAnswer answer = await _caller.SendAsync(_caller.PostForm(
            ("model", null, "whisper-large-v3"),
            (name, "x", _caller.Encrypt("x", 2)),
            ("response_format", null, _caller.Encrypt("verbose_json", 0)),
            ("file", "a.wav", _caller.Encrypt("RIFF", 1))));
        Assert.Equal((400, null), (answer.Status, answer.Encrypted));
    }

    [Theory]
    [InlineData("{\"model\":5,\"input\":*}")]
    [InlineData("[*]")]
    [InlineData("{\"input\":*}")]
    public async Task BodyWithoutAModel_IsAnsweredWithAnError_NotWithAnEmptyOne(string body)
    {
        WireAnswer answer = await _caller.SendAsync(_caller.Post(
            WireCaller.Embeddings, body.Replace("*", _caller.Encrypt("\"x\"", 0), StringComparison.Ordinal)));
        Assert.Equal(400, answer.Status);
        Assert.NotEmpty(answer.Body);
    }

    [Fact]
    public async Task BodyNestedDeeperThanTheDefaultOfTheParser_IsAnswered()
    {
        string tools = $"{new string('[', 200)}{new string(']', 200)}";
        WireAnswer answer = await _caller.SendAsync(_caller.Post(
            WireCaller.Chat, _caller.Body(("cache_salt", Salt), ("messages", Hello), ("tools", tools))));
        Assert.Equal(200, answer.Status);
    }

    private string ChatBody() => _caller.Body(("cache_salt", Salt), ("messages", Hello));
}
