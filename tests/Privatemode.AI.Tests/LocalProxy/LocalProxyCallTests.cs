using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.LocalProxy;

/// <summary>Every adapter works over Privatemode's own proxy as over the service.</summary>
public sealed class LocalProxyCallTests : IAsyncLifetime
{
    private const string Model = "gpt-oss-120b";

    private FakeLocalProxy _proxy = null!;
    private PrivatemodeClient _client = null!;

    public async Task InitializeAsync()
    {
        _proxy = await FakeLocalProxy.StartAsync();
        _client = _proxy.CreateClient();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _proxy.DisposeAsync();
    }

    [Fact]
    public async Task Chat_Whole_IsSentInPlaintextAndRead()
    {
        _ = _proxy.Model.Reply("Hello").WithReasoning("I think").WithUsage(new UsageDetails { InputTokenCount = 7, OutputTokenCount = 5 });
        ChatResponse response = await _client.AsIChatClient(Model).GetResponseAsync("What is X-Wing?").OrTimeout();

        Assert.Equal("Hello", response.Text);
        Assert.Equal("I think", Assert.Single(response.Messages[0].Contents.OfType<TextReasoningContent>()).Text);
        Assert.Equal((7, 5), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount));
        FakeLocalProxy.Received request = Assert.Single(_proxy.Requests);
        using JsonDocument body = JsonDocument.Parse(request.Body);
        Assert.Equal("What is X-Wing?", body.RootElement.GetProperty("messages")[0].GetProperty("content").GetString());

