using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ExtensionsAI;

/// <summary>Answers that a distributed cache stores as JSON and returns without a request.</summary>
public sealed class CachingTests : ExtensionsAITest
{
    private const string Cited = """
        {"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-oss-120b","usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2},
        "choices":[{"index":0,"finish_reason":"stop","logprobs":null,"message":{"role":"assistant","content":"It is dry.","refusal":null,"annotations":
        [{"type":"url_citation","url_citation":{"start_index":0,"end_index":5,"title":"Weather","url":"https://example.com/bochum"}}]}}]}
        """;

    private readonly RecordingCache _cache = new(CreateCache());

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Answer_FromTheCache_KeepsTextReasoningUsageAndReceipt(bool isStreaming)
    {
        UsageDetails usage = new() { InputTokenCount = 11, OutputTokenCount = 7, CachedInputTokenCount = 3, ReasoningTokenCount = 2 };
        _ = Deployment.Model.Reply(Answer).WithReasoning("The user asks for rain.").WithUsage(usage);
        using IChatClient chat = Caching();
        ChatResponse first = await AskAsync(chat, isStreaming: isStreaming);
        ChatResponse second = await AskAsync(chat, isStreaming: isStreaming);

        Assert.Single(Deployment.Requests);
        Assert.NotSame(first, second);
        foreach (ChatResponse response in (ChatResponse[])[first, second])
        {
            Assert.Equal(Answer, response.Text);
            Assert.Equal("The user asks for rain.", string.Concat(response.Messages[0].Contents.OfType<TextReasoningContent>()));
            Assert.Equal(
                (11L, 7L, 3L, 2L),
                (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.CachedInputTokenCount, response.Usage.ReasoningTokenCount));
            Assert.Equal((ChatFinishReason.Stop, ModelId), (response.FinishReason, response.ModelId));
            Assert.Equal(Deployment.Requests[0].RequestId, response.GetPrivatemodeReceipt()!.RequestId);
        }

        Assert.Equal(first.GetPrivatemodeReceipt(), second.GetPrivatemodeReceipt());
        Assert.Equal((first.ResponseId, first.CreatedAt), (second.ResponseId, second.CreatedAt));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ToolCallAndRefusal_FromTheCache_AreTheSame(bool isStreaming)
    {
        _ = Deployment.Model.ReplyWithToolCall(ToolName, """{"city":"Bochum","days":[1,2]}""", "call_1").Then.Reply("").WithRefusal("I cannot.");
        using IChatClient chat = Caching();
        for (int time = 1; time <= 2; time++)
        {
            FunctionCallContent call = Assert.Single(
                (await AskAsync(chat, options: WithWeather, isStreaming: isStreaming)).Messages[0].Contents.OfType<FunctionCallContent>());
            Assert.Equal(("call_1", ToolName, "Bochum"), (call.CallId, call.Name, call.Arguments!["city"]?.ToString()));
            Assert.Equal("[1,2]", JsonSerializer.Serialize(call.Arguments["days"]));
            ErrorContent refusal = Assert.Single(
                (await AskAsync(chat, "Do it.", isStreaming: isStreaming)).Messages[0].Contents.OfType<ErrorContent>());
            Assert.Equal(("I cannot.", "Refusal"), (refusal.Message, refusal.ErrorCode));
        }

        Assert.Equal(2, Deployment.Requests.Count);
    }

    [Fact]
    public async Task Citations_FromTheCache_AreTheSame()
    {
        _ = Deployment.Model.Reply("").WithRawJson(Cited);
        using IChatClient chat = Caching();
        _ = await AskAsync(chat);
        TextContent text = Assert.Single((await AskAsync(chat)).Messages[0].Contents.OfType<TextContent>());
        CitationAnnotation citation = Assert.IsType<CitationAnnotation>(Assert.Single(text.Annotations!));
        Assert.Equal(("Weather", new Uri("https://example.com/bochum")), (citation.Title, citation.Url));
        Assert.Equal(5, Assert.IsType<TextSpanAnnotatedRegion>(Assert.Single(citation.AnnotatedRegions!)).EndIndex);
        Assert.Single(Deployment.Requests);
    }

    // They are in the representation of the OpenAI client, which is never serialized.
    [Fact]
    public async Task LogProbabilities_AreNotCached()
    {
        ChatOptions options = new() { RawRepresentationFactory = _ => new OpenAI.Chat.ChatCompletionOptions { IncludeLogProbabilities = true } };
        using IChatClient chat = Caching();
        ChatResponse first = await AskAsync(chat, options: options);
        Assert.NotEmpty(Assert.IsType<OpenAI.Chat.ChatCompletion>(first.RawRepresentation).ContentTokenLogProbabilities);
        Assert.Null((await AskAsync(chat, options: options)).RawRepresentation);
    }

    [Fact]
    public async Task Updates_StoredOneByOne_KeepTheirReceipts()
    {
        using IChatClient chat = Caching(cache => cache.CoalesceStreamingUpdates = false);
        List<ChatResponseUpdate> first = await chat.GetStreamingResponseAsync(Question).WithTimeout().ToListAsync();
        List<ChatResponseUpdate> second = await chat.GetStreamingResponseAsync(Question).WithTimeout().ToListAsync();
        Assert.Single(Deployment.Requests);
        Assert.Equal(first.Select(update => update.Text), second.Select(update => update.Text));
        Assert.Equal(first.Select(update => update.GetPrivatemodeReceipt()), second.Select(update => update.GetPrivatemodeReceipt()));
        Assert.NotNull(second[0].GetPrivatemodeReceipt());
    }

    [Fact]
    public async Task OwnJsonOptions_KeepTheReceipt()
    {
        JsonSerializerOptions json = new(JsonSerializerDefaults.Web)
        {
            WriteIndented = true,
            TypeInfoResolver = JsonTypeInfoResolver.Combine(AIJsonUtilities.DefaultOptions.TypeInfoResolver, new DefaultJsonTypeInfoResolver()),
        };
        using IChatClient chat = Caching(cache => cache.JsonSerializerOptions = json);
        ChatResponse first = await AskAsync(chat);
        Assert.Equal(first.GetPrivatemodeReceipt(), (await AskAsync(chat)).GetPrivatemodeReceipt());
        Assert.Single(Deployment.Requests);
    }

    public static TheoryData<string, bool> Failures() => new()
    {
        { "error", false }, { "error", true }, { "tampered", false }, { "tampered", true }, { "clear", false }, { "clear", true }, { "cut", false },
        { "cut", true }, { "no-end", true }, { "no-finish", true }, { "error-event", true },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task FailedCall_IsNeverCached(string failure, bool isStreaming)
    {
        _ = Deployment.Model.Reply(Answer).Then.Reply(Answer);
        Fault fault = failure switch
        {
            "error" => Fault.EncryptedError(400, "too long"),
            "tampered" => Fault.TamperEvent(isStreaming ? 3 : 0),
            "clear" => Fault.UnencryptedSuccess(),
            "no-end" => Fault.RemoveEndMarker,
            "no-finish" => Fault.RemoveFinishEvent,
            "error-event" => Fault.ReplaceEventWithError(2, "out of memory"),
            _ => Fault.CutConnection(600),
        };
        Deployment.Faults.Inject(fault);
        using IChatClient chat = Caching();
        await Assert.ThrowsAnyAsync<PrivatemodeException>(() => AskAsync(chat, isStreaming: isStreaming));
        Assert.Equal(0, Deployment.Faults.PendingCount);
        Assert.Empty(_cache.Values);
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text(Answer));
        Assert.Equal(Answer, (await AskAsync(chat, isStreaming: isStreaming)).Text);
        Assert.Single(_cache.Values);
    }

    [Fact]
    public async Task AbandonedStream_IsNotCached()
    {
        using IChatClient chat = Caching();
        await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync("Say a few words to me").WithTimeout())
        {
            if (update.Text.Length > 0)
            {
                break;
            }
        }

        Assert.Empty(_cache.Values);
    }

