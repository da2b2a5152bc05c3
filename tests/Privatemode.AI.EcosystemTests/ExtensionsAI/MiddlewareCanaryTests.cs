using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ExtensionsAI;

/// <summary>The sentinel in everything that calls through the middleware carry: nothing of it is at the socket, and in telemetry only what the middleware's
/// own switches write.</summary>
[Collection(ListeningAlone.Name)]
public sealed class MiddlewareCanaryTests : ExtensionsAITest
{
    private const string Source = nameof(MiddlewareCanaryTests);
    private static readonly string[] Frameworks = ["Microsoft.Extensions.AI", Source];

    // OpenTelemetryChatClient and FunctionInvokingChatClient write these whatever EnableSensitiveData says; docs/chat.md warns of it.
    private static readonly string[] AlwaysWritten = ["gen_ai.request.stop_sequences", "gen_ai.tool.description"];

    private readonly TelemetryRecording _recording = new();
    private readonly List<Exception> _exceptions = [];
    private PrivatemodeClient _client = null!;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        _client = Deployment.CreateClient(options => options.LoggerFactory = _recording.Loggers);
    }

    public override async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        _recording.Dispose();
        await base.DisposeAsync();
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Chat_NothingOfTheSentinelLeaves(bool isSensitive, bool isStreaming)
    {
        Deployment.Model.SetFallback(request => request.DecryptedBody!.Contains("tool_call_id", StringComparison.Ordinal)
            ? ScriptedAnswer.Text($"{Sentinel.Text} answer").WithReasoning($"{Sentinel.Text} reasoning")
            : ScriptedAnswer.ToolCall(ToolName, $$"""{"city":"{{Sentinel.Text}}-argument"}""").WithReasoning($"{Sentinel.Text} reasoning"));
        using IChatClient chat = Layered(isSensitive);
        ChatResponse response = await AskAsync(chat, Messages(), Options(), isStreaming);
        Assert.Equal($"{Sentinel.Text} answer", response.Messages[^1].Text);
        string[] places = ["system", "user", "file.pdf", "description", "argument", "result", "schema", "stop", "extra"];
        Assert.All(places, place => Assert.Contains($"{Sentinel.Text}-{place}", Deployment.Requests[1].DecryptedBody, StringComparison.Ordinal));
        Assert.Contains($"{Sentinel.Text} reasoning", Deployment.Requests[1].DecryptedBody, StringComparison.Ordinal);
        AssertNothingLeft(isSensitive);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Failures_NothingOfTheSentinelLeaves(bool isStreaming)
    {
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text($"{Sentinel.Text} answer one two three"));
        using IChatClient chat = Layered(isSensitive: false);
        foreach (Fault fault in (Fault[])
            [Fault.EncryptedError(400, Sentinel.Text), Fault.TamperEvent(1), Fault.CutConnection(400),
                isStreaming ? Fault.ReplaceEventWithError(1, Sentinel.Text) : Fault.EncryptedError(422, Sentinel.Text)])
        {
            Deployment.Faults.Inject(fault);
            await TryAsync(() => AskAsync(chat, Messages(), Options(), isStreaming));
        }

        ChatOptions bad = Options();
        bad.AdditionalProperties!["messages"] = Sentinel.Text;
        await TryAsync(() => AskAsync(chat, Messages(), bad, isStreaming));
        await TryAsync(() => AskAsync(chat, [new ChatMessage(ChatRole.User, [new DataContent(Sentinel.Bytes, "application/zip")])]));
        Assert.Equal(6, _exceptions.OfType<PrivatemodeException>().Count());
        AssertNothingLeft(isSensitive: false, showsMembers: true);
    }

    [Fact]
    public async Task Embeddings_NothingOfTheSentinelLeaves()
    {
        using IEmbeddingGenerator<string, Embedding<float>> generator = _client.AsIEmbeddingGenerator(EmbeddingModelId).AsBuilder()
            .UseDistributedCache(CreateCache()).UseLogging(_recording.Loggers).UseOpenTelemetry(_recording.Loggers, Source).Build();
        TextEmbeddingOptions options = new() { QueryInstruction = $"{Sentinel.Text}-task" };
        _ = await generator.GenerateAsync([$"{Sentinel.Text}-text"], options).OrTimeout();
        Deployment.Faults.Inject(Fault.EncryptedError(400, Sentinel.Text));
        await TryAsync(() => generator.GenerateAsync([$"{Sentinel.Text}-other"], options));
        Assert.Single(_exceptions);
        Assert.Contains($"{Sentinel.Text}-task", Deployment.Requests[0].DecryptedBody, StringComparison.Ordinal);
        AssertNothingLeft(isSensitive: false);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Speech_NothingOfTheSentinelLeaves(bool isStreaming)
    {
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Transcription($"{Sentinel.Text} said"));
        using ISpeechToTextClient speech = _client.AsISpeechToTextClient(SpeechModelId).AsBuilder()
            .UseLogging(_recording.Loggers).UseOpenTelemetry(_recording.Loggers, Source).Build();
        SpeechTranscriptionOptions options = new() { Prompt = $"{Sentinel.Text} prompt", SpeechLanguage = Sentinel.Text };
        foreach (Fault? fault in (Fault?[])[null, Fault.EncryptedError(400, Sentinel.Text), Fault.TamperEvent(0)])
        {
            if (fault is not null)
            {
                Deployment.Faults.Inject(fault);
            }

            using MemoryStream audio = new(Recording.Wave(5000, Sentinel.Text));
            await TryAsync(() => isStreaming
                ? speech.GetStreamingTextAsync(audio, options).ToSpeechToTextResponseAsync() : speech.GetTextAsync(audio, options));
        }

        Assert.Equal(2, _exceptions.Count);
        Assert.True(Deployment.Requests[0].DecryptedFields["file"].Span.IndexOf(Encoding.UTF8.GetBytes(Sentinel.Text)) > 0);
        AssertNothingLeft(isSensitive: false);
    }

    /// <summary>The instrumentation of OpenTelemetry adds both to the headers of other requests.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task BaggageAndTraceState_OfTheApplication_AreNotSent(bool isFromHost)
    {
        using Activity activity = Sentinel.StartActivity();
        activity.ActivityTraceFlags = ActivityTraceFlags.Recorded;
        _ = Baggage.SetBaggage("canary", Sentinel.Text);
        await using ServiceProvider provider = BuildProvider(services => services.AddPrivatemodeChatClient(ModelId)
            .UseFunctionInvocation().UseOpenTelemetry(_recording.Loggers, Source));
        using IChatClient chat = isFromHost ? provider.GetRequiredService<IChatClient>() : Layered(isSensitive: false);
        ScriptCall();
        _ = await AskAsync(chat, options: WithWeather, isStreaming: true);
        Assert.Contains(_recording.Spans, span => span.Source.Name == Source && span.TraceId == activity.TraceId);
        Assert.Empty(Sentinel.FoundIn(Deployment.GetReceivedBytes()));
        Assert.All(Deployment.AllRequests, request => Assert.DoesNotContain("baggage", request.Headers.Keys));
    }

    private static List<ChatMessage> Messages() =>
    [
        new(ChatRole.System, $"{Sentinel.Text}-system"),
        new(ChatRole.User,
        [
            new TextContent($"{Sentinel.Text}-user"), new DataContent(Sentinel.Bytes, "image/png"),
            new DataContent(Sentinel.Bytes, "application/pdf") { Name = $"{Sentinel.Text}-file.pdf" },
            new DataContent(Recording.Wave(200, Sentinel.Text), "audio/wav"),
        ]) { AuthorName = $"{Sentinel.Text}_author" },
    ];

    private static ChatOptions Options() => new()
    {
        Tools = [AIFunctionFactory.Create((string city) => $"{city.Length} {Sentinel.Text}-result", ToolName, $"{Sentinel.Text}-description")],
        ResponseFormat = ChatResponseFormat.ForJsonSchema(
            AIJsonUtilities.CreateJsonSchema(typeof(string), $"{Sentinel.Text}-schema"), $"{Sentinel.Text}_format"),
        StopSequences = [$"{Sentinel.Text}-stop"],
        AdditionalProperties = new() { ["user_tag"] = $"{Sentinel.Text}-extra" },
    };

    private IChatClient Layered(bool isSensitive)
    {
        IDistributedCache cache = CreateCache();
        return _client.AsIChatClient(ModelId).AsBuilder().UseFunctionInvocation(_recording.Loggers).UseDistributedCache(cache)
            .UseLogging(_recording.Loggers).UseOpenTelemetry(_recording.Loggers, Source, traces => traces.EnableSensitiveData = isSensitive).Build();
    }

    private async Task TryAsync<T>(Func<Task<T>> call)
    {
        if (await Record.ExceptionAsync(() => call().OrTimeout()) is { } exception)
        {
            _exceptions.Add(exception);
        }
    }

    /// <param name="isSensitive">Whether the middleware was asked to write content into traces.</param>
    /// <param name="showsMembers">Whether a fault sent an error of the service in the clear, which contains the sentinel.</param>
    private void AssertNothingLeft(bool isSensitive, bool showsMembers = false)
    {
        Assert.Empty(Sentinel.FoundIn(Deployment.GetReceivedBytes()));
        if (!showsMembers)
        {
            Assert.All(Deployment.AllRequests, request => Assert.Empty(Sentinel.FoundIn(request.WireResponseText)));
        }

        // The middleware writes content at the level Trace only, as its documentation says.
        Assert.NotEmpty(_recording.Logs);
        Assert.All(_recording.Logs.Where(line => !IsOfAFramework(line)), line => Assert.Empty(Sentinel.FoundIn(line)));
        Assert.All(
            _recording.Logs.Where(line => IsOfAFramework(line) && !line.Contains($" {LogLevel.Trace} ", StringComparison.Ordinal)),
            line => Assert.Empty(Sentinel.FoundIn(line)));

        Assert.Contains(_recording.Spans, span => span.Source.Name == "Privatemode.AI");
        Assert.Contains(_recording.Spans, span => span.Source.Name == Source);
        Assert.Equal(isSensitive, _recording.Spans.Any(span => IsOfAFramework(span.Source.Name) && Sentinel.FoundIn(TextOf(span)).Any()));
        Assert.All(_recording.Spans.Where(span => !IsOfAFramework(span.Source.Name)), span => Assert.Empty(Sentinel.FoundIn(TextOf(span))));
        IReadOnlyList<string> metrics = _recording.CollectMetrics();
        Assert.Contains(metrics, line => line.StartsWith("privatemode.", StringComparison.Ordinal));
        Assert.Contains(metrics, line => line.StartsWith("gen_ai.", StringComparison.Ordinal));
        Assert.All(metrics, line => Assert.Empty(Sentinel.FoundIn(line)));
        Assert.All(_exceptions, exception => Assert.Empty(Sentinel.FoundIn(exception.ToString())));
    }

    private static string TextOf(Activity span) => TelemetryRecording.TextOf(span, IsOfAFramework(span.Source.Name) ? AlwaysWritten : []);

    private static bool IsOfAFramework(string line) => Frameworks.Any(name => line.StartsWith(name, StringComparison.Ordinal));
}
