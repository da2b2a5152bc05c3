using System.ClientModel.Primitives;
using System.Diagnostics;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using Xunit.Abstractions;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Privatemode.AI.IntegrationTests.Canary;

/// <summary>Puts a sentinel everywhere content can be, calls everything that can be called, and looks for it on the wire, in logs and in
/// our exceptions.</summary>
public sealed class CanaryTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly CapturingLoggerFactory _logs = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("privatemode-canary-");
    private readonly Activity _activity = Sentinel.StartActivity();
    private PrivatemodeTestDeployment _deployment = null!;
    private PrivatemodeClient _client = null!;

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync();
        _deployment.Model.SetFallback(_ => ScriptedAnswer.Text($"{Sentinel.Text} answer").WithReasoning($"{Sentinel.Text} reasoning").WithToolCall(
            $"{Sentinel.Text}_tool_name", $$"""{"argument":"{{Sentinel.Text}}"}"""));
        _client = _deployment.CreateClient(options =>
        {
            options.LoggerFactory = _logs;
            options.LogEncryptedContent = true;
        });
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _deployment.DisposeAsync();
        _folder.Delete(recursive: true);
        _activity.Stop();
    }

    [Fact]
    public async Task EveryMethodOfEveryClient_NothingOfTheSentinelLeaves()
    {
        MethodDriver driver = new();
        int clients = 0;
        foreach (MethodInfo door in typeof(PrivatemodeOpenAIClient).GetMethods(BindingFlags.Public | BindingFlags.Instance)
            .Where(method => method.Name.StartsWith("Get", StringComparison.Ordinal) && method.Name.EndsWith("Client", StringComparison.Ordinal)))
        {
            foreach (string model in (string[])["gpt-oss-120b", Sentinel.NotAModel])
            {
                if (Open(door, model, driver) is { } client)
                {
                    clients++;
                    await driver.DriveAsync(client);
                }
            }
        }

        output.WriteLine($"{clients} clients, {driver.Driven.Count} methods, {_deployment.AllRequests.Count} requests; thrown:");
        foreach (IGrouping<string, Exception> kind in driver.Exceptions.GroupBy(exception => exception.GetType().Name))
        {
            output.WriteLine($"  {kind.Key}: {kind.Count()}");
        }

        // Vacuous if nothing was called, if everything was refused, or if nothing was.
        Assert.True(clients >= 17, $"{clients} clients only.");
        Assert.True(driver.Driven.Count > 400, $"{driver.Driven.Count} methods only.");
        Assert.NotEmpty(_deployment.Requests);
        Assert.Contains(driver.Exceptions, exception => exception is PrivatemodeWouldLeakException);
        Assert.Contains(_deployment.Requests, request => request.DecryptedBody?.Contains(Sentinel.Text, StringComparison.Ordinal) == true);
        AssertNothingLeft(driver.Exceptions);
    }

    [Fact]
    public async Task ChatClient_SentinelInEverythingAChatCarries_StaysEncrypted()
    {
        List<Exception> exceptions = [];
        IChatClient chat = _client.AsIChatClient("gpt-oss-120b");
        foreach (ChatOptions options in (ChatOptions[])[Options(), Options(failing: true)])
        {
            List<ChatMessage> history = History();
            exceptions.AddRange(await FailuresAsync(() => chat.GetResponseAsync(history, options)));
            exceptions.AddRange(await FailuresAsync(() => chat.GetStreamingResponseAsync(history, options).ToChatResponseAsync()));
        }

        foreach (Fault fault in (Fault[])[Fault.TamperEvent(1), Fault.EncryptedError(400, Sentinel.Text), Fault.ReplaceEventWithError(1, Sentinel.Text)])
        {
            _deployment.Faults.Inject(fault);
            exceptions.AddRange(await FailuresAsync(() => chat.GetStreamingResponseAsync(History(), Options()).ToChatResponseAsync()));
        }

        RecordedRequest request = _deployment.Requests[0];
        foreach (string place in (
            string[])["system", "user", "tool-name", "description", "argument", "result", "reasoning", "file", "schema", "metadata", "extra"])
        {
            Assert.Contains($"{Sentinel.Text}-{place}", request.DecryptedBody!.Replace('_', '-'), StringComparison.Ordinal);
        }

        Assert.Equal(5, exceptions.OfType<PrivatemodeException>().Count());
        AssertNothingLeft(exceptions);
    }

    [Fact]
    public async Task SpeechClient_SentinelInEverythingARecordingCarries_StaysEncrypted()
    {
        _deployment.Model.SetFallback(_ => ScriptedAnswer.Transcription($"{Sentinel.Text} said {Sentinel.Text}",
            new ScriptedTranscriptionSegment(Sentinel.Text, TimeSpan.Zero, TimeSpan.FromSeconds(1)))
            .WithWord(Sentinel.Text, TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        List<Exception> exceptions = [];
        ISpeechToTextClient speech = _client.AsISpeechToTextClient("whisper-large-v3");
        SpeechTranscriptionOptions whole = SpeechOptions(TranscriptionTimestamps.Segments);
        SpeechTranscriptionOptions streamed = SpeechOptions(TranscriptionTimestamps.None);

        // A file whose name holds the sentinel, too.
        string path = Path.Combine(_folder.FullName, $"{Sentinel.Text}.wav");
        await File.WriteAllBytesAsync(path, Recording.Wave(5000, Sentinel.Text));
        foreach (Fault? fault in (Fault?[])[null, Fault.TamperEvent(1), Fault.EncryptedError(400, Sentinel.Text)])
        {
            await using FileStream audio = File.OpenRead(path);
            Order(fault);
            exceptions.AddRange(await FailuresAsync(() => speech.GetTextAsync(audio, whole)));
            audio.Position = 0;
            Order(fault);
            exceptions.AddRange(await FailuresAsync(() => speech.GetStreamingTextAsync(audio, streamed).ToSpeechToTextResponseAsync()));
        }

        foreach (string name in (string[])[Sentinel.Text + " ", "model", "file"])
        {
            using MemoryStream audio = new(Recording.Wave(100, Sentinel.Text));
            exceptions.AddRange(await FailuresAsync(
                () => speech.GetTextAsync(audio, new SpeechToTextOptions { AdditionalProperties = new() { [name] = Sentinel.Text } })));
            exceptions.AddRange(await FailuresAsync(() => speech.GetTextAsync(new MemoryStream(Sentinel.Bytes))));
            exceptions.AddRange(await FailuresAsync(() => speech.GetTextAsync(audio, new SpeechToTextOptions { ModelId = Sentinel.NotAModel })));
        }

        Assert.Equal(6, _deployment.Requests.Count);
        foreach (string field in (string[])["prompt", "extra", "language"])
        {
            Assert.Contains(Sentinel.Text, Encoding.UTF8.GetString(_deployment.Requests[0].DecryptedFields[field].Span), StringComparison.OrdinalIgnoreCase);
        }

        Assert.True(_deployment.Requests[0].DecryptedFields["file"].Span.IndexOf(Encoding.UTF8.GetBytes(Sentinel.Text)) > 0);
        Assert.Equal(4 + 9, exceptions.OfType<PrivatemodeException>().Count());
        AssertNothingLeft(exceptions);
    }

    [Fact]
    public async Task Documents_SentinelInEverythingADocumentCarries_StaysEncrypted()
    {
        _deployment.Model.SetFallback(_ => ScriptedAnswer.Document(new ScriptedDocumentElement("Title", $"{Sentinel.Text} title")));
        List<Exception> exceptions = [];
        DocumentOptions options = new() { Encoding = Sentinel.Text, MediaType = $"text/{Sentinel.Text}", Languages = [Sentinel.Text] };
        options.AdditionalFields[Sentinel.Text] = Sentinel.Text;
        foreach (Fault? fault in (Fault?[])[null, Fault.TamperEvent(0), Fault.EncryptedError(400, Sentinel.Text), Fault.UnencryptedError(400)])
        {
            Order(fault);
            exceptions.AddRange(await FailuresAsync(
                () => _client.Documents.PartitionAsync(new MemoryStream(Sentinel.Bytes), $"/{Sentinel.Text}/{Sentinel.Text}.pdf", options)));
        }

        foreach (string name in (string[])[$"{Sentinel.Text}\"", "files"])
        {
            DocumentOptions bad = new();
            bad.AdditionalFields[name] = Sentinel.Text;
            exceptions.AddRange(await FailuresAsync(() => _client.Documents.PartitionAsync(new MemoryStream(Sentinel.Bytes), Sentinel.Text, bad)));
        }

        Assert.Equal(4, _deployment.Requests.Count);
        string opened = _deployment.Requests[0].DecryptedBody!;
        foreach (string place in (string[])[$"filename=\"{Sentinel.Text}.pdf\"", $"name=\"{Sentinel.Text}\"", $"[\"{Sentinel.Text}\"]", $"RIFF{Sentinel.Text}"])
        {
            Assert.Contains(place, opened, StringComparison.Ordinal);
        }

        Assert.Equal(3 + 2, exceptions.OfType<PrivatemodeException>().Count());
        AssertNothingLeft(exceptions);
    }

    [Fact]
    public async Task Pipeline_UsedDirectly_RefusesWhatTheEngineDoesNotKnow()
    {
        List<Exception> exceptions = [];
        foreach ((string method, string path) in ((string, string)[])
            [("POST", "/v1/images/generations"), ("PUT", "/v1/chat/completions"), ("POST", $"/v1/chat/completions?q={Sentinel.Text}"),
                ("GET", $"/v1/models/{Sentinel.Text}%20x"), ("POST", $"/{Sentinel.Text}")])
        {
            PipelineMessage message = _client.OpenAI.Pipeline.CreateMessage();
            message.Request.Method = method;
            message.Request.Uri = new Uri(_deployment.Endpoint, path);
            message.Request.Content = System.ClientModel.BinaryContent.Create(BinaryData.FromString($$"""{"model":"{{Sentinel.Text}}"}"""));
            exceptions.AddRange(await FailuresAsync(async () => { await _client.OpenAI.Pipeline.SendAsync(message); return 0; }));
        }

        Assert.Equal(5, exceptions.OfType<PrivatemodeWouldLeakException>().Count());
        Assert.Empty(_deployment.AllRequests);
        AssertNothingLeft(exceptions);
    }

    private static SpeechTranscriptionOptions SpeechOptions(TranscriptionTimestamps timestamps) => new()
    {
        SpeechLanguage = Sentinel.Text,
        Prompt = $"{Sentinel.Text} prompt",
        Timestamps = timestamps,
        AdditionalProperties = new() { ["extra"] = $"{Sentinel.Text} extra" },
    };

    private void Order(Fault? fault)
    {
        if (fault is not null)
        {
            _deployment.Faults.Inject(fault);
        }
    }

    private static object? Invoke(MethodInfo door, object target, string model) =>
        door.Invoke(target, [.. door.GetParameters().Select(_ => (object)model)]);

    private object? Open(MethodInfo door, string model, MethodDriver driver)
    {
        try
        {
            return Invoke(door, _client.OpenAI, model);
        }
        catch (TargetInvocationException exception)
        {
            driver.Exceptions.Add(exception.InnerException!);
            return null;
        }
    }

    private static List<ChatMessage> History() =>
    [
        new(ChatRole.System, $"{Sentinel.Text}-system"),
        new(ChatRole.User,
        [
            new TextContent($"{Sentinel.Text}-user"),
            new DataContent(Sentinel.Bytes, "application/pdf") { Name = $"{Sentinel.Text}-file.pdf" },
            new DataContent(Sentinel.Bytes, "image/png"),
        ]) { AuthorName = $"{Sentinel.Text}_author" },
        new(ChatRole.Assistant,
        [
            new TextReasoningContent($"{Sentinel.Text}-reasoning"),
            new FunctionCallContent("call_1", "tool", new Dictionary<string, object?> { ["a"] = $"{Sentinel.Text}-argument" }),
        ]),
        new(ChatRole.Tool, [new FunctionResultContent("call_1", $"{Sentinel.Text}-result")]),
    ];

    private static ChatOptions Options(bool failing = false) => new()
    {
        Tools = [AIFunctionFactory.CreateDeclaration($"{Sentinel.Text}_tool_name", $"{Sentinel.Text}-description", Schema())],
        ResponseFormat = Microsoft.Extensions.AI.ChatResponseFormat.ForJsonSchema(Schema(), $"{Sentinel.Text}_format"),
        StopSequences = [$"{Sentinel.Text}-stop"],
        RawRepresentationFactory = _ => new ChatCompletionOptions { Metadata = { ["key"] = $"{Sentinel.Text}-metadata" }, EndUserId = Sentinel.Text },
        AdditionalProperties = new()
        {
            ["extra"] = new Dictionary<string, object?> { ["nested"] = $"{Sentinel.Text}-extra" },
            [failing ? "messages" : "user_tag"] = Sentinel.Text,
        },
    };

    private static JsonElement Schema()
    {
        using JsonDocument document = JsonDocument.Parse(
            $$"""{"type":"object","properties":{"{{Sentinel.Text}}-schema":{"type":"string","description":"{{Sentinel.Text}}" } } }""");
        return document.RootElement.Clone();
    }

    private static async Task<IReadOnlyList<Exception>> FailuresAsync<T>(Func<Task<T>> call) =>
        await Record.ExceptionAsync(() => call().OrTimeout()) is { } exception ? [exception] : [];

    private void AssertNothingLeft(IEnumerable<Exception> exceptions)
    {
        Assert.Same(_activity, Activity.Current);
        Assert.Empty(Sentinel.FoundIn(_deployment.GetReceivedBytes()));
        Assert.All(_deployment.AllRequests, request => Assert.Empty(Sentinel.FoundIn(request.WireResponseText)));
        Assert.NotEmpty(_logs.Lines);
        Assert.All(_logs.Lines, line => Assert.Empty(Sentinel.FoundIn(line)));
        foreach (PrivatemodeException exception in exceptions.SelectMany(Chain).OfType<PrivatemodeException>())
        {
            Assert.Empty(Sentinel.FoundIn(exception.ToString()));
            Assert.All(exception.Data.Values.Cast<object?>(), value => Assert.Empty(Sentinel.FoundIn($"{value}")));
        }
    }

    private static IEnumerable<Exception> Chain(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            yield return exception;
        }
    }
}
