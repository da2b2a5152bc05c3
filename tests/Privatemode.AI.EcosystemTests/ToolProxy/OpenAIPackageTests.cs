using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using System.Text.Json;
using OpenAI;
using OpenAI.Audio;
using OpenAI.Chat;
using OpenAI.Embeddings;
using OpenAI.Models;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ToolProxy;

/// <summary>The official OpenAI package, without this library, over a process of the proxy.</summary>
[Collection(ToolProxyTests.Name)]
public sealed class OpenAIPackageTests(ProxyFixture fixture)
{
    internal const string ModelId = "gpt-oss-120b", CallerKey = "caller-key-of-sixteen-or-more", OtherKey = "another-key-of-sixteen-or-more";

    internal static BinaryData Schema { get; } =
        BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}""");

    private static ChatTool Weather { get; } = ChatTool.CreateFunctionTool("get_weather", "Gets the weather in a city.", Schema);

    private readonly ChatClient _chat = Create(fixture.Proxy).GetChatClient(ModelId);

    private OpenAIClient Client => Create(fixture.Proxy);

    /// <summary>A client of a program that knows only the address of the proxy.</summary>
    internal static OpenAIClient Create(ProxyProcess proxy, string key = "any-key", int retries = 0) =>
        new(new ApiKeyCredential(key), new OpenAIClientOptions
        {
            Endpoint = proxy.OpenAI,
            RetryPolicy = new ClientRetryPolicy(retries),
            Transport = new HttpClientPipelineTransport(CreateHttp()),
        });

    /// <summary>After a canceled stream, the connection is closed at once instead of after two seconds.</summary>
    internal static HttpClient CreateHttp() => new(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero });

    [Fact]
    public async Task Chat_IsAnswered()
    {
        ClientResult<ChatCompletion> result = await _chat.CompleteChatAsync([new UserChatMessage("hello")]).OrTimeout();

        Assert.Equal("This is the demo. You wrote: hello", result.Value.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, result.Value.FinishReason);
        Assert.True(result.Value.Usage.TotalTokenCount > 0);
        PipelineResponseHeaders headers = result.GetRawResponse().Headers;
        Assert.True(headers.TryGetValue("privatemode-authenticated", out string? authenticated));
        Assert.Equal("true", authenticated);
        Assert.True(headers.TryGetValue("x-request-id", out _));
    }

    [Fact]
    public async Task ChatStream_IsAnswered()
    {
        (string text, ChatTokenUsage? usage, ChatFinishReason? finish) = ("", null, null);
        await foreach (StreamingChatCompletionUpdate update in _chat.CompleteChatStreamingAsync([new UserChatMessage("hello")]).WithTimeout())
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            (usage, finish) = (update.Usage ?? usage, update.FinishReason ?? finish);
        }

        Assert.Equal("This is the demo. You wrote: hello", text);
        Assert.Equal(ChatFinishReason.Stop, finish);
        Assert.True(usage?.TotalTokenCount > 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tool_IsCalledAndItsResultIsAnswered(bool isStreaming)
    {
        List<ChatMessage> messages = [new SystemChatMessage("Be brief."), new UserChatMessage("use the tool")];
        ChatCompletionOptions options = new() { Tools = { Weather }, ToolChoice = ChatToolChoice.CreateAutoChoice() };
        ChatToolCall call = isStreaming
            ? await StreamCallAsync(messages, options)
            : Assert.Single((await _chat.CompleteChatAsync(messages, options).OrTimeout()).Value.ToolCalls);
        Assert.Equal("get_weather", call.FunctionName);
        Assert.Equal(JsonValueKind.String, JsonDocument.Parse(call.FunctionArguments).RootElement.GetProperty("city").ValueKind);

        messages.Add(new AssistantChatMessage([call]));
        messages.Add(new ToolChatMessage(call.Id, "21 degrees"));
        Assert.Equal("The tool returned: 21 degrees", (await _chat.CompleteChatAsync(messages, options).OrTimeout()).Value.Content[0].Text);
    }

    [Fact]
    public async Task StructuredOutput_FitsTheSchema()
    {
        ChatCompletionOptions options = new()
        {
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("place", Schema, jsonSchemaIsStrict: true),
            MaxOutputTokenCount = 100,
            Temperature = 0,
        };
        ChatCompletion completion = await _chat.CompleteChatAsync([new UserChatMessage("hello")], options).OrTimeout();
        Assert.Equal(JsonValueKind.String, JsonDocument.Parse(completion.Content[0].Text).RootElement.GetProperty("city").ValueKind);
    }

    [Fact]
    public async Task Image_IsAccepted()
    {
        ChatMessageContentPart image = ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(Recording.Wave()), "image/png");
        UserChatMessage message = new(image, ChatMessageContentPart.CreateTextPart("what is this?"));
        ChatCompletion completion = await Client.GetChatClient("glm-5.3-flash").CompleteChatAsync([message]).OrTimeout();
        Assert.EndsWith("what is this?", completion.Content[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Embeddings_AreReturned()
    {
        EmbeddingClient client = Client.GetEmbeddingClient("qwen3-embedding-4b");
        OpenAIEmbeddingCollection vectors = await client.GenerateEmbeddingsAsync(["one", "two"], new EmbeddingGenerationOptions { Dimensions = 8 }).OrTimeout();
        Assert.Equal([8, 8], vectors.Select(vector => vector.ToFloats().Length));
        Assert.NotEqual(vectors[0].ToFloats().ToArray(), vectors[1].ToFloats().ToArray());
        Assert.NotEmpty((await client.GenerateEmbeddingAsync("one").OrTimeout()).Value.ToFloats().ToArray());
    }

    [Fact]
    public async Task Recording_IsTranscribed()
    {
        AudioClient client = Client.GetAudioClient("whisper-large-v3");
        using MemoryStream recording = new(Recording.Wave());
        AudioTranscription text = await client.TranscribeAudioAsync(recording, "secret-name.wav").OrTimeout();
        Assert.Equal("This is the demo. It does not listen to recordings.", text.Text);

        AudioTranscriptionOptions options = new()
        {
            ResponseFormat = AudioTranscriptionFormat.Verbose,
            Language = "en",
            TimestampGranularities = AudioTimestampGranularities.Segment,
        };
        using MemoryStream again = new(Recording.Wave());
        AudioTranscription verbose = await client.TranscribeAudioAsync(again, "secret-name.wav", options).OrTimeout();
        Assert.Equal((2, TimeSpan.FromSeconds(4)), (verbose.Segments.Count, verbose.Duration));
    }

    [Fact]
    public async Task Models_AreListed()
    {
        OpenAIModelClient client = Client.GetOpenAIModelClient();
        OpenAIModelCollection models = await client.GetModelsAsync().OrTimeout();
        Assert.Superset(
            new HashSet<string>([ModelId, "glm-5.3-flash", "qwen3-embedding-4b", "whisper-large-v3"]), models.Select(model => model.Id).ToHashSet());
        Assert.Equal(ModelId, (await client.GetModelAsync(ModelId).OrTimeout()).Value.Id);
        Assert.Equal(404, (await Assert.ThrowsAsync<ClientResultException>(() => client.GetModelAsync("no-such-model").OrTimeout())).Status);
    }

    [Fact]
    public async Task RefusedRequests_HaveStatusAndCode()
    {
        ClientResultException unknown = await Assert.ThrowsAsync<ClientResultException>(
            () => Client.GetChatClient("no-such-model").CompleteChatAsync([new UserChatMessage("hello")]).OrTimeout());
        Assert.Equal(404, unknown.Status);
        Assert.Contains("model_not_found", unknown.Message, StringComparison.Ordinal);

        ClientResultException streamed = await Assert.ThrowsAsync<ClientResultException>(async () =>
        {
            await foreach (StreamingChatCompletionUpdate update in
                Client.GetChatClient("no-such-model").CompleteChatStreamingAsync([new UserChatMessage("hello")]).WithTimeout())
            {
                Assert.Fail("No event may come.");
            }
        });
        Assert.Equal(404, streamed.Status);

        using BinaryContent withoutModel = BinaryContent.Create(BinaryData.FromString("""{"messages":[]}"""));
        ClientResultException invalid = await Assert.ThrowsAsync<ClientResultException>(() => _chat.CompleteChatAsync(withoutModel).OrTimeout());
        Assert.Equal(400, invalid.Status);
        Assert.Contains("model", invalid.Message, StringComparison.Ordinal);

        ClientResultException endpoint = await Assert.ThrowsAsync<ClientResultException>(
            () => Client.GetAudioClient("whisper-large-v3").GenerateSpeechAsync("hello", GeneratedSpeechVoice.Alloy).OrTimeout());
        Assert.Equal(404, endpoint.Status);
    }

    /// <summary>The proxy stops the call to the service when the program goes away, and serves the next one.</summary>
    [Fact]
    public async Task CanceledStream_EndsInTheProxyToo()
    {
        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (StreamingChatCompletionUpdate update in
                _chat.CompleteChatStreamingAsync([new UserChatMessage("something long")], cancellationToken: stop.Token).WithTimeout())
            {
                await stop.CancelAsync();
            }
        });

        _ = await fixture.Proxy.WaitForLogAsync("/v1/chat/completions (openai) 499 disconnected");
        Assert.NotNull((await _chat.CompleteChatAsync([new UserChatMessage("hello")]).OrTimeout()).Value.Id);
    }

    /// <summary>With caller keys and faults of the service: each request takes the next line of the script.</summary>
    [Fact]
    public async Task WrongKeyRateLimitAndCutStream_AreErrors()
    {
        string[] lines = ["""{"fault":"429"}""", """{"text":"first"}""", """{"fault":"429"}""", """{"text":"second"}""",
            $$"""{"fault":"cut-stream","text":"{{new StringBuilder().Insert(0, "cut ", 400)}}"}"""];
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(string.Join('\n', lines), "--caller-keys", CallerKey);
        UserChatMessage hello = new("hello");
        ClientResultException wrong = await Assert.ThrowsAsync<ClientResultException>(
            () => Create(proxy, OtherKey).GetChatClient(ModelId).CompleteChatAsync([hello]).OrTimeout());
        Assert.Equal(401, wrong.Status);
        Assert.Contains("invalid_api_key", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(OtherKey, wrong.Message, StringComparison.Ordinal);

        ChatClient chat = Create(proxy, CallerKey).GetChatClient(ModelId);
        ClientResultException busy = await Assert.ThrowsAsync<ClientResultException>(() => chat.CompleteChatAsync([hello]).OrTimeout());
        Assert.Equal(429, busy.Status);
        Assert.True(busy.GetRawResponse()!.Headers.TryGetValue("retry-after", out string? seconds));
        Assert.Equal("1", seconds);
        Assert.Equal("first", (await chat.CompleteChatAsync([hello]).OrTimeout()).Value.Content[0].Text);

        // The package waits and tries again by itself.
        ChatClient patient = Create(proxy, CallerKey, retries: 1).GetChatClient(ModelId);
        Assert.Equal("second", (await patient.CompleteChatAsync([hello]).OrTimeout()).Value.Content[0].Text);

        bool isFinished = false;
        Exception? cut = await Record.ExceptionAsync(async () =>
        {
            await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync([hello]).WithTimeout())
            {
                isFinished |= update.FinishReason is not null;
            }
        });
        Assert.NotNull(cut);
        Assert.False(isFinished);
    }

    private async Task<ChatToolCall> StreamCallAsync(List<ChatMessage> messages, ChatCompletionOptions options)
    {
        (string id, string name, StringBuilder arguments) = ("", "", new StringBuilder());
        await foreach (StreamingChatCompletionUpdate update in _chat.CompleteChatStreamingAsync(messages, options).WithTimeout())
        {
            foreach (StreamingChatToolCallUpdate piece in update.ToolCallUpdates)
            {
                (id, name) = (id + piece.ToolCallId, name + piece.FunctionName);
                _ = arguments.Append(piece.FunctionArgumentsUpdate);
            }
        }

        return ChatToolCall.CreateFunctionToolCall(id, name, BinaryData.FromString(arguments.ToString()));
    }
}
