using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Tests.Fakes;
using Privatemode.Tool.Demo;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.Demo;

public sealed class DemoModelTests : IAsyncLifetime
{
    private readonly ToolRun _run = new();
    private readonly HttpClient _http = new();
    private RunningTool _proxy = null!;

    public async Task InitializeAsync() => _proxy = await _run.StartAsync("proxy", "--demo", "--port", "0", "--json");

    public async Task DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _http.Dispose();
        _run.Dispose();
    }

    [Theory]
    [InlineData("Give me a reason", "\"reasoning\":\"First I read the question.")]
    [InlineData("Show markdown", "# Heading one")]
    [InlineData("Be hostile", "window.hacked")]
    [InlineData("A long answer", "word400")]
    public async Task Words_SelectTheAnswer(string prompt, string expected)
    {
        JsonElement message = Message(await PostAsync("/v1/chat/completions", Body(prompt)));

        Assert.Contains(expected, message.GetRawText().Replace("\\u0026", "&", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Echo_IsShort()
    {
        JsonElement message = Message(await PostAsync("/v1/chat/completions", Body(new string('x', 200))));

        Assert.Equal($"This is the demo. You wrote: {new string('x', 80)}…", message.GetProperty("content").GetString());
    }

    [Fact]
    public async Task Tool_IsCalledWithHarmlessArguments_AndItsResultIsAnswered()
    {
        const string Tools = """
            "tools":[{"type":"function","function":{"name":"spawn","parameters":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}}},
            {"type":"function","function":{"name":"shell","parameters":{"type":"object","properties":{"command":{"type":"array","items":{"type":"string"}},
            "mode":{"enum":["fast","slow"]},"note":{"type":"string"}},"required":["command","mode"]}}}]
            """;
        string first = $$"""{"model":"gpt-oss-120b",{{Tools}},"messages":[{"role":"user","content":"use a tool"}]}""";

        JsonElement call = Message(await PostAsync("/v1/chat/completions", first)).GetProperty("tool_calls")[0];

        Assert.Equal("shell", call.GetProperty("function").GetProperty("name").GetString());
        Assert.Equal("""{"command":["echo","hello"],"mode":"fast"}""", call.GetProperty("function").GetProperty("arguments").GetString());
        string second = $$"""
            {"model":"gpt-oss-120b",{{Tools}},"messages":[{"role":"user","content":"use a tool"},{"role":"assistant","content":null,
            "tool_calls":[{{call.GetRawText()}}]},{"role":"tool","tool_call_id":{{call.GetProperty("id").GetRawText()}},"content":"hello"}]}
            """;
        Assert.Equal("The tool returned: hello", Message(await PostAsync("/v1/chat/completions", second)).GetProperty("content").GetString());
    }

    [Theory]
    [InlineData(
        """{"type":"object","properties":{"a":{"type":"integer","minimum":3},""" +
        """ "b":{"type":"array","minItems":2,"items":{"type":"boolean"}}},"required":["a","b"]}""",
        """{"a":3,"b":[false,false]}""")]
    [InlineData(
        """{"$defs":{"x":{"type":"string","minLength":6}},"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"required":["a"]}""",
        """{"a":"demooo"}""")]
    [InlineData(
        """{"type":"object","properties":{"a":{"anyOf":[{"type":"null"},{"type":"string"}]},"b":{"const":5}},"required":["a","b"]}""",
        """{"a":null,"b":5}""")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}""", null)]
    [InlineData("true", "{}")]
    [InlineData("""{"type":["number","null"],"exclusiveMinimum":1.5}""", "2")]
    public void Schema_GetsItsSmallestValue(string schema, string? expected)
    {
        string instance = DemoSchema.Instance(JsonDocument.Parse(schema).RootElement);

        Assert.Equal(expected ?? instance, instance);
        _ = JsonDocument.Parse(instance);
    }

    [Fact]
    public async Task StructuredOutput_FollowsTheSchema()
    {
        const string Request = """
            {"model":"gpt-oss-120b","messages":[{"role":"user","content":"city?"}],
            "response_format":{"type":"json_schema","json_schema":{"name":"x","strict":true,
            "schema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}}}}
            """;

        Assert.Equal("""{"city":"Bochum"}""", Message(await PostAsync("/v1/chat/completions", Request)).GetProperty("content").GetString());
    }

    [Fact]
    public async Task EmbeddingsCompletionsAndMessages_AreAnswered()
    {
        JsonElement embeddings = await PostAsync("/v1/embeddings", """{"model":"qwen3-embedding-4b","input":["a","b"]}""");
        JsonElement completion = await PostAsync("/v1/completions", """{"model":"gpt-oss-120b","prompt":"Once"}""");
        JsonElement message = await PostAsync(
            "/v1/messages", """{"model":"gpt-oss-120b","max_tokens":99,"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]}""");

        Assert.Equal(2, embeddings.GetProperty("data").GetArrayLength());
        Assert.Contains("You wrote: Once", completion.GetRawText(), StringComparison.Ordinal);
        Assert.Contains("You wrote: Hi", message.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RecordingsAndDocuments_AreAnswered()
    {
        using MultipartFormDataContent recording = Form("file", "talk.mp3", "ID3 x", ("model", "whisper-large-v3"));
        using MultipartFormDataContent document = Form("files", "contract.txt", "A contract of sale.", ("strategy", "fast"));

        Assert.Contains("does not listen", (await SendAsync("/v1/audio/transcriptions", recording)).GetRawText(), StringComparison.Ordinal);
        Assert.Contains("A contract of sale.", (await SendAsync("/unstructured/general/v0/general", document)).GetRawText(), StringComparison.Ordinal);
    }

    private static MultipartFormDataContent Form(string name, string fileName, string content, (string Name, string Value) field)
    {
        StringContent file = new(content);
        file.Headers.ContentType = new MediaTypeHeaderValue(fileName.EndsWith("mp3", StringComparison.Ordinal) ? "audio/mpeg" : "text/plain");
        return new MultipartFormDataContent { { file, name, fileName }, { new StringContent(field.Value), field.Name } };
    }

    private static string Body(string prompt) => $$"""{"model":"gpt-oss-120b","messages":[{"role":"user","content":"{{prompt}}"}]}""";

    private static JsonElement Message(JsonElement answer) => answer.GetProperty("choices")[0].GetProperty("message");

    private async Task<JsonElement> PostAsync(string path, string body)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        return await SendAsync(path, content);
    }

    private async Task<JsonElement> SendAsync(string path, HttpContent content)
    {
        using HttpResponseMessage answer = await _http.PostAsync(new Uri(_proxy.Url, path), content).OrTimeout();
        string text = await answer.Content.ReadAsStringAsync().OrTimeout();
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }
}
