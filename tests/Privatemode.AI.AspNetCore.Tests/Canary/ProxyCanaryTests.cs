using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Privatemode.AI.AspNetCore.Tests.Hosting;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.AspNetCore.Tests.Canary;

/// <summary>The sentinel in bodies, headers, query, file names and keys of callers: nothing of it reaches the socket of the service, logs or
/// telemetry, except encrypted.</summary>
public sealed class ProxyCanaryTests : ProxyTest
{
    private const string Key = $"caller-key-{Sentinel.Text}";
    private const string Alias = $"alias-{Sentinel.Text}";

    // What the protocol sends with an encrypted request, and HTTP itself.
    private static readonly string[] SentHeaders =
    [
        "Accept", "Authorization", "Content-Length", "Content-Type", "Host", "Privatemode-Client", "Privatemode-Encrypted", "Privatemode-NVIDIA-OCSP-Policy",
        "Privatemode-NVIDIA-OCSP-Policy-MAC", "Privatemode-Secret-ID", "Privatemode-Shard-Key", "Privatemode-Target-Model", "Privatemode-User-Request-ID",
        "Privatemode-Version", "Transfer-Encoding", "User-Agent",
    ];

    private static readonly string[] SentPaths =
    [
        "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/messages", "/v1/audio/transcriptions", "/unstructured/general/v0/general",
    ];

    private readonly CapturingLoggerFactory _logs = new();
    private readonly ConcurrentQueue<string> _telemetry = [];
    private MeterListener _meters = null!;
    private ActivityListener _activities = null!;

    public static TheoryData<string, bool> Requests => new()
    {
        { "chat", false }, { "chat", true }, { "completion", false }, { "completion", true }, { "embedding", false }, { "message", false },
        { "message", true }, { "response", false }, { "response", true }, { "count", false }, { "transcription", false }, { "document", false },
    };