    [Fact]
    public async Task CacheKey_CoversMessagesAndOptions_AndStreamingApart()
    {
        using IChatClient chat = Caching();
        ChatMessage[] other = [new(ChatRole.System, "Be brief."), new(ChatRole.User, Question)];
        int expected = 0;
        foreach (ChatOptions? options in (ChatOptions?[])
            [null, new() { Temperature = 0.1f }, new() { Temperature = 0.2f }, new() { ModelId = "gemma-3-27b" }, new() { Instructions = "Be brief." },
                new() { ResponseFormat = ChatResponseFormat.Json }, new() { Reasoning = new ReasoningOptions { Effort = ReasoningEffort.Low } },
                new() { AdditionalProperties = new() { ["user_tag"] = "x" } }])
        {
            foreach (bool isStreaming in (bool[])[false, true, false, true])
            {
                _ = await AskAsync(chat, options: options, isStreaming: isStreaming);
            }

            expected += 2;
            Assert.Equal(expected, Deployment.Requests.Count);
        }

        _ = await AskAsync(chat, other);
        Assert.Equal(expected + 1, Deployment.Requests.Count);
        Assert.All(_cache.Values.Keys, key => Assert.DoesNotContain("umbrella", key, StringComparison.Ordinal));
    }

    // docs/chat.md says so.
    [Fact]
    public async Task CacheKey_DoesNotCoverModelOfTheClientAndTools_UnlessValuesAreAdded()
    {
        using IChatClient first = Caching();
        _ = await AskAsync(first, options: new ChatOptions());
        using IChatClient second = Client.AsIChatClient("gemma-3-27b").AsBuilder().UseDistributedCache(_cache).Build();
        Assert.Equal(ModelId, (await AskAsync(second, options: new ChatOptions())).ModelId);
        _ = await AskAsync(second, options: WithWeather);
        _ = await AskAsync(second, options: new ChatOptions { RawRepresentationFactory = _ => new OpenAI.Chat.ChatCompletionOptions { Seed = 1 } });
        Assert.Single(Deployment.Requests);

        using IChatClient third = Client.AsIChatClient("gemma-3-27b").AsBuilder()
            .UseDistributedCache(_cache, cache => cache.CacheKeyAdditionalValues = ["gemma-3-27b"]).Build();
        Assert.Equal("gemma-3-27b", (await AskAsync(third, options: new ChatOptions())).ModelId);
        Assert.Equal(2, Deployment.Requests.Count);
    }

