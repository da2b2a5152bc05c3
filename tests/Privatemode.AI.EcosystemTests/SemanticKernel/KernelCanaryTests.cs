using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.SemanticKernel;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using KernelText = Microsoft.SemanticKernel.TextContent;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>The sentinel in everything that a kernel sends and receives: it is not at the socket, and not in logs, traces, metrics and exceptions, except
/// for what Semantic Kernel itself logs at the level Trace.</summary>
[Collection(ListeningAlone.Name)]
public sealed class KernelCanaryTests : KernelTest
{
    private readonly CapturingLoggerFactory _logs = new();
    private readonly TelemetryListener _telemetry = new();
    private readonly List<Exception> _exceptions = [];
    private readonly Activity _activity = Sentinel.StartActivity();
    private PrivatemodeClient _client = null!;

    public static TheoryData<KernelLayer> Layers() => [.. KernelLayers.All];

    protected override void Configure(PrivatemodeTestDeploymentOptions options) => options.TimeProvider = new ImmediateTimeProvider();

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        _client = Deployment.CreateClient(options => options.LoggerFactory = _logs);
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text($"{Sentinel.Text} answer").WithReasoning($"{Sentinel.Text} reasoning"));
    }

    public override async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await base.DisposeAsync();
        _telemetry.Dispose();
        _activity.Stop();
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task Kernel_NothingOfTheSentinelLeaves(KernelLayer layer)
    {
        Kernel kernel = Build(layer);
        Script(layer);
        await TryAsync(() => layer.AskAsync(kernel, Sentinel.Text + "-user", Settings(layer)));
        Assert.Empty(_exceptions);
        string sent = string.Concat(Deployment.Requests.Select(request => request.DecryptedBody));
        string[] places = layer.IsLoop()
            ? ["user", "system", "stop", "schema", "extra", "description", "argument", "result", "reasoning"]
            : ["user", "system", "stop", "schema", "extra"];
        Assert.All(places, place => Assert.Contains($"{Sentinel.Text}-{place}", sent, StringComparison.Ordinal));
        Assert.All(Deployment.AllRequests, request => Assert.Empty(Sentinel.FoundIn(request.WireResponseText)));

        // The framework's own lines are there; everything else is checked.
        Assert.Equal(
            layer is not (KernelLayer.Chat or KernelLayer.ChatStream),
            _logs.Lines.Any(line => IsContentOfTheFramework(line) && Sentinel.FoundIn(line).Any()));
        AssertNothingLeft();
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task Kernel_ThatFails_NothingOfTheSentinelLeaves(KernelLayer layer)
    {
        Kernel kernel = Build(layer);
        foreach (Fault fault in (Fault[])
            [
                Fault.EncryptedError(400, Sentinel.Text), Fault.UnencryptedError(400, Sentinel.Text), Fault.UnencryptedError(500, Sentinel.Text),
                Fault.TamperEvent(0), Fault.ReflectRequest, Fault.UnencryptedSuccess(), Fault.CutConnection(400),
                layer.IsStreaming() ? Fault.ReplaceEventWithError(1, Sentinel.Text) : Fault.EncryptedError(422, Sentinel.Text),
            ])
        {
            Deployment.Faults.Inject(fault);
            await TryAsync(() => layer.AskAsync(kernel, Sentinel.Text + "-user", Settings(layer)));
        }

        Assert.Equal(8, _exceptions.Count);
        Assert.All(_exceptions, exception => Assert.IsAssignableFrom<PrivatemodeException>(exception));
        AssertNothingLeft();
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task Kernel_WithWhatIsRefused_NothingOfTheSentinelLeaves(KernelLayer layer)
    {
        Kernel kernel = Build(layer);
        foreach (PromptExecutionSettings settings in (PromptExecutionSettings[])
            [
                new PrivatemodePromptExecutionSettings { ModelId = Sentinel.NotAModel },
                new PrivatemodePromptExecutionSettings { ResponseFormat = Sentinel.Text },
                new PrivatemodePromptExecutionSettings { ReasoningEffort = Sentinel.Text, ExtensionData = Extra("messages") },
                new PrivatemodePromptExecutionSettings { ExtensionData = Extra("temperature") },
                new PrivatemodePromptExecutionSettings { ExtensionData = Extra("logit_bias") },
                new PrivatemodePromptExecutionSettings { ExtensionData = Extra("chat_template_kwargs") },
            ])
        {
            await TryAsync(() => layer.AskAsync(kernel, Sentinel.Text + "-user", settings));
        }

        Assert.Equal(6, _exceptions.Count);
        AssertNothingLeft();

        static Dictionary<string, object> Extra(string name) => new() { [name] = Sentinel.Text };
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Contents_NothingOfTheSentinelLeaves(bool isStreaming)
    {
        Kernel kernel = Build(KernelLayer.Chat);
        IChatCompletionService chat = kernel.GetRequiredService<IChatCompletionService>();
        ChatHistory history = new(Sentinel.Text + "-system");
        history.AddUserMessage(
        [
            new KernelText(Sentinel.Text + "-user"), new ImageContent(Sentinel.Bytes, "image/png"),
            new AudioContent(Recording.Wave(500, Sentinel.Text), "audio/wav"),
            new BinaryContent(Sentinel.Bytes, "application/pdf") { Metadata = new Dictionary<string, object?> { ["name"] = Sentinel.Text } },
        ]);
        await TryAsync(() => isStreaming
            ? StreamAsync(chat, history, null, kernel)
            : chat.GetChatMessageContentAsync(history).OrTimeout());
        Assert.Empty(_exceptions);

        // What a message cannot contain.
        foreach (KernelContent item in (KernelContent[])
            [
                new ActionContent(Sentinel.Text), new BinaryContent(Sentinel.Bytes, "application/zip"),
                new ImageContent(new Uri($"https://{Sentinel.Text}.example/{Sentinel.Text}")), new ImageContent(Sentinel.Bytes, null),
            ])
        {
            ChatHistory refused = [new ChatMessageContent(AuthorRole.User, [new KernelText(Sentinel.Text), item])];
            await TryAsync(() => isStreaming
                ? StreamAsync(chat, refused, null, kernel)
                : chat.GetChatMessageContentAsync(refused).OrTimeout());
        }

        Assert.Equal(4, _exceptions.OfType<PrivatemodeException>().Count());
        Assert.Single(Deployment.Requests);
        AssertNothingLeft();
    }

    [Fact]
    public async Task AudioToText_NothingOfTheSentinelLeaves()
    {
        PrivatemodeAudioToTextService service = new(SpeechModelId, _client);
        PromptExecutionSettings settings = new()
        {
            ExtensionData = new Dictionary<string, object> { ["prompt"] = Sentinel.Text + "-prompt", ["filename"] = Sentinel.Text + ".wav" },
        };
        AudioContent recording = new(Recording.Wave(500, Sentinel.Text), "audio/wav")
        {
            Metadata = new Dictionary<string, object?> { ["filename"] = Sentinel.Text },
        };
        foreach (Fault? fault in (Fault?[])[null, Fault.EncryptedError(400, Sentinel.Text), Fault.TamperEvent(0), Fault.UnencryptedError(413, Sentinel.Text)])
        {
            if (fault is not null)
            {
                Deployment.Faults.Inject(fault);
            }

            _ = Deployment.Model.ReplyWithTranscription(Sentinel.Text);
            await TryAsync(() => service.GetTextContentsAsync(recording, settings).OrTimeout());
        }

        await TryAsync(() => service.GetTextContentsAsync(new AudioContent(new Uri($"https://example.com/{Sentinel.Text}.wav")), settings).OrTimeout());
        Assert.Equal(4, _exceptions.OfType<PrivatemodeException>().Count());
        Assert.Contains(Sentinel.Text + "-prompt", Encoding.UTF8.GetString(Deployment.Requests[0].DecryptedFields["prompt"].Span), StringComparison.Ordinal);
        AssertNothingLeft();
    }

    [Fact]
    public async Task Embeddings_NothingOfTheSentinelLeaves()
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.AddPrivatemodeEmbeddingGenerator(EmbeddingModelId, _client);
        IEmbeddingGenerator<string, Embedding<float>> generator = builder.Build().GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
        foreach (Fault? fault in (Fault?[])[null, Fault.EncryptedError(400, Sentinel.Text), Fault.TamperEvent(0)])
        {
            if (fault is not null)
            {
                Deployment.Faults.Inject(fault);
            }

            await TryAsync(() => generator.GenerateAsync([Sentinel.Text]).OrTimeout());
        }

        Assert.Equal(2, _exceptions.Count);
        AssertNothingLeft();
    }

    [Theory]
    [InlineData(KernelLayer.Prompt)]
    [InlineData(KernelLayer.LoopStream)]
    public async Task Cancellation_NothingOfTheSentinelLeaves(KernelLayer layer)
    {
        Kernel kernel = Build(layer);
        using CancellationTokenSource cancellation = new();
        _ = Deployment.Model.ReplyWithToolCall(layer.WireName("Secrets", "read"), $$"""{"key":"{{Sentinel.Text}}-argument"}""");
        Deployment.Faults.Inject(layer.IsStreaming() ? Fault.StallBeforeEvent(1) : Fault.NoResponse);
        Task<string> asking = layer.AskAsync(kernel, Sentinel.Text, Settings(layer), cancellation.Token);
        Stopwatch watch = Stopwatch.StartNew();
        while (Deployment.Requests.Count == 0 && watch.Elapsed < TestTimeouts.Default)
        {
            await Task.Yield();
        }

        await cancellation.CancelAsync();
        await TryAsync(() => asking);
        Assert.IsAssignableFrom<OperationCanceledException>(Assert.Single(_exceptions));
        AssertNothingLeft();
    }

    private Kernel Build(KernelLayer layer) => layer.Build(ModelId, _client, builder =>
    {
        builder.Services.AddSingleton<ILoggerFactory>(_logs);
        builder.Plugins.AddFromType<SecretPlugin>("Secrets");
    });

    private void Script(KernelLayer layer)
    {
        if (layer.IsLoop())
        {
            _ = Deployment.Model.ReplyWithToolCall(layer.WireName("Secrets", "read"), $$"""{"key":"{{Sentinel.Text}}-argument"}""")
                .WithReasoning(Sentinel.Text + "-reasoning").WithText(Sentinel.Text);
        }
    }

    private static PrivatemodePromptExecutionSettings Settings(KernelLayer layer) => new()
    {
        ChatSystemPrompt = Sentinel.Text + "-system",
        StopSequences = [Sentinel.Text + "-stop"],
        User = Sentinel.Text,
        ResponseFormat = JsonDocument.Parse($$"""{"type":"object","properties":{"{{Sentinel.Text}}-schema":{"type":"string"} } }""").RootElement,
        ExtensionData = new Dictionary<string, object> { ["extra"] = new Dictionary<string, object> { ["nested"] = Sentinel.Text + "-extra" } },
        FunctionChoiceBehavior = layer.IsLoop() ? FunctionChoiceBehavior.Auto() : null,
    };

    private async Task TryAsync(Func<Task> call)
    {
        if (await Record.ExceptionAsync(call) is { } exception)
        {
            _exceptions.Add(exception);
        }
    }

    private void AssertNothingLeft()
    {
        Assert.Same(_activity, Activity.Current);
        Assert.Empty(Sentinel.FoundIn(Deployment.GetReceivedBytes()));
        Assert.All(_exceptions, exception => Assert.Empty(Sentinel.FoundIn(exception.ToString())));
        Assert.All(
            _exceptions.SelectMany(exception => exception.Data.Values.Cast<object?>()), value => Assert.Empty(Sentinel.FoundIn($"{value}")));

        if (Deployment.Requests.Count > 0)
        {
            Assert.Contains(_telemetry.Activities, activity => activity.Source.Name == "Privatemode.AI");
            Assert.Contains(_telemetry.Measurements, line => line.StartsWith("Privatemode.AI ", StringComparison.Ordinal));
            Assert.Contains(_logs.Lines, line => line.StartsWith("Privatemode.AI ", StringComparison.Ordinal));
        }

        Assert.All(_telemetry.Texts, text => Assert.Empty(Sentinel.FoundIn(text)));
        Assert.All(_logs.Lines.Where(line => !IsContentOfTheFramework(line)), line => Assert.Empty(Sentinel.FoundIn(line)));
    }

    /// <summary>Semantic Kernel logs prompts, arguments and results at the level Trace, in the categories of its own and of the functions.</summary>
    private static bool IsContentOfTheFramework(string line)
    {
        string[] words = line.Split(' ', 3);
        return words[1] == nameof(LogLevel.Trace) && !words[0].StartsWith("Privatemode", StringComparison.Ordinal) &&
            !words[0].StartsWith("System", StringComparison.Ordinal) && !words[0].StartsWith("OpenAI", StringComparison.Ordinal);
    }

    private sealed class SecretPlugin
    {
        [KernelFunction("read"), Description(Sentinel.Text + "-description")]
        public static string Read([Description(Sentinel.Text)] string key) => $"{Sentinel.Text}-result of {key}";
    }
}
