using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>A caller who blocks the one thread of its synchronization context gets the answer: nothing is waiting for that thread.</summary>
public sealed class BlockedContextTests : IAsyncLifetime
{
    private PrivatemodeTestDeployment _deployment = null!;
    private PrivatemodeClient _client = null!;

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync(new());
        _client = _deployment.CreateClient();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _deployment.DisposeAsync();
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("chat stream")]
    [InlineData("completion stream")]
    [InlineData("speech")]
    [InlineData("speech stream")]
    [InlineData("embeddings")]
    [InlineData("models")]
    public async Task Call_BlockedInASingleThreadedContext_Completes(string way)
    {
        if (way.StartsWith("speech", StringComparison.Ordinal))
        {
            _ = _deployment.Model.ReplyWithTranscription("one two three");
        }

        BusyContext context = new();
        bool isAnswered = await TestTimeouts.OnOwnThread(() =>
        {
            SynchronizationContext.SetSynchronizationContext(context);
            bool result = IsAnswered(way);
            Assert.Same(context, SynchronizationContext.Current);
            return result;
        });
        Assert.True(isAnswered);
        Assert.Equal(0, context.Posts);
    }

    [Fact]
    public async Task ChatStream_BlockedInAnExclusiveScheduler_Completes()
    {
        ConcurrentExclusiveSchedulerPair schedulers = new();
        Task<bool> streaming = Task.Factory.StartNew(
            () => IsAnswered("chat stream"), CancellationToken.None, TaskCreationOptions.LongRunning, schedulers.ExclusiveScheduler);
        Assert.True(await streaming.OrTimeout());
    }

    private bool IsAnswered(string way) => way switch
    {
        "chat" => _client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").GetAwaiter().GetResult().Text.Length > 0,
        "chat stream" =>
            _client.AsIChatClient("gpt-oss-120b").GetStreamingResponseAsync("hi").ToBlockingEnumerable().Any(update => update.Text.Length > 0),
        "completion stream" => _client.GetTextCompletionClient("gpt-oss-120b").CompleteStreamingAsync(new("hi")).ToBlockingEnumerable().Any(),
        "speech" => Transcribe(audio => Speech.GetTextAsync(audio).GetAwaiter().GetResult().Text.Length > 0),
        "speech stream" => Transcribe(audio => Speech.GetStreamingTextAsync(audio).ToBlockingEnumerable().Any(update => update.Text.Length > 0)),
        "embeddings" => _client.AsIEmbeddingGenerator("qwen3-embedding-4b").GenerateAsync(["hi"]).GetAwaiter().GetResult().Count == 1,
        _ => _client.Models.ListAsync().GetAwaiter().GetResult().Count > 0,
    };

    private ISpeechToTextClient Speech => _client.AsISpeechToTextClient("whisper-large-v3");

    private static bool Transcribe(Func<Stream, bool> call)
    {
        using MemoryStream audio = new(Recording.Wave(1000));
        return call(audio);
    }
}
