using System.Net;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Tests.Fakes;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Demo;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.Demo;

public sealed class DemoScriptTests : IDisposable
{
    private readonly ToolRun _run = new();
    private readonly HttpClient _http = new();

    public void Dispose()
    {
        _http.Dispose();
        _run.Dispose();
    }

    [Fact]
    public async Task Lines_AreTheAnswers_InTheirOrder()
    {
        await using RunningTool proxy = await StartAsync("""
            {"text":"first","reasoning":"because"}

            {"tool":{"name":"get_weather","arguments":{"city":"Bochum"}}}
            {"error":{"status":400,"message":"too long","code":"context_length_exceeded"}}
            {"fault":"429"}
            {"fault":"forgotten-secret","text":"after a new key exchange"}
            {"delayMs":1,"text":"late"}
            """);

        JsonElement first = await AskAsync(proxy, HttpStatusCode.OK);
        Assert.Equal("first", Message(first).GetProperty("content").GetString());
        Assert.Contains("because", first.GetRawText(), StringComparison.Ordinal);
        JsonElement call = Message(await AskAsync(proxy, HttpStatusCode.OK)).GetProperty("tool_calls")[0].GetProperty("function");
        Assert.Equal("""{"city":"Bochum"}""", call.GetProperty("arguments").GetString());
        Assert.Contains("too long", (await AskAsync(proxy, HttpStatusCode.BadRequest)).GetRawText(), StringComparison.Ordinal);
        _ = await AskAsync(proxy, HttpStatusCode.TooManyRequests);
        Assert.Equal("after a new key exchange", Message(await AskAsync(proxy, HttpStatusCode.OK)).GetProperty("content").GetString());
        Assert.Equal("late", Message(await AskAsync(proxy, HttpStatusCode.OK)).GetProperty("content").GetString());
        Assert.Equal("This is the demo. You wrote: Hello", Message(await AskAsync(proxy, HttpStatusCode.OK)).GetProperty("content").GetString());
    }

    [Fact]
    public async Task CutStream_HasNoEnd()
    {
        await using RunningTool proxy = await StartAsync("""{"fault":"cut-stream","text":"one two three four five six"}""");
        using HttpRequestMessage request = Chat(proxy, isStream: true);

        using HttpResponseMessage answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).OrTimeout();
        string body = await ReadToTheCutAsync(answer);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("one", body, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "line 1 is not an object with \"text\", \"reasoning\", \"tool\", \"error\", \"fault\" and \"delayMs\".")]
    [InlineData("{}\n[]", "line 2 is not an object with \"text\", \"reasoning\", \"tool\", \"error\", \"fault\" and \"delayMs\".")]
    [InlineData("{\"txt\":\"a\"}", "line 1 has an unknown member \"txt\".")]
    [InlineData("{\"fault\":\"fire\"}", "line 1 has a value that is not supported: fault \"fire\".")]
    [InlineData("{\"error\":{\"status\":7}}", "line 1 has a value that is not supported: status 7.")]
    [InlineData("{\"text\":1}", "line 1 is not an object with \"text\", \"reasoning\", \"tool\", \"error\", \"fault\" and \"delayMs\".")]
    [InlineData("{\"tool\":{}}", "line 1 is not an object with \"text\", \"reasoning\", \"tool\", \"error\", \"fault\" and \"delayMs\".")]
    [InlineData("{\"delayMs\":99999999999}", "line 1 is not an object with \"text\", \"reasoning\", \"tool\", \"error\", \"fault\" and \"delayMs\".")]
    public void WrongLines_AreNamed(string script, string expected)
    {
        ToolException exception = Assert.Throws<ToolException>(() => DemoScript.Parse(script));

        Assert.Equal($"--demo-script: {expected}", exception.Message);
        Assert.Equal(2, exception.ExitCode);
    }

    [Fact]
    public async Task MissingFile_IsOneLine()
    {
        (int exitCode, _, string error) = await _run.InvokeAsync("chat", "hi", "--demo", "--demo-script", "missing");

        Assert.Equal(2, exitCode);
        Assert.Contains("missing\" cannot be read: the file does not exist.\n", error, StringComparison.Ordinal);
    }

    private Task<RunningTool> StartAsync(string script)
    {
        _ = _run.WriteFile("script.jsonl", script);
        return _run.StartAsync("proxy", "--demo", "--demo-script", "script.jsonl", "--port", "0", "--json");
    }

    private async Task<JsonElement> AskAsync(RunningTool proxy, HttpStatusCode expected)
    {
        using HttpRequestMessage request = Chat(proxy, isStream: false);
        using HttpResponseMessage answer = await _http.SendAsync(request).OrTimeout();
        string body = await answer.Content.ReadAsStringAsync().OrTimeout();
        Assert.True(answer.StatusCode == expected, $"{answer.StatusCode}: {body}");
        return JsonDocument.Parse(body).RootElement;
    }

    private static JsonElement Message(JsonElement answer) => answer.GetProperty("choices")[0].GetProperty("message");

    private static HttpRequestMessage Chat(RunningTool proxy, bool isStream) => new(HttpMethod.Post, new Uri(proxy.Url, "/v1/chat/completions"))
    {
        Content = new StringContent(
            $$"""{"model":"gpt-oss-120b","stream":{{(isStream ? "true" : "false")}},"messages":[{"role":"user","content":"Hello"}]}""",
            Encoding.UTF8, "application/json"),
    };

    private static async Task<string> ReadToTheCutAsync(HttpResponseMessage answer)
    {
        using MemoryStream text = new();
        await using Stream body = await answer.Content.ReadAsStreamAsync();
        byte[] buffer = new byte[4096];
        try
        {
            int count;
            while ((count = await body.ReadAsync(buffer).AsTask().OrTimeout()) > 0)
            {
                text.Write(buffer, 0, count);
            }
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            // How the proxy says that the answer was cut.
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }
}
