using System.Diagnostics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ExtensionsAI;

/// <summary>What <c>UseLogging()</c> and <c>UseOpenTelemetry()</c> write, beside what the library writes.</summary>
[Collection(ListeningAlone.Name)]
public sealed class TelemetryTests : ExtensionsAITest
{
    private const string Source = nameof(TelemetryTests);

    [Theory]
    [InlineData(LogLevel.Trace, false)]
    [InlineData(LogLevel.Trace, true)]
    [InlineData(LogLevel.Debug, false)]
    [InlineData(LogLevel.Debug, true)]
    public async Task UseLogging_WritesContentAtTraceOnly(LogLevel level, bool isStreaming)
    {
        using TelemetryRecording recording = new(level);
        await using PrivatemodeClient client = Deployment.CreateClient(options => options.LoggerFactory = recording.Loggers);
        using IChatClient chat = client.AsIChatClient(ModelId).AsBuilder().UseFunctionInvocation(recording.Loggers).UseLogging(recording.Loggers).Build();
        ScriptCall();
        _ = await AskAsync(chat, options: WithWeather, isStreaming: isStreaming);

        Assert.Contains(recording.Logs, line => line.StartsWith("Microsoft.Extensions.AI.LoggingChatClient", StringComparison.Ordinal));
        Assert.Contains(recording.Logs, line => line.StartsWith("Privatemode.AI", StringComparison.Ordinal));
        Assert.Equal(level == LogLevel.Trace, recording.Logs.Any(IsContent));
        Assert.DoesNotContain(recording.Logs.Where(line => line.StartsWith("Privatemode.AI", StringComparison.Ordinal)), IsContent);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task UseOpenTelemetry_WritesContentOnlyIfSensitiveDataIsEnabled(bool isSensitive, bool isStreaming)
    {
        using TelemetryRecording recording = new();
        using Activity root = StartTrace();
        using IChatClient chat = Chat.AsBuilder().UseFunctionInvocation()
            .UseOpenTelemetry(recording.Loggers, Source, traces => traces.EnableSensitiveData = isSensitive).Build();
        ScriptCall();
        _ = await AskAsync(chat, options: WithWeather, isStreaming: isStreaming);
        root.Stop();

        // Other tests of this process have spans too.
        Activity[] spans = [.. recording.Spans.Where(span => span.TraceId == root.TraceId)];
        Activity[] chats = [.. spans.Where(span => span.Source.Name == Source && span.OperationName == $"chat {ModelId}")];
        Assert.Equal(2, chats.Length);
        Assert.Equal("privatemode", chats[0].GetTagItem("gen_ai.provider.name"));
        Assert.Equal(Deployment.Endpoint.Host, chats[0].GetTagItem("server.address"));
        Assert.NotNull(chats[0].GetTagItem("gen_ai.usage.input_tokens"));
        Assert.Equal(isSensitive, chats.Any(span => IsContent(TelemetryRecording.TextOf(span))));

        // The spans of the library are below those of the middleware, and never contain content.
        Activity[] ours = [.. spans.Where(span => span.Source.Name == "Privatemode.AI")];
        Assert.Contains(ours, span => span.OperationName == "privatemode.seal" && chats.Any(chat => chat.SpanId == span.ParentSpanId));
        Assert.DoesNotContain(ours, span => IsContent(TelemetryRecording.TextOf(span)));
        Assert.DoesNotContain(recording.Logs, IsContent);
    }

    [Fact]
    public async Task Failure_IsNamedInSpansAndMetrics()
    {
        using TelemetryRecording recording = new();
        using Activity root = StartTrace();
        using IChatClient chat = Chat.AsBuilder().UseOpenTelemetry(sourceName: Source).Build();
        Deployment.Faults.Inject(Fault.TamperEvent(0));
        await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => AskAsync(chat));
        root.Stop();
        Activity span = Assert.Single(recording.Spans, span => span.Source.Name == Source && span.TraceId == root.TraceId);
        Assert.Equal((ActivityStatusCode.Error, typeof(PrivatemodeIntegrityException).FullName), (span.Status, span.GetTagItem("error.type")));
        Assert.Contains(recording.CollectMetrics(), line => line.StartsWith("gen_ai.client.operation.duration", StringComparison.Ordinal)
            && line.Contains(typeof(PrivatemodeIntegrityException).FullName!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task EmbeddingsAndSpeech_AreTracedWithoutContent()
    {
        using TelemetryRecording recording = new();
        using Activity root = StartTrace();
        using IEmbeddingGenerator<string, Embedding<float>> generator = Client.AsIEmbeddingGenerator(EmbeddingModelId).AsBuilder()
            .UseLogging(recording.Loggers).UseOpenTelemetry(recording.Loggers, Source).Build();
        _ = await generator.GenerateAsync([Question]).OrTimeout();
        _ = Deployment.Model.ReplyWithTranscription(Answer);
        using ISpeechToTextClient speech = Client.AsISpeechToTextClient(SpeechModelId).AsBuilder().UseOpenTelemetry(recording.Loggers, Source).Build();
        using MemoryStream audio = new(Recording.Wave());
        _ = await speech.GetTextAsync(audio).OrTimeout();
        root.Stop();
        Activity[] spans = [.. recording.Spans.Where(span => span.TraceId == root.TraceId)];
        Assert.Equal(2, spans.Count(span => span.Source.Name == Source));
        Assert.DoesNotContain(spans, span => IsContent(TelemetryRecording.TextOf(span)));
        Assert.DoesNotContain(recording.CollectMetrics(), IsContent);
    }

    /// <summary>A span above those of the test, whose trace tells them from those of other tests. It is recorded, because the sampler of OpenTelemetry
    /// drops what is below one that is not.</summary>
    private static Activity StartTrace() => new Activity(nameof(TelemetryTests)) { ActivityTraceFlags = ActivityTraceFlags.Recorded }.Start();

    private static bool IsContent(string text) =>
        text.Contains("umbrella", StringComparison.Ordinal) || text.Contains("clear sky", StringComparison.Ordinal)
        || text.Contains("sky over Bochum", StringComparison.Ordinal);
}