        // The proxy may share its prompt cache among all of its users; this client's scope is None.
        Assert.Equal(44, body.RootElement.GetProperty("cache_salt").GetString()!.Length);
        Assert.Equal(request.Text, Assert.Single(_proxy.Encrypted).DecryptedBody);
        Assert.Equal(["Accept", "Content-Length", "Content-Type", "Host", "User-Agent"], request.Headers.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Chat_Streamed_KeepsOrderAndCountsUsageOnce()
    {
        _ = _proxy.Model.Reply("Hello you there").WithReasoning("I think so").WithUsage(new UsageDetails { InputTokenCount = 7, OutputTokenCount = 5 });
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in _client.AsIChatClient(Model).GetStreamingResponseAsync("hi").WithTimeout())
        {
            updates.Add(update);
        }

        ChatResponse response = updates.ToChatResponse();
        Assert.Equal("Hello you there", response.Text);
        Assert.Equal("I think so", Assert.Single(response.Messages[0].Contents.OfType<TextReasoningContent>()).Text);
        Assert.Equal((7, 5), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount));
        Assert.All(updates, update => Assert.False(update.GetPrivatemodeReceipt()!.IsVerified));
    }

    [Fact]
    public async Task Chat_StreamedAsTheModelServerWrites_IsRead()
    {
        const string Usage = ",\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5,\"total_tokens\":12}";
        string[] events =
        [
            ChatFixture.Chunk("""{"index":0,"delta":{"role":"assistant","reasoning":"I think","reasoning_content":"I think"},"finish_reason":null}""", Usage),
            ChatFixture.Chunk("""{"index":0,"delta":{"content":"Hello"},"finish_reason":null}""", Usage),
            ChatFixture.Chunk("""{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]},"finish_reason":null}""", Usage),
            ChatFixture.Chunk("""{"index":0,"delta":{},"finish_reason":"of a later version"}""", Usage),
            ChatFixture.Chunk("", Usage),
        ];
        _proxy.AnswerOnce(200, string.Concat(events.Append("[DONE]").Select(line => $"data: {line}\n\n")), "text/event-stream");
        ChatResponse response = await _client.AsIChatClient(Model).GetStreamingResponseAsync("hi").ToChatResponseAsync().OrTimeout();

        Assert.Equal("Hello", response.Text);
        Assert.Equal("I think", Assert.Single(response.Messages.SelectMany(message => message.Contents).OfType<TextReasoningContent>()).Text);
        Assert.Equal((7, 5), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount));
        FunctionCallContent call = Assert.Single(response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>());
        Assert.NotEmpty(call.CallId);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tools_InParallel_AreCalledAndAnswered(bool streamed)
    {
        _ = _proxy.Model.ReplyWithToolCall("weather", """{"city":"Bochum"}""").WithToolCall("weather", """{"city":"Berlin"}""").Then.Reply("Rain");
        ChatOptions options = new() { Tools = [AIFunctionFactory.Create((string city) => city, "weather")] };
        List<ChatMessage> history = [new(ChatRole.User, "hi")];

        history.AddMessages(await AskAsync());
        FunctionCallContent[] calls = [.. history.SelectMany(message => message.Contents).OfType<FunctionCallContent>()];
        Assert.Equal(["Bochum", "Berlin"], calls.Select(call => call.Arguments!["city"]!.ToString()));
        history.Add(new ChatMessage(ChatRole.Tool, [.. calls.Select(call => new FunctionResultContent(call.CallId, $"rain in {call.Arguments!["city"]}"))]));

        Assert.Equal("Rain", (await AskAsync()).Text);
        Assert.Contains("rain in Bochum", _proxy.Last.Text, StringComparison.Ordinal);
        Assert.Contains("rain in Berlin", _proxy.Last.Text, StringComparison.Ordinal);

        async Task<ChatResponse> AskAsync() => streamed
            ? await _client.AsIChatClient(Model).GetStreamingResponseAsync(history, options).ToChatResponseAsync().OrTimeout()
            : await _client.AsIChatClient(Model).GetResponseAsync(history, options).OrTimeout();
    }

    [Fact]
    public async Task Embeddings_ComeInOrder()
    {
        _ = _proxy.Model.ReplyWithEmbeddings([1, 2], [3, 4]);
        GeneratedEmbeddings<Embedding<float>> vectors = await _client.AsIEmbeddingGenerator("qwen3-embedding-4b").GenerateAsync(["a", "b"]).OrTimeout();
        Assert.Equal([1, 2, 3, 4], vectors.SelectMany(vector => vector.Vector.ToArray()));
        Assert.False(vectors.GetPrivatemodeReceipt()!.IsVerified);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Speech_IsTranscribed(bool streamed)
    {
        _ = _proxy.Model.ReplyWithTranscription("Good morning");
        using MemoryStream audio = new(Recording.Wave(text: "canary"));
#pragma warning disable MEAI001
        ISpeechToTextClient speech = _client.AsISpeechToTextClient("voxtral-mini-3b");
        SpeechToTextResponse response = streamed
            ? await speech.GetStreamingTextAsync(audio).ToSpeechToTextResponseAsync().OrTimeout()
            : await speech.GetTextAsync(audio).OrTimeout();
        Assert.Equal("Good morning", response.Text);
        Assert.False(response.GetPrivatemodeReceipt()!.IsVerified);
#pragma warning restore MEAI001
        Assert.Equal(Recording.Wave(text: "canary"), _proxy.Encrypted[^1].DecryptedFields["file"].ToArray());
    }

    [Fact]
    public async Task Document_IsPartitioned_AndABlankOneIsEmpty()
    {
        _ = _proxy.Model.ReplyWithDocument(new ScriptedDocumentElement("Title", "Contract"));
        using MemoryStream file = new("<h1>Contract</h1>"u8.ToArray());
        PartitionedDocument document = await _client.Documents.PartitionAsync(file, "a.html").OrTimeout();
        Assert.Equal("Contract", Assert.Single(document.Elements).Text);
        Assert.False(document.Receipt!.IsVerified);
        Assert.False(document.Receipt.IsWholeBodyEncrypted);

        _proxy.AnswerOnce(200, "[]");
        using MemoryStream blank = new("<p/>"u8.ToArray());
        Assert.Empty((await _client.Documents.PartitionAsync(blank, "b.html").OrTimeout()).Elements);
    }

    [Fact]
    public async Task Completion_WholeAndStreamed_IsRead()
    {
        _ = _proxy.Model.Reply("return a + b").Then.Reply("return a - b");
        TextCompletionClient completions = _client.GetTextCompletionClient(Model);
        Assert.Equal("return a + b", (await completions.CompleteAsync(new("def add")).OrTimeout()).Text);
        StringBuilder text = new();
        await foreach (TextCompletion piece in completions.CompleteStreamingAsync(new("def sub")).WithTimeout())
        {
            _ = text.Append(piece.Text);
        }

        Assert.Equal("return a - b", text.ToString());
    }

    [Fact]
    public async Task Models_AreListed_AndAModelThatIsGoneNamesThem()
    {
        Assert.Contains(await _client.Models.ListAsync().OrTimeout(), model => model.Id == "deepseek-ocr-2");
        PrivatemodeModelUnavailableException exception = await Assert.ThrowsAsync<PrivatemodeModelUnavailableException>(
            () => _client.AsIChatClient("gone").GetResponseAsync("hi").OrTimeout());
        Assert.Contains("glm-5.3", exception.AvailableModelIds);
        Assert.False(exception.IsServerMessageAuthenticated);
    }

    [Fact]
    public async Task OpenAIClient_Synchronous_IsAnswered()
    {
        _ = _proxy.Model.Reply("Hello").Then.Reply("Hello again");
        OpenAI.Chat.ChatClient chat = _client.OpenAI.GetChatClient(Model);
        Assert.Equal("Hello", (await TestTimeouts.OnOwnThread(() => chat.CompleteChat("hi"))).Value.Content[0].Text);
        Assert.Equal("Hello again", await TestTimeouts.OnOwnThread(
            () => string.Concat(chat.CompleteChatStreaming("hi").SelectMany(update => update.ContentUpdate).Select(part => part.Text))));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Handler_Messages_ArePassedOnWithTheirNames(bool streamed)
    {
        _ = _proxy.Model.Reply("Hello");
        using HttpClient http = new(_client.CreateHandler()) { BaseAddress = _proxy.Address };
        http.DefaultRequestHeaders.Add("x-api-key", "of the other library");
        using StringContent content = new(
            $$"""{"model":"{{Model}}","max_tokens":9,"stream":{{(streamed ? "true" : "false")}},"messages":[{"role":"user","content":"hi"}]}""",
            Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await http.PostAsync(new Uri("/v1/messages", UriKind.Relative), content).OrTimeout();
        string text = await response.Content.ReadAsStringAsync().OrTimeout();

        Assert.Contains("Hello", text, StringComparison.Ordinal);
        Assert.Equal(streamed, text.Contains("event: message_start\ndata: {", StringComparison.Ordinal));
        Assert.Equal(streamed, text.EndsWith("}\n\n", StringComparison.Ordinal) && text.Contains("event: message_stop\n", StringComparison.Ordinal));
        Assert.Equal("false", Assert.Single(response.Headers.GetValues(PrivatemodeHttpMessageHandler.AuthenticatedHeaderName)));
        Assert.False(response.GetPrivatemodeReceipt()!.IsVerified);
        Assert.DoesNotContain("x-api-key", _proxy.Last.Headers.Keys);
    }

    [Fact]
    public async Task Handler_UnknownEndpointOrHeader_IsRefusedAsElsewhere()
    {
        using HttpClient http = new(_client.CreateHandler()) { BaseAddress = _proxy.Address };
        using StringContent content = new("{}", Encoding.UTF8, "application/json");
        await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => http.PostAsync(new Uri("/v1/images/generations", UriKind.Relative), content).OrTimeout());
        http.DefaultRequestHeaders.Add("Cookie", "a=b");
        await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => http.GetAsync(new Uri("/v1/models", UriKind.Relative)).OrTimeout());
        Assert.Empty(_proxy.Requests);
    }

    [Fact]
    public async Task ApiKey_OnlyIfSet_IsSent()
    {
        await using PrivatemodeClient keyed = _proxy.CreateClient(options => options.ApiKey = "set");
        _ = await keyed.AsIChatClient(Model).GetResponseAsync("hi").OrTimeout();
        Assert.Equal("Bearer set", _proxy.Last.Headers["Authorization"]);
        Assert.NotEmpty(await keyed.Models.ListAsync().OrTimeout());
        Assert.Equal("Bearer set", _proxy.Last.Headers["Authorization"]);

        await using PrivatemodeClient accessed = _proxy.CreateClient(options => options.ApiKeyAccessor = _ => new("of the caller".Replace(' ', '-')));
        _ = await accessed.AsIChatClient(Model).GetResponseAsync("hi").OrTimeout();
        Assert.Equal("Bearer of-the-caller", _proxy.Last.Headers["Authorization"]);
    }
}
