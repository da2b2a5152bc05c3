using System.Diagnostics;
using System.Text.Json;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ToolProxy;

/// <summary>The endpoints of a process of the proxy with curl, as a shell script calls them.</summary>
[Collection(ToolProxyTests.Name)]
public sealed class CurlTests(ProxyFixture fixture)
{
    private const string Messages = "\"model\":\"gpt-oss-120b\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]";

    [CurlTheory]
    [InlineData("/v1/chat/completions", "{" + Messages + "}", "This is the demo. You wrote: hello")]
    [InlineData("/v1/messages", """{"max_tokens":64,""" + Messages + "}", "This is the demo. You wrote: hello")]
    [InlineData("/v1/messages/count_tokens", "{" + Messages + "}", "\"input_tokens\":")]
    [InlineData("/v1/responses", """{"model":"gpt-oss-120b","input":"hello"}""", "This is the demo. You wrote: hello")]
    [InlineData("/v1/completions", """{"model":"gpt-oss-120b","prompt":"hello"}""", "This is the demo. You wrote: hello")]
    [InlineData("/v1/embeddings", """{"model":"qwen3-embedding-4b","input":["one","two"]}""", "\"embedding\":[")]
    public async Task Request_IsAnswered(string path, string body, string expected)
    {
        (int status, string headers, string answer) = await PostAsync(path, body);
        Assert.Equal(200, status);
        Assert.Contains(expected, answer, StringComparison.Ordinal);
        Assert.Contains("content-type: application/json", headers, StringComparison.OrdinalIgnoreCase);
        using JsonDocument json = JsonDocument.Parse(answer);
    }