    public override async Task InitializeAsync()
    {
        _activities = new ActivityListener
        {
            ShouldListenTo = source => source.Name.StartsWith("Privatemode", StringComparison.Ordinal),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => _telemetry.Enqueue(
                $"{activity.DisplayName} {string.Join(' ', activity.TagObjects)} {string.Join(' ', activity.Events.SelectMany(item => item.Tags))}"),
        };
        ActivitySource.AddActivityListener(_activities);
        _meters = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name.StartsWith("Privatemode", StringComparison.Ordinal))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        _meters.SetMeasurementEventCallback<long>((instrument, _, tags, _) => _telemetry.Enqueue($"{instrument.Name} {string.Join(' ', tags.ToArray())}"));
        _meters.SetMeasurementEventCallback<double>((instrument, _, tags, _) => _telemetry.Enqueue($"{instrument.Name} {string.Join(' ', tags.ToArray())}"));
        _meters.Start();
        await base.InitializeAsync();
        Deployment.Model.SetFallback(request => request.PathAndQuery == "/unstructured/general/v0/general"
            ? ScriptedAnswer.Document(new ScriptedDocumentElement("Title", Sentinel.Text)) : ScriptedAnswer.Text($"{Sentinel.Text} answer"));
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _meters.Dispose();
        _activities.Dispose();
    }

    protected override void ConfigureServices(IServiceCollection services) => services.AddSingleton<ILoggerFactory>(_logs);

    protected override void ConfigureProxy(PrivatemodeProxyOptions options)
    {
        options.CallerKeys.Add(Key);
        options.LeaveOutHostedTools = true;
        options.SessionPromptCache = true;
        options.Aliases[Alias] = ModelId;
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task EveryRoute_WithTheSentinelEverywhere_SendsItEncryptedOnly(string kind, bool stream)
    {
        using HttpRequestMessage request = RequestOf(kind, stream);
        AddHeaders(request);
        using HttpResponseMessage answer = await Http.SendAsync(request).OrTimeout();
        string text = await answer.Content.ReadAsStringAsync().OrTimeout();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
        await AssertNothingLeftAsync(isSent: kind != "count");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Alias_WithTheSentinel_IsReplacedByTheLiveModel(bool stream)
    {
        foreach ((string path, string body) in ((string, string)[])
            [(ChatPath, CanaryBodies.Chat(stream)), (MessagesPath, CanaryBodies.Message(stream)), (ResponsesPath, CanaryBodies.Response(stream))])
        {
            using HttpRequestMessage request = Post(path, body.Replace(ModelId, Alias, StringComparison.Ordinal));
            AddHeaders(request);
            using HttpResponseMessage answer = await Http.SendAsync(request).OrTimeout();
            string text = await answer.Content.ReadAsStringAsync().OrTimeout();
            Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
            Assert.Equal(ModelId, answer.Headers.GetValues("Privatemode-Model").Single());
        }

        await AssertNothingLeftAsync();
    }

    [ThirdPartyTheory]
    [InlineData("claude-code-01-messages")]
    [InlineData("claude-code-02-after-a-tool")]
    [InlineData("claude-code-03-count-tokens")]
    [InlineData("codex-01-first")]
    [InlineData("codex-02-after-a-tool")]
    [InlineData("opencode-01-chat-title")]
    [InlineData("opencode-02-chat")]
    [InlineData("opencode-03-messages")]
    [InlineData("opencode-04-responses")]
    [InlineData("opencode-05-responses")]
    public async Task RequestOfAnAssistant_WithTheSentinelInEveryTextAndHeader_SendsItEncryptedOnly(string name)
    {
        JsonElement captured = VectorFiles.ThirdParty($"clients/{name}.json");
        using HttpRequestMessage request = Post($"{captured.Text("path")}", CanaryBodies.Of(captured.GetProperty("body")));
        AddHeaders(request);
        foreach (JsonProperty header in captured.GetProperty("headers").EnumerateObject())
        {
            if (header.Name is not ("content-type" or "authorization" or "x-api-key"))
            {
                _ = request.Headers.TryAddWithoutValidation(header.Name, header.Value.GetString() + Sentinel.Text);
            }
        }

        using HttpResponseMessage answer = await Http.SendAsync(request).OrTimeout();
        string text = await answer.Content.ReadAsStringAsync().OrTimeout();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
        await AssertNothingLeftAsync(isSent: name != "claude-code-03-count-tokens");
    }

    [Theory]
    [InlineData("Origin", $"https://{Sentinel.Text}.example")]
    [InlineData("Host", $"{Sentinel.Text}.example")]
    [InlineData("Authorization", $"Bearer another-{Sentinel.Text}")]
    [InlineData("Upgrade", "websocket")]
    public async Task RefusedRequest_SendsNothing(string header, string value)
    {
        using HttpRequestMessage request = RequestOf("chat", stream: false);
        AddHeaders(request);
        _ = request.Headers.Remove(header);
        _ = request.Headers.Remove("x-api-key");
        Assert.True(request.Headers.TryAddWithoutValidation(header, value));
        using HttpResponseMessage answer = await Http.SendAsync(request).OrTimeout();
        Assert.InRange((int)answer.StatusCode, 400, 499);
        await AssertNothingLeftAsync(isSent: false);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Failures_OfTheServiceAndOfAnswers_AreNotToldToLogs(bool stream)
    {
        foreach (Fault fault in (Fault[])
            [
                Fault.EncryptedError(400, Sentinel.Text), Fault.UnencryptedError(400, Sentinel.Text), Fault.UnencryptedError(500, Sentinel.Text),
                Fault.TamperEvent(0), Fault.ReflectRequest, Fault.UnencryptedSuccess(), Fault.CutConnection(400),
            ])
        {
            Deployment.Faults.Inject(fault);
            using HttpRequestMessage request = RequestOf("chat", stream);
            AddHeaders(request);
            _ = await Record.ExceptionAsync(async () =>
            {
                using HttpResponseMessage answer = await Http.SendAsync(request).OrTimeout();
                _ = await answer.Content.ReadAsStringAsync().OrTimeout();
                Assert.NotEqual(HttpStatusCode.OK, answer.StatusCode);
            });
        }

        await AssertNothingLeftAsync();
    }

    private static HttpRequestMessage RequestOf(string kind, bool stream) => kind switch
    {
        "chat" => Post(ChatPath + Query, CanaryBodies.Chat(stream).Replace("gpt-oss-120b", "gemma-3-27b", StringComparison.Ordinal)),
        "completion" => Post("/v1/completions" + Query, CanaryBodies.Completion(stream)),
        "embedding" => Post("/v1/embeddings" + Query, CanaryBodies.Embedding()),
        "message" => Post(MessagesPath + Query, CanaryBodies.Message(stream)),
        "count" => Post(MessagesPath + "/count_tokens" + Query, CanaryBodies.Message(stream)),
        "response" => Post(ResponsesPath + Query, CanaryBodies.Response(stream)),
        "transcription" => new(HttpMethod.Post, "/v1/audio/transcriptions" + Query)
        {
            Content = Form("file", ("model", "whisper-large-v3"), ("prompt", Sentinel.Text)),
        },
        _ => new(HttpMethod.Post, "/unstructured/general/v0/general" + Query) { Content = Form("files", ("strategy", "fast")) },
    };

    private static string Query => $"?{Sentinel.Text}={Sentinel.Text}";

    private static MultipartFormDataContent Form(string file, params (string Name, string Value)[] fields)
    {
        MultipartFormDataContent form = new($"b{Sentinel.Text}");
        foreach ((string name, string value) in fields)
        {
            form.Add(new StringContent(value), name);
        }

        form.Add(new ByteArrayContent(Sentinel.Bytes), file, $"{Sentinel.Text}.wav");
        return form;
    }

    /// <summary>Every header in which a caller, its library or its tracing says something.</summary>
    private static void AddHeaders(HttpRequestMessage request)
    {
        foreach (string name in (string[])
            [
                "User-Agent", "Cookie", "Referer", "From", "X-Forwarded-For", "X-Request-Id", "X-Client-Request-Id", "Idempotency-Key", "baggage", "tracestate",
                "OpenAI-Organization", "OpenAI-Project", "anthropic-beta", "x-claude-code-session-id", "x-codex-window-id", "x-codex-turn-metadata",
                "session-id", "thread-id", "x-session-id", "x-session-affinity", "x-stainless-os", "originator", "Privatemode-Target-Model",
                "Privatemode-Shard-Key", "Privatemode-User-Request-ID", "X-Canary",
            ])
        {
            _ = request.Headers.TryAddWithoutValidation(name, Sentinel.Text);
        }

        _ = request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {Key}");
        _ = request.Headers.TryAddWithoutValidation("x-api-key", Key);
        _ = request.Headers.TryAddWithoutValidation("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    }

    private static string Around(byte[] bytes, string form)
    {
        string text = System.Text.Encoding.Latin1.GetString(bytes);
        int at = text.IndexOf(form, StringComparison.OrdinalIgnoreCase);
        return text[Math.Max(0, at - 300)..Math.Min(text.Length, at + 100)];
    }

    private async Task AssertNothingLeftAsync(bool isSent = true)
    {
        // A request is logged when its answer has left, which the caller does not wait for.
        await App.StopAsync().OrTimeout();
        byte[] received = Deployment.GetReceivedBytes();
        Assert.All(Sentinel.FoundIn(received), form => Assert.Fail(Around(received, form)));
        Assert.DoesNotContain("0af7651916cd43dd8448eb211c80319c", System.Text.Encoding.Latin1.GetString(received), StringComparison.OrdinalIgnoreCase);
        foreach (RecordedRequest request in Deployment.Requests)
        {
            Assert.Contains(request.PathAndQuery, SentPaths);
            Assert.Empty(request.Headers.Keys.Except(SentHeaders, StringComparer.OrdinalIgnoreCase));
        }

        // Vacuous if the sentinel did not arrive inside.
        Assert.Equal(isSent, Deployment.Requests.Any(request => request.DecryptedBody?.Contains(Sentinel.Text, StringComparison.Ordinal) == true ||
            request.DecryptedFields.Values.Any(value => Sentinel.FoundIn(value.ToArray()).Any())));

        // The framework's own log has paths and queries, and is set to warnings by the tool. An alias is a setting of the operator, and logged.
        IEnumerable<string> lines = _logs.Lines.Where(line => !line.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal))
            .Select(line => line.Replace(Alias, "", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.True(!Sentinel.FoundIn(line).Any(), line));
        Assert.Contains(_logs.Lines, line => line.StartsWith("Privatemode.AI.AspNetCore ", StringComparison.Ordinal));
        _meters.RecordObservableInstruments();
        Assert.All(_telemetry, line => Assert.Empty(Sentinel.FoundIn(line)));
        Assert.NotEmpty(_telemetry);
    }
}
