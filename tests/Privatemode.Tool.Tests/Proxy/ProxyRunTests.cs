using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.Proxy;

public sealed class ProxyRunTests : IDisposable
{
    private readonly ToolRun _run = new();
    private readonly HttpClient _http = new();

    public void Dispose()
    {
        _http.Dispose();
        _run.Dispose();
    }

    [Fact]
    public async Task Demo_SaysWhereItListens_AnswersAndEndsWithSuccess()
    {
        await using RunningTool proxy = await _run.StartAsync("proxy", "--demo", "--port", "0", "--json");

        JsonElement line = JsonDocument.Parse(proxy.FirstLine).RootElement;
        Assert.Equal("privatemode.proxy/1", line.GetProperty("schema").GetString());
        Assert.True(line.GetProperty("demo").GetBoolean());
        Assert.Equal(Environment.ProcessId, line.GetProperty("pid").GetInt32());
        string workspace = line.GetProperty("workspace").GetString()!;
        Assert.True(Directory.Exists(workspace));
        Assert.Equal("This is the demo. You wrote: Hello", await ChatAsync(proxy.Url, "Hello"));
        Assert.Equal(0, await proxy.StopAsync());
        Assert.False(Directory.Exists(workspace));
        Assert.StartsWith("Demo: the deployment runs inside this process", _run.Console.ErrorText, StringComparison.Ordinal);
        Assert.Single(_run.Console.OutText, character => character == '\n');
    }

    [Fact]
    public async Task Text_SaysWhereItListens()
    {
        await using RunningTool proxy = await _run.StartAsync("proxy", "--demo", "--port", "0");

        Assert.Matches(@"^Privatemode proxy \d+\.\d+\.\d+\S* listens on http://127\.0\.0\.1:\d+$", proxy.FirstLine);
    }

    [Fact]
    public async Task PortInUse_IsOneLine()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;

        (int exitCode, string text, string error) = await _run.InvokeAsync("proxy", "--demo", "--port", port.ToString());