    [CurlTheory]
    [InlineData("/v1/chat/completions", """{"stream":true,""" + Messages + "}", "data: [DONE]")]
    [InlineData("/v1/messages", """{"max_tokens":64,"stream":true,""" + Messages + "}", "event: message_stop")]
    [InlineData("/v1/responses", """{"model":"gpt-oss-120b","input":"hello","stream":true}""", "event: response.completed")]
    public async Task Stream_Ends(string path, string body, string end)
    {
        (int status, string headers, string answer) = await PostAsync(path, body, "-N");
        Assert.Equal(200, status);
        Assert.Contains("content-type: text/event-stream", headers, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(end, answer, StringComparison.Ordinal);
    }

    [CurlFact]
    public async Task ModelsHealthAndVerification_AreReturned()
    {
        (_, _, string models) = await CurlAsync("/v1/models");
        using JsonDocument list = JsonDocument.Parse(models);
        Assert.Contains(list.RootElement.GetProperty("data").EnumerateArray(), model => model.GetProperty("id").GetString() == "whisper-large-v3");
        foreach (string path in (string[])["/v1/models/gpt-oss-120b", "/healthz", "/readyz", "/verification.json", "/metrics"])
        {
            Assert.Equal((path, 200), (path, (await CurlAsync(path)).Status));
        }
    }

    [CurlFact]
    public async Task TranscriptionForm_IsAnswered()
    {
        string file = Path.Combine(Path.GetTempPath(), $"privatemode-curl-{Guid.NewGuid():N}.wav");
        await File.WriteAllBytesAsync(file, Recording.Wave());
        try
        {
            string[] form = ["-F", "model=whisper-large-v3", "-F", $"file=@{file};type=audio/wav"];
            Assert.Contains("This is the demo.", (await CurlAsync("/v1/audio/transcriptions", form)).Body, StringComparison.Ordinal);
            (int status, _, string verbose) = await CurlAsync("/v1/audio/transcriptions", [.. form, "-F", "response_format=verbose_json"]);
            Assert.Equal(200, status);
            Assert.Contains("\"segments\"", verbose, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [CurlTheory]
    [InlineData(404, "model_not_found", "/v1/chat/completions", """{"model":"no-such-model","messages":[{"role":"user","content":"hello"}]}""")]
    [InlineData(404, "not_found_error", "/v1/messages", """{"model":"no-such-model","max_tokens":1,"messages":[{"role":"user","content":"hello"}]}""")]
    [InlineData(404, "unknown_endpoint", "/v1/images/generations", "{}")]
    [InlineData(400, "invalid_request", "/v1/chat/completions", "{")]
    [InlineData(400, "invalid_request", "/v1/chat/completions", """{"model":"gpt-oss-120b"}""")]
    [InlineData(400, "invalid_request_error", "/v1/messages", """{"model":"gpt-oss-120b"}""")]
    [InlineData(400, "previous_response_id", "/v1/responses", """{"model":"gpt-oss-120b","input":"hello","previous_response_id":"resp_1"}""")]
    public async Task RefusedRequest_HasStatusAndCode(int status, string code, string path, string body)
    {
        (int actual, _, string answer) = await PostAsync(path, body);
        Assert.Equal(status, actual);
        Assert.Contains(code, answer, StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(answer).RootElement.GetProperty("error").ValueKind);
    }

    [CurlFact]
    public async Task OtherWaysToCall_AreRefused()
    {
        // What a web page could do: a form without a JSON content type, another origin, another host name.
        Assert.Equal(415, (await CurlAsync("/v1/chat/completions", "-d", "{" + Messages + "}")).Status);
        Assert.Equal(403, (await PostAsync("/v1/chat/completions", "{" + Messages + "}", "-H", "Origin: https://evil.example")).Status);
        Assert.Equal(403, (await CurlAsync("/v1/models", "-H", "Host: evil.example")).Status);
        Assert.Equal(405, (await CurlAsync("/v1/chat/completions")).Status);
    }

    [CurlFact]
    public async Task CallerKey_IsNeeded()
    {
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(null, "--caller-keys", OpenAIPackageTests.CallerKey);
        (int missing, _, string answer) = await CurlAsync(proxy, "/v1/models");
        Assert.Equal(401, missing);
        Assert.Contains("invalid_api_key", answer, StringComparison.Ordinal);
        Assert.Equal(401, (await CurlAsync(proxy, "/v1/models", "-H", $"Authorization: Bearer {OpenAIPackageTests.OtherKey}")).Status);
        foreach (string header in (string[])["Authorization: Bearer", "x-api-key:", "api-key:"])
        {
            Assert.Equal((header, 200), (header, (await CurlAsync(proxy, "/v1/models", "-H", $"{header} {OpenAIPackageTests.CallerKey}")).Status));
        }
    }

    private Task<(int Status, string Headers, string Body)> PostAsync(string path, string body, params string[] arguments) =>
        CurlAsync(path, ["-H", "Content-Type: application/json", "-d", body, .. arguments]);

    private Task<(int Status, string Headers, string Body)> CurlAsync(string path, params string[] arguments) => CurlAsync(fixture.Proxy, path, arguments);

    private static async Task<(int Status, string Headers, string Body)> CurlAsync(ProxyProcess proxy, string path, params string[] arguments)
    {
        ProcessStartInfo info = new("curl", ["-sS", "-i", "--noproxy", "*", "--max-time", "60", .. arguments, new Uri(proxy.Address, path).AbsoluteUri])
        {
            RedirectStandardOutput = true,
        };
        using Process curl = Process.Start(info)!;
        string output = await curl.StandardOutput.ReadToEndAsync().OrTimeout();
        await curl.WaitForExitAsync().OrTimeout();
        Assert.Equal(0, curl.ExitCode);
        int end = output.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return (int.Parse(output.AsSpan("HTTP/1.1 ".Length, 3)), output[..end], output[(end + 4)..]);
    }

    private static string? SkipReason => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(directory => File.Exists(Path.Combine(directory, OperatingSystem.IsWindows() ? "curl.exe" : "curl"))) ? null : "curl was not found on PATH.";

    private sealed class CurlFactAttribute : FactAttribute
    {
        public CurlFactAttribute() => Skip = SkipReason;
    }

    private sealed class CurlTheoryAttribute : TheoryAttribute
    {
        public CurlTheoryAttribute() => Skip = SkipReason;
    }
}
