using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Privatemode.AI.AspNetCore.Tests.Hosting;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Status;

/// <summary>Nothing that callers send, or the service says, gets into logs, metrics and activities of the proxy and the library.</summary>
public sealed class LogCanaryTests : ProxyTest
{
    private const string Sentinel = "canary7f3a";
    private const string CallerKey = "caller-key-" + Sentinel;

    private readonly LogRecorder _log = new();

    public static TheoryData<string, string, string> Requests => new()
    {
        { "POST", ChatPath, $$"""{"model":"gpt-oss-120b","user":"{{Sentinel}}","messages":[{"role":"user","content":"{{Sentinel}}"}]}""" },
        { "POST", ChatPath, $$"""{"model":"gpt-oss-120b","stream":true,"messages":[{"role":"user","content":"{{Sentinel}}"}]}""" },
        { "POST", ChatPath, $$"""{"model":"gpt-oss-120b","{{Sentinel}}":1,"messages":"{{Sentinel}}"}""" },
        { "POST", ChatPath, $$"""{"{{Sentinel}}" no JSON""" },
        {
            "POST",
            MessagesPath,
            $$"""{"model":"gpt-oss-120b","max_tokens":9,"metadata":{"user_id":"{{Sentinel}}"},"messages":[{"role":"user","content":"{{Sentinel}}"}]}"""
        },
        { "POST", MessagesPath + "/count_tokens", $$"""{"model":"gpt-oss-120b","messages":[{"role":"user","content":"{{Sentinel}}"}]}""" },
        { "POST", ResponsesPath, $$"""{"model":"gpt-oss-120b","input":"{{Sentinel}}","prompt_cache_key":"{{Sentinel}}"}""" },
        { "GET", "/v1/models/" + Sentinel, "" },
        { "GET", "/v1/" + Sentinel, "" },
        { "POST", "/v1/responses/" + Sentinel, "{}" },
        { "GET", "/verification", "" },
        { "GET", "/readyz", "" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Telemetry_AnyRequest_HasNothingOfIt(string method, string path, string body)
    {
        Deployment.Model.SetFallback(_ => new ScriptedAnswer().WithText($"answer {Sentinel}"));
        string measured = await MeasuredAsync(() => SendAsync(method, path, body, CallerKey));

        AssertClean(measured);
    }

    [Fact]
    public async Task Telemetry_UnknownModel_IsNotNamedByTheProxy()
    {
        // The library names it in its activities: it is sent in the clear.
        string measured = await MeasuredAsync(() => SendAsync("POST", ChatPath, ChatBody(model: $"x-{Sentinel}"), CallerKey));

        AssertClean(string.Join('\n', measured.Split('\n').Where(line => line.StartsWith("privatemode.proxy", StringComparison.Ordinal))));
        Assert.Contains("privatemode.proxy.request.duration", measured, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Telemetry_RefusedKeyHostAndOrigin_HasNothingOfThem()
    {
        string measured = await MeasuredAsync(async () =>
        {
            await SendAsync("POST", ChatPath, ChatBody(), $"wrong-key-{Sentinel}");
            await SendAsync("POST", ChatPath, ChatBody(), CallerKey, host: $"{Sentinel}.example");
            await SendAsync("POST", ChatPath, ChatBody(), CallerKey, origin: $"https://{Sentinel}.example");
        });

        AssertClean(measured);
        Assert.Contains("privatemode.proxy.rejected", measured, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(429)]
    [InlineData(500)]
    public async Task Telemetry_ErrorOfTheModelServer_HasNothingOfItsWords(int status)
    {
        string measured = await MeasuredAsync(async () =>
        {
            Deployment.Faults.Inject(Fault.EncryptedError(status, $"error about {Sentinel}"), times: 10);
            await SendAsync("POST", ChatPath, ChatBody(), CallerKey);
            await SendAsync("POST", ChatPath, ChatBody(stream: true), CallerKey);
        });

        AssertClean(measured);
    }

    [Fact]
    public async Task Log_OneRequest_IsOneLineWithRouteStatusAndTokens()
    {
        await SendAsync("POST", ChatPath, ChatBody(), CallerKey);
        await App.StopAsync().OrTimeout();

        string line = Assert.Single(_log.Lines, line => line.Contains("RequestEnded", StringComparison.Ordinal));
        Assert.StartsWith("Information Privatemode.AI.AspNetCore RequestEnded: /v1/chat/completions (openai) 200 ok", line, StringComparison.Ordinal);
        Assert.Contains("proxy_", line, StringComparison.Ordinal);
        Assert.Contains("sdk_", line, StringComparison.Ordinal);
        Assert.Contains("CallerIndex=0", line, StringComparison.Ordinal);
    }

    public static TheoryData<string, string, string> AnsweredHere => new()
    {
        { "GET", "/v1/models", "/v1/models (openai) 200 ok" },
        { "GET", "/v1/models/gpt-oss-120b", "/v1/models/{id} (openai) 200 ok" },
        { "GET", $"/v1/models/{Sentinel}", "/v1/models/{id} (openai) 404 refused" },
        { "POST", MessagesPath + "/count_tokens", "/v1/messages/count_tokens (anthropic) 200 ok" },
        { "GET", $"/v1/{Sentinel}", "other (openai) 404 refused" },
        { "GET", ChatPath, "other (openai) 405 refused" },
        { "GET", $"{ResponsesPath}/{Sentinel}", "other (responses) 404 refused" },
        { "GET", "/verification", "/verification (openai) 200 ok" },
        { "HEAD", "/", "/ (openai) 200 ok" },
    };

    [Theory]
    [MemberData(nameof(AnsweredHere))]
    public async Task Log_RequestAnsweredByTheProxyItself_IsOneLine(string method, string path, string start)
    {
        string measured = await MeasuredAsync(() => SendAsync(method, path, method == "POST" ? MessageBody(Sentinel) : "", CallerKey));

        Assert.StartsWith($"Information Privatemode.AI.AspNetCore RequestEnded: {start}: model ", Ended(), StringComparison.Ordinal);
        AssertClean(measured);
    }

    [Theory]
    [InlineData("GET", "/v1/models", "/v1/models (openai) 401 refused")]
    [InlineData("POST", ChatPath, "/v1/chat/completions (openai) 401 refused")]
    [InlineData("GET", "/metrics", "/metrics (openai) 401 refused")]
    public async Task Log_RequestRefusedByTheGate_IsOneLine(string method, string path, string start)
    {
        string measured = await MeasuredAsync(() => SendAsync(method, path, method == "POST" ? ChatBody(Sentinel) : "", $"wrong-{Sentinel}"));

        Assert.StartsWith($"Information Privatemode.AI.AspNetCore RequestEnded: {start}: model none -> none", Ended(), StringComparison.Ordinal);
        Assert.Contains("error invalid_api_key", Ended(), StringComparison.Ordinal);
        AssertClean(measured);
    }

    [Fact]
    public async Task Log_ValuesThatAreAbsent_AreLeftOutOfTheMessage()
    {
        await SendAsync("GET", "/v1/models", "", $"wrong-{Sentinel}");
        await App.StopAsync().OrTimeout();

        Assert.Matches(
            @"RequestEnded: /v1/models \(openai\) 401 refused: model none -> none, stream False, 0 bytes in, \d+ bytes out, waited 0 ms, " +
            @"(first byte \d+ ms, )?total \d+ ms, proxy_[0-9a-f-]+, error invalid_api_key",
            Ended());
        Assert.All(
            (string[])["InputTokens", "OutputTokens", "FirstByteMs", "CallerIndex", "CallId", "LeftOutTools"],
            name => Assert.Contains($"{name}=", Ended(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("GET", "/v1/models", CallerKey)]
    [InlineData("HEAD", "/v1/models", CallerKey)]
    [InlineData("GET", "/v1/models/gpt-oss-120b", CallerKey)]
    [InlineData("GET", "/v1/models/none", CallerKey)]
    [InlineData("GET", "/v1/models", "another-caller-key")]
    [InlineData("GET", "/verification", CallerKey)]
    [InlineData("POST", MessagesPath + "/count_tokens", CallerKey)]
    [InlineData("POST", MessagesPath, CallerKey)]
    [InlineData("POST", ChatPath, "another-caller-key")]
    public async Task Log_AnswerBytes_AreTheBytesOfTheBody(string method, string path, string key)
    {
        int received = await SendAsync(method, path, method == "POST" ? MessageBody() : "", key);
        await App.StopAsync().OrTimeout();

        Assert.Equal(method != "HEAD", received > 0);
        Assert.Contains($" {received} bytes out", Ended(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ChatPath)]
    [InlineData(MessagesPath)]
    [InlineData(ResponsesPath)]
    public async Task Log_AnswerBytesOfAStreamThatFails_IncludeTheErrorEvent(string path)
    {
        _ = Deployment.Model.Reply("one two three four five");
        Deployment.Faults.Inject(Fault.TamperEvent(2));
        string body = path == ChatPath ? ChatBody(stream: true) : path == MessagesPath ? MessageBody(stream: true) : ResponseBody(stream: true);
        int received = await SendAsync("POST", path, body, CallerKey);
        await App.StopAsync().OrTimeout();

        Assert.True(received > 0);
        Assert.Contains($" {received} bytes out", Ended(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_WebSocket_IsOneLine()
    {
        using RawConnection connection = Connect();
        await connection.SendAsync("GET /v1/responses HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        _ = await connection.ReadUntilAsync("\r\n\r\n");
        await App.StopAsync().OrTimeout();

        Assert.Contains("RequestEnded: /v1/responses (responses) 426 refused", Ended(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/healthz")]
    [InlineData("/readyz")]
    public async Task Log_Probe_HasNoLine(string path)
    {
        await SendAsync("GET", path, "", CallerKey);
        await App.StopAsync().OrTimeout();

        Assert.DoesNotContain(_log.Lines, line => line.Contains("RequestEnded", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("mine", "RequestedModel=mine, Model=gpt-oss-120b,")]
    [InlineData($"mine-{Sentinel}", "RequestedModel=mine-*, Model=gpt-oss-120b,")]
    [InlineData($"claude-haiku-{Sentinel}", "RequestedModel=claude-haiku*, Model=")]
    [InlineData("gpt-oss-120b", "RequestedModel=gpt-oss-120b, Model=gpt-oss-120b,")]
    [InlineData($"x-{Sentinel}", "RequestedModel=other, Model=other,")]
    public async Task Log_ModelThatWasAskedFor_IsTheAliasOrItsPattern(string asked, string logged)
    {
        await SendAsync("POST", ChatPath, ChatBody(model: asked), CallerKey);
        await App.StopAsync().OrTimeout();

        Assert.Contains(logged, Ended(), StringComparison.Ordinal);
        Assert.DoesNotContain(Sentinel, Ended(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Telemetry_UnknownMembers_AreCountedWithoutTheirNames()
    {
        string body = MessageBody().Replace("{\"model\"", $"{{\"{Sentinel}\":1,\"{Sentinel} 2\":2,\"model\"", StringComparison.Ordinal);
        string measured = await MeasuredAsync(() => SendAsync("POST", MessagesPath, body, CallerKey));

        Assert.Contains("privatemode.proxy.unknown_members 2 ", measured, StringComparison.Ordinal);
        Assert.Contains(_log.Lines, line => line.StartsWith(
            "Debug Privatemode.AI.AspNetCore UnknownMembers: 2 unknown members were left out of a request.", StringComparison.Ordinal));
        AssertClean(measured);
    }

    protected override void ConfigureProxy(PrivatemodeProxyOptions options)
    {
        options.CallerKeys.Add(CallerKey);
        (options.Aliases["mine"], options.Aliases["mine-*"]) = ("gpt-oss-120b", "gpt-oss-120b");
    }

    protected override void ConfigureLogging(ILoggingBuilder logging) => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(_log);

    /// <returns>The number of bytes of the answer, which can end with a reset.</returns>
    private async Task<int> SendAsync(string method, string path, string body, string key, string? host = null, string? origin = null)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), $"{path}?beta={Sentinel}") { Content = body.Length > 0 ? Json(body) : null };
        request.Headers.Authorization = new("Bearer", key);
        request.Headers.Host = host;
        foreach (string name in (string[])["User-Agent", "X-Claude-Code-Session-Id", "session-id", "x-session-id", "anthropic-beta", "x-codex-turn-metadata",
            "x-client-request-id", "x-request-id", "Cookie", "baggage"])
        {
            _ = request.Headers.TryAddWithoutValidation(name, $"v={Sentinel}");
        }

        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }

        using HttpResponseMessage answer = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).OrTimeout();
        using MemoryStream received = new();
        _ = await Record.ExceptionAsync(() => answer.Content.CopyToAsync(received).OrTimeout());
        return (int)received.Length;
    }

    /// <summary>The one log line of the one request.</summary>
    private string Ended() => Assert.Single(_log.Lines, line => line.Contains("RequestEnded", StringComparison.Ordinal));

    /// <summary>Everything that meters and activities of the proxy and the library say while something runs.</summary>
    private async Task<string> MeasuredAsync(Func<Task> action)
    {
        ConcurrentQueue<string> said = new();
        using MeterListener meters = new()
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name.StartsWith("Privatemode.AI", StringComparison.Ordinal))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => said.Enqueue(Text(instrument, $"{value}", tags)));
        meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => said.Enqueue(Text(instrument, $"{value}", tags)));
        meters.Start();
        using ActivityListener activities = new()
        {
            ShouldListenTo = source => source.Name.StartsWith("Privatemode.AI", StringComparison.Ordinal),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => said.Enqueue($"{activity.DisplayName} {string.Join(',', activity.TagObjects)} {activity.StatusDescription}"),
        };
        ActivitySource.AddActivityListener(activities);
        await action();

        // What is said of a request is said after its answer.
        await App.StopAsync().OrTimeout();
        return string.Join('\n', said);
    }

    private static string Text(Instrument instrument, string value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        $"{instrument.Name} {value} {string.Join(',', tags.ToArray())}";

    private void AssertClean(string measured)
    {
        // Categories of the framework log paths and queries at Debug and below; the guide says how they are silenced.
        string[] lines = [.. _log.Lines.Where(line => line.Contains("Privatemode.AI", StringComparison.Ordinal))];

        Assert.DoesNotContain(Sentinel, measured, StringComparison.OrdinalIgnoreCase);
        Assert.All(lines, line => Assert.DoesNotContain(Sentinel, line, StringComparison.OrdinalIgnoreCase));
    }
}