        Assert.Equal(2, exitCode);
        Assert.EndsWith($"Error: listening on port \"{port}\": the address is already in use\n", error, StringComparison.Ordinal);
        Assert.DoesNotContain("level=ERROR", error, StringComparison.Ordinal);
        Assert.Empty(text);
    }

    [Fact]
    public async Task CallerKeys_AreRequired()
    {
        string file = _run.WriteFile("keys", "# team\nfile-key-0123456789\n");
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        _run.ConfigureClient = deployment.ConfigureClient;
        await using RunningTool proxy = await _run.StartAsync(
            "proxy", "--apiKey", "test-api-key", "--port", "0", "--json", "--caller-keys", "literal-key-0123456789", "--caller-keys", $"@{file}");

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(proxy.Url, null));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(proxy.Url, "wrong-key-0123456789"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(proxy.Url, "literal-key-0123456789"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(proxy.Url, "file-key-0123456789"));
        Assert.DoesNotContain("0123456789", _run.Console.ErrorText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "--sharedPromptCache", "--promptCacheSalt", "0123456789abcdef0123456789abcdef")]
    [InlineData(false)]
    public async Task Salt_OfTheFlag_IsThatOfEveryRequest(bool isEqual, params string[] args)
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        _run.ConfigureClient = deployment.ConfigureClient;
        await using RunningTool proxy = await _run.StartAsync(["proxy", "--apiKey=k", "--port", "0", "--json", .. args]);

        _ = await ChatAsync(proxy.Url, "one");
        _ = await ChatAsync(proxy.Url, "two");

        string?[] salts = [.. deployment.Requests.Select(
            request => JsonDocument.Parse(request.DecryptedBody!).RootElement.GetProperty("cache_salt").GetString())];
        Assert.Equal(2, salts.Length);
        Assert.Equal(isEqual, salts[0] == salts[1]);
        Assert.Equal(isEqual, salts[0] == "0123456789abcdef0123456789abcdef");
    }

    [Theory]
    [InlineData(true, 48)]
    [InlineData(true, 5, "--nvidiaOCSPRevokedGracePeriod=5")]
    [InlineData(false, 0, "--nvidiaOCSPAllowUnknown=false", "--nvidiaOCSPRevokedGracePeriod=0")]
    public async Task GpuPolicy_OfTheFlags_IsOnTheWire(bool acceptsUnknown, int hours, params string[] args)
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        _run.ConfigureClient = deployment.ConfigureClient;
        await using RunningTool proxy = await _run.StartAsync(["proxy", "--apiKey=k", "--port", "0", "--json", .. args]);

        _ = await ChatAsync(proxy.Url, "one");

        string policy = deployment.Requests[0].Headers.First(header => header.Value.Contains("good", StringComparison.Ordinal)).Value;
        Assert.Equal(acceptsUnknown, policy.Contains("unknown", StringComparison.Ordinal));
        Assert.Equal(hours > 0, policy.Contains("revoked", StringComparison.Ordinal));
        string expected = acceptsUnknown ? $"grace period {hours} h" : "only a good status is accepted";
        Assert.Contains(expected, _run.Console.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dump_WritesRequestsAndAnswers_WithoutKeys()
    {
        await using RunningTool proxy = await _run.StartAsync("proxy", "--demo", "--port", "0", "--json", "--dumpRequests", "--workspace", _run.StateDirectory);

        _ = await ChatAsync(proxy.Url, "Hello dump", "secret-caller-key-0123");
        _ = await proxy.StopAsync();

        string[] files = Directory.GetFiles(Path.Combine(_run.StateDirectory, "requests"), "*.txt", SearchOption.AllDirectories);
        Assert.Equal(2, files.Length);
        Assert.All(files, file => Assert.Matches(
            @"requests.\d{4}-\d\d-\d\d.\d{4}-\d\d-\d\d_\d{6}\.\d{6}_\d\d_(req|resp)\.txt$", file));
        string text = string.Concat(files.Order(StringComparer.Ordinal).Select(File.ReadAllText));
        Assert.Contains("Hello dump", text, StringComparison.Ordinal);
        Assert.Contains("This is the demo. You wrote: Hello dump", text, StringComparison.Ordinal);
        Assert.Contains("Authorization: redacted", text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-caller-key-0123", text, StringComparison.Ordinal);
        Assert.Contains("unencrypted. Switch --dumpRequests off", _run.Console.ErrorText, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            foreach (string file in files)
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }
    }

    [Fact]
    public async Task Sigterm_LetsAStreamEnd()
    {
        TaskCompletionSource<bool> release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(new()
        {
            BeforeStreamEvent = async (index, stop) => await (index < 2 ? Task.FromResult(true) : release.Task).WaitAsync(stop),
        });
        _run.ConfigureClient = deployment.ConfigureClient;
        await using RunningTool proxy = await _run.StartAsync("proxy", "--apiKey=k", "--port", "0", "--json");
        using HttpRequestMessage request = Chat(proxy.Url, "a stream of words", "test-api-key", isStream: true);
        using HttpResponseMessage answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).OrTimeout();

        Task<int> ended = proxy.StopAsync();
        await _run.Console.WaitForErrorAsync(text => text.Contains("The proxy is stopping.", StringComparison.Ordinal));
        release.SetResult(true);

        Assert.EndsWith("data: [DONE]\n\n", await answer.Content.ReadAsStringAsync().OrTimeout(), StringComparison.Ordinal);
        Assert.Equal(0, await ended);
    }

    [Theory]
    [InlineData("http://0.0.0.0:1")]
    public async Task EnvironmentAndConfigurationFiles_ChangeNothing(string url)
    {
        Environment.SetEnvironmentVariable("ASPNETCORE_URLS", url);
        Environment.SetEnvironmentVariable("DOTNET_URLS", url);
        _ = _run.WriteFile("appsettings.json", """{"Urls":"http://0.0.0.0:2","PrivatemodeProxy":{"CallerKeys":["0123456789abcdefghi"]},"Kestrel":{"x":1}}""");
        try
        {
            await using RunningTool proxy = await _run.StartAsync("proxy", "--demo", "--port", "0", "--json");

            Assert.Equal("127.0.0.1", proxy.Url.Host);
            Assert.Single(JsonDocument.Parse(proxy.FirstLine).RootElement.GetProperty("urls").EnumerateArray());
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(proxy.Url, null));
        }
        finally
        {
            Environment.SetEnvironmentVariable("ASPNETCORE_URLS", null);
            Environment.SetEnvironmentVariable("DOTNET_URLS", null);
        }
    }

    [Fact]
    public async Task RefusedDeployment_KeepsAnswering_UnlessAskedToExit()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        deployment.Evidence.Defect = EvidenceDefect.SnpDebug;
        _run.ConfigureClient = deployment.ConfigureClient;

        await using (RunningTool proxy = await _run.StartAsync("proxy", "--apiKey=k", "--port", "0", "--json"))
        {
            using HttpRequestMessage request = Chat(proxy.Url, "secret prompt", "test-api-key");
            using HttpResponseMessage answer = await _http.SendAsync(request).OrTimeout();
            Assert.False(answer.IsSuccessStatusCode);
        }

        using ToolRun second = new() { ConfigureClient = deployment.ConfigureClient };
        await using RunningTool exiting = await second.StartAsync("proxy", "--apiKey=k", "--port", "0", "--json", "--exit-if-refused");
        Assert.Equal(3, await exiting.Ended);
        Assert.Empty(deployment.Requests);
        Assert.DoesNotContain("secret prompt", Encoding.UTF8.GetString(deployment.GetReceivedBytes()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keyless_UsesTheKeyOfEachCaller()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        _run.SetVariable("PRIVATEMODE_API_KEY", "not-read");
        _run.ConfigureClient = options =>
        {
            deployment.ConfigureClient(options);
            options.ApiKey = null;
        };
        await using RunningTool proxy = await _run.StartAsync("proxy", "--port", "0", "--json");

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(proxy.Url, null));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(proxy.Url, "another-key-0123456789"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(proxy.Url, "test-api-key"));
        Assert.Contains("No API key provided. The proxy will not authenticate with the API.", _run.Console.ErrorText, StringComparison.Ordinal);
        Assert.Contains("PRIVATEMODE_API_KEY is set, but this command does not read it.", _run.Console.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dump_OfAStream_HasAllEvents_AndChangesNothing()
    {
        await using RunningTool proxy = await _run.StartAsync(
            "proxy", "--demo", "--port", "0", "--json", "--dump-requests", "--workspace", _run.StateDirectory);
        using HttpRequestMessage request = Chat(proxy.Url, "stream", null, isStream: true);
        using HttpResponseMessage answer = await _http.SendAsync(request).OrTimeout();
        string body = await answer.Content.ReadAsStringAsync().OrTimeout();
        _ = await proxy.StopAsync();

        Assert.EndsWith("data: [DONE]\n\n", body, StringComparison.Ordinal);
        string dump = await File.ReadAllTextAsync(
            Directory.GetFiles(Path.Combine(_run.StateDirectory, "requests"), "*_resp.txt", SearchOption.AllDirectories).Single());
        Assert.StartsWith("HTTP 200\r\n", dump, StringComparison.Ordinal);
        Assert.EndsWith(body, dump, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AllAddresses_CanBeListenedOn_UnderTheGivenNamesOnly()
    {
        await using RunningTool proxy = await _run.StartAsync(
            "proxy", "--demo", "--port", "0", "--json", "--listen", "0.0.0.0", "--allowed-host", "proxy.example", "--dangerous-unprotected-listener");
        Uri url = new($"http://127.0.0.1:{proxy.Url.Port}");
        foreach ((string? host, HttpStatusCode expected) in (ReadOnlySpan<(string?, HttpStatusCode)>)[
            (null, HttpStatusCode.OK), ("proxy.example", HttpStatusCode.OK), ("evil.example", HttpStatusCode.Forbidden)])
        {
            using HttpRequestMessage request = Chat(url, "hi", null);
            request.Headers.Host = host;
            using HttpResponseMessage answer = _http.Send(request);

            Assert.Equal(expected, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Log_HasNoContentAndNoKeys_AtAnyLevel()
    {
        await using RunningTool proxy = await _run.StartAsync("proxy", "--demo", "--port", "0", "--json", "--log-level", "-8", "--verbose");

        _ = await ChatAsync(proxy.Url, "a-canary-prompt", "a-canary-key-0123456789");
        _ = await StatusAsync(new Uri(proxy.Url, "/a-canary-path?a-canary-query"), null);
        using HttpResponseMessage other = await _http.GetAsync(new Uri(proxy.Url, "/a-canary-path?a-canary-query")).OrTimeout();
        _ = await proxy.StopAsync();

        Assert.Contains("level=INFO", _run.Console.ErrorText, StringComparison.Ordinal);
        Assert.DoesNotContain("a-canary", _run.Console.ErrorText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "-lwarn")]
    [InlineData(false, "-l", "error")]
    [InlineData(false, "-l=4")]
    [InlineData(false, "--log-level", "frob")]
    [InlineData(true, "--log-level", "frob", "--log-format", "JSON")]
    [InlineData(true, "--log-level=-4")]
    [InlineData(true)]
    public async Task LogLevel_SelectsLines(bool hasInfo, params string[] args)
    {
        await using (RunningTool proxy = await _run.StartAsync(["proxy", "--demo", "--port", "0", "--json", .. args]))
        {
            _ = await ChatAsync(proxy.Url, "Hello");
        }

        string[] lines = [.. _run.Console.ErrorText.Split('\n').Skip(1).Where(line => line.Length > 0)];
        Assert.Equal(
            hasInfo,
            lines.Any(line => line.Contains("level=INFO", StringComparison.Ordinal) || line.Contains("\"level\":\"INFO\"", StringComparison.Ordinal)));
        Assert.Equal(args.Contains("frob"), lines.Any(line => line.Contains("is unknown", StringComparison.Ordinal)));
        if (args.Contains("JSON"))
        {
            Assert.All(lines, line => JsonDocument.Parse(line));
        }
    }

    [Fact]
    public async Task DeprecatedFlags_AreAcceptedWithAWarning_AndAliasesWork()
    {
        await using RunningTool proxy = await _run.StartAsync(
            "proxy", "--demo", "--port", "0", "--json", "--ssEndpoint", "x", "--coordinatorEndpoint=y",
            "--alias", "my-model=gpt-oss-120b", "--rate-limit", "free");
        using HttpRequestMessage request = Chat(proxy.Url, "hi", null);
        request.Content = new StringContent(
            """{"model":"my-model","messages":[{"role":"user","content":"by alias"}]}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await _http.SendAsync(request).OrTimeout();

        Assert.Contains("by alias", await answer.Content.ReadAsStringAsync().OrTimeout(), StringComparison.Ordinal);
        foreach (string flag in (string[])["--ssEndpoint", "--coordinatorEndpoint"])
        {
            Assert.Contains(
                $"Flag {flag} has been deprecated, direct connection to the secret-service is no longer required",
                _run.Console.ErrorText,
                StringComparison.Ordinal);
        }
    }

    private async Task<HttpStatusCode> StatusAsync(Uri url, string? key)
    {
        using HttpRequestMessage request = Chat(url, "hi", key);
        using HttpResponseMessage answer = await _http.SendAsync(request).OrTimeout();
        return answer.StatusCode;
    }

    private async Task<string?> ChatAsync(Uri url, string text, string? key = null)
    {
        using HttpRequestMessage request = Chat(url, text, key);
        using HttpResponseMessage answer = await _http.SendAsync(request).OrTimeout();
        string body = await answer.Content.ReadAsStringAsync().OrTimeout();
        Assert.True(answer.IsSuccessStatusCode, body);
        return JsonDocument.Parse(body).RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();
    }

    private static HttpRequestMessage Chat(Uri url, string text, string? key, bool isStream = false)
    {
        string body = $$"""{"model":"gpt-oss-120b","stream":{{(isStream ? "true" : "false")}},"messages":[{"role":"user","content":"{{text}}"}]}""";
        HttpRequestMessage request = new(HttpMethod.Post, new Uri(url, "/v1/chat/completions"))
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        if (key is not null)
        {
            request.Headers.Authorization = new("Bearer", key);
        }

        return request;
    }
}