    // The cache is on the application's side of the encryption, as docs/chat.md says.
    [Fact]
    public async Task Cache_ContainsTheAnswerButNoSecretOfTheClient()
    {
        _ = Deployment.Model.Reply(Answer);
        using IChatClient chat = Caching();
        _ = await AskAsync(chat);
        string stored = Encoding.UTF8.GetString(Assert.Single(_cache.Values).Value);
        Assert.Contains("sky over Bochum", stored, StringComparison.Ordinal);
        Assert.DoesNotContain(Deployment.ApiKey, stored, StringComparison.Ordinal);
        AssertSentEncrypted("umbrella");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ToolLoop_InsideTheCache_IsOneEntryAndOutsideOneForEachAnswer(bool isCacheOutside)
    {
        ScriptCall();
        ChatClientBuilder builder = Chat.AsBuilder();
        using IChatClient chat = isCacheOutside
            ? builder.UseDistributedCache(_cache).UseFunctionInvocation().Build() : builder.UseFunctionInvocation().UseDistributedCache(_cache).Build();
        ChatResponse first = await AskAsync(chat, options: WithWeather, isStreaming: true);
        ChatResponse second = await AskAsync(chat, options: WithWeather, isStreaming: true);
        Assert.Equal(2, Deployment.Requests.Count);
        Assert.Equal(isCacheOutside ? 1 : 2, _cache.Values.Count);
        Assert.Equal(Answer, second.Messages[^1].Text);
        Assert.Equal(Deployment.Requests[1].RequestId, second.GetPrivatemodeReceipt()!.RequestId);
        Assert.Equal(first.GetPrivatemodeReceipt(), second.GetPrivatemodeReceipt());
    }

    private IChatClient Caching(Action<DistributedCachingChatClient>? configure = null) =>
        Chat.AsBuilder().UseDistributedCache(_cache, configure).Build();

    /// <summary>Keeps what was stored, as bytes.</summary>
    private sealed class RecordingCache(IDistributedCache inner) : IDistributedCache
    {
        public Dictionary<string, byte[]> Values { get; } = [];

        public byte[]? Get(string key) => inner.Get(key);

        public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => inner.GetAsync(key, token);

        public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => throw new NotSupportedException();

        public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
        {
            Values[key] = value;
            return inner.SetAsync(key, value, options, token);
        }

        public void Refresh(string key) => inner.Refresh(key);

        public Task RefreshAsync(string key, CancellationToken token = default) => inner.RefreshAsync(key, token);

        public void Remove(string key) => inner.Remove(key);

        public Task RemoveAsync(string key, CancellationToken token = default) => inner.RemoveAsync(key, token);
    }
}
