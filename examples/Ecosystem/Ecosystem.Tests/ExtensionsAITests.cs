using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using Privatemode.AI;
using Privatemode.AI.Testing;

namespace Ecosystem.Tests;

/// <summary>The middleware of Microsoft.Extensions.AI around our client, and its OpenAI adapter over our sealed client.</summary>
public sealed class ExtensionsAITests : EcosystemTest
{
    private const string Question = "Shall I take an umbrella in Bochum today?";

    private static AIFunction Weather { get; } =
        AIFunctionFactory.Create((string city) => $"{city}: 21 degrees, clear sky", "get_weather", "The weather in a city.");

    [Fact]
    public async Task Example_CacheToolLoopTracesAndTypedAnswer_WorkTogether()
    {
        Deployment.Model.SetFallback(request => AskForToolOr(request, """{"umbrella":false,"reason":"clear sky"}"""));
        ConcurrentQueue<Activity> spans = [];
        using ActivityListener listener = Listen(nameof(ExtensionsAIExample), spans);
        using StringWriter output = new();
        await ExtensionsAIExample.RunAsync(Client.AsIChatClient(ModelId), output);
        Assert.Contains("Umbrella: False, because: clear sky", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("from the cache: clear sky", output.ToString(), StringComparison.Ordinal);

        // One question with a tool call is two requests; the second question is none.
        Assert.Equal(2, ChatRequests.Count);
        Assert.Contains("json_schema", ChatRequests[0].DecryptedBody!, StringComparison.Ordinal);
        AssertTravelledSealed("umbrella", "Bochum", "get_weather", "clear sky", "json_schema");
        Assert.NotEmpty(spans);
        Assert.DoesNotContain(spans.SelectMany(span => span.TagObjects), tag => tag.Value is string text &&
            (text.Contains("Bochum", StringComparison.Ordinal) || text.Contains("clear sky", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task FunctionInvocation_Streamed_GivesTheAnswerAfterTheTool()
    {
        using IChatClient chat = Client.AsIChatClient(ModelId).AsBuilder().UseFunctionInvocation().Build();
        ChatResponse response = await chat.GetStreamingResponseAsync(Question, new ChatOptions { Tools = [Weather] }).ToChatResponseAsync();
        Assert.EndsWith(Answer, response.Text, StringComparison.Ordinal);
        Assert.Equal(2, ChatRequests.Count);
        AssertTravelledSealed("umbrella", "get_weather", "clear sky");
    }

    [Fact]
    public async Task Cache_OfAStreamedAnswer_GivesTextAndReceiptAgainWithoutACall()
    {
        IDistributedCache cache = new MemoryDistributedCache(Options.Create(new MemoryDistributedCacheOptions()));
        using IChatClient chat = Client.AsIChatClient(ModelId).AsBuilder().UseDistributedCache(cache).Build();
        ChatResponse first = await chat.GetStreamingResponseAsync(Question).ToChatResponseAsync();
        ChatResponse second = await chat.GetStreamingResponseAsync(Question).ToChatResponseAsync();
        Assert.Equal(Answer, first.Text);
        Assert.Equal(first.Text, second.Text);
        Assert.Single(ChatRequests);
    }

    [Fact]
    public async Task Cache_OfAWholeAnswer_KeepsTheReceipt()
    {
        IDistributedCache cache = new MemoryDistributedCache(Options.Create(new MemoryDistributedCacheOptions()));
        using IChatClient chat = Client.AsIChatClient(ModelId).AsBuilder().UseDistributedCache(cache).Build();
        ChatResponse first = await chat.GetResponseAsync(Question);
        ChatResponse second = await chat.GetResponseAsync(Question);
        Assert.Equal(Answer, second.Text);
        Assert.Single(ChatRequests);
        Assert.NotNull(second.GetPrivatemodeReceipt());
        Assert.Equal(first.GetPrivatemodeReceipt(), second.GetPrivatemodeReceipt());
    }

    [Fact]
    public async Task OpenAIAdapter_OverTheSealedClient_SealsAndKeepsOurUserAgent()
    {
        using IChatClient chat = Client.OpenAI.GetChatClient(ModelId).AsIChatClient();
        ChatResponse whole = await chat.GetResponseAsync(Question);
        ChatResponse streamed = await chat.GetStreamingResponseAsync(Question).ToChatResponseAsync();
        Assert.Equal(Answer, whole.Text);
        Assert.Equal(Answer, streamed.Text);
        AssertTravelledSealed("umbrella");
        AssertAnsweredSealed("sky over");
        Assert.All(ChatRequests, request => Assert.StartsWith("Privatemode.AI/", request.Headers["User-Agent"], StringComparison.Ordinal));
    }

    [Fact]
    public async Task Tampering_BelowTheMiddleware_IsAnExceptionAndNotCached()
    {
        IDistributedCache cache = new MemoryDistributedCache(Options.Create(new MemoryDistributedCacheOptions()));
        using IChatClient chat = Client.AsIChatClient(ModelId).AsBuilder().UseDistributedCache(cache).UseFunctionInvocation().Build();
        Deployment.Faults.Inject(Fault.TamperEvent(3));
        await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => chat.GetStreamingResponseAsync(Question).ToChatResponseAsync());
        Assert.Equal(Answer, (await chat.GetStreamingResponseAsync(Question).ToChatResponseAsync()).Text);
        Assert.Equal(2, ChatRequests.Count);
    }

    private static ActivityListener Listen(string source, ConcurrentQueue<Activity> spans)
    {
        ActivityListener listener = new()
        {
            ShouldListenTo = candidate => candidate.Name == source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
