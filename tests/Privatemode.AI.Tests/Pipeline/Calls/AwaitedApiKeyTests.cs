using System.ClientModel;
using System.Text;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Calls;

/// <summary>An API key that has to be waited for: every call waits for it, and only as long as the call may.</summary>
public sealed class AwaitedApiKeyTests : IAsyncLifetime
{
    private const string Key = "key-b";
    private const int Reads = 10_000;

    private static readonly AsyncLocal<string?> Tenant = new();

    private readonly ManualTimeProvider _time = new();
    private readonly TaskCompletionSource<CancellationToken> _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _cancellation = new();
    private PrivatemodeTestDeployment _deployment = null!;
    private int _calls;

    public static TheoryData<string> Ways { get; } =
    [
        "chat", "chat stream", "chat, synchronous", "embeddings", "speech", "document", "completion", "completion stream", "models", "model", "handler",
        "handler, synchronous", "ConnectAsync", "VerifyAsync",
    ];

    public async Task InitializeAsync()
    {
        PrivatemodeTestDeploymentOptions options = new() { TimeProvider = _time };
        options.AdditionalApiKeys.Add(Key);
        _deployment = await PrivatemodeTestDeployment.StartAsync(options);
        _deployment.Model.SetFallback(request => request.PathAndQuery switch
        {
            "/v1/audio/transcriptions" => ScriptedAnswer.Transcription("one two three"),
            "/unstructured/general/v0/general" => ScriptedAnswer.Document(new ScriptedDocumentElement("Title", "Contract")),
            _ => ScriptedAnswer.Text("hi"),
        });
    }

    public async Task DisposeAsync()
    {
        await _deployment.DisposeAsync();
        _cancellation.Dispose();
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Call_AccessorReturnsLater_IsMadeWithItsKey(string way)
    {
        await using PrivatemodeClient client = NewClient(AnswerAsync);
        Task call = CallAsync(client, way);
        _ = await _asked.Task.OrTimeout();
        Assert.False(call.IsCompleted);
        Assert.Empty(_deployment.AllRequests);

        _answer.SetResult(Key);
        await call.OrTimeout();

        Assert.Equal(1, _calls);
        Assert.All(_deployment.AllRequests, request => Assert.Equal($"Bearer {Key}", request.Headers.GetValueOrDefault("Authorization", $"Bearer {Key}")));
        Assert.Contains(_deployment.AllRequests, request => request.Headers.ContainsKey("Authorization"));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Call_AccessorReadsAnAsyncLocal_SeesTheCallersBeforeAndAfterItWaits(string way)
    {
        string? before = null, after = null;
        await using PrivatemodeClient client = NewClient(async _ =>
        {
            before = Tenant.Value;
            await Task.Yield();
            after = Tenant.Value;
            return after;
        });
        Tenant.Value = Key;
        await CallAsync(client, way).OrTimeout();
        Assert.Equal((Key, Key), (before, after));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Call_AccessorFailsLater_ThrowsTheSameException(string way)
    {
        // Of a type that the OpenAI client throws too, where it means that a request cannot be written.
        FormatException thrown = new("the store of keys is damaged");
        await using PrivatemodeClient client = NewClient(AnswerAsync);
        Task call = CallAsync(client, way);
        _answer.SetException(thrown);
        Assert.Same(thrown, await Assert.ThrowsAsync<FormatException>(() => call.OrTimeout()));
        Assert.Empty(_deployment.AllRequests);
    }

    [Theory]
    [InlineData(null, "ApiKeyAccessor returned no API key.")]
    [InlineData("", "ApiKeyAccessor returned no API key.")]
    [InlineData("two words", "contains white space")]
    public async Task Call_AccessorReturnsNoUsableKeyLater_IsRefused(string? key, string message)
    {
        await using PrivatemodeClient client = NewClient(AnswerAsync);
        Task call = CallAsync(client, "chat");
        _answer.SetResult(key);
        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => call.OrTimeout());
        Assert.Equal("ApiKeyAccessor", exception.Setting);
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Empty(_deployment.AllRequests);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Call_IsCanceledWhileTheAccessorIgnoresItsToken_Ends(string way)
    {
        await using PrivatemodeClient client = NewClient(AnswerAsync);
        Task call = CallAsync(client, way, _cancellation.Token);
        CancellationToken token = await _asked.Task.OrTimeout();
        Assert.False(token.IsCancellationRequested);

        await _cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.OrTimeout());
        Assert.True(token.IsCancellationRequested);
        Assert.Empty(_deployment.AllRequests);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Call_AccessorDoesNotReturn_EndsAfterResponseTimeout(string way)
    {
        TimeSpan limit = TimeSpan.FromHours(7);
        await using PrivatemodeClient client = NewClient(AnswerAsync, options => options.Transport.ResponseTimeout = limit);
        Task<TimeSpan> waits = _time.TimerAsync(due => due == limit);
        Task call = CallAsync(client, way);
        _ = await _asked.Task.OrTimeout();
        _ = await waits.OrTimeout();

        _time.Advance(limit);

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => call.OrTimeout());
        Assert.Equal((ServiceFailureReason.Timeout, true), (exception.Reason, exception.WasNotSent));
        Assert.Contains("ApiKeyAccessor", exception.Message, StringComparison.Ordinal);
        Assert.Empty(_deployment.AllRequests);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Call_BlocksTheThreadOfItsContextWhileTheAccessorYields_Completes(string way)
    {
        await using PrivatemodeClient client = NewClient(YieldAsync);
        BusyContext context = new();
        bool isDone = await TestTimeouts.OnOwnThread(() =>
        {
            SynchronizationContext.SetSynchronizationContext(context);
            return CallAsync(client, way).Wait(TestTimeouts.Default);
        });
        Assert.True(isDone);
        Assert.Equal(0, context.Posts);
    }

    [Theory]
    [InlineData("chat, synchronous")]
    [InlineData("handler, synchronous")]
    public async Task Call_BlocksAnExclusiveSchedulerWhileTheAccessorYields_Completes(string way)
    {
        await using PrivatemodeClient client = NewClient(YieldAsync);
        Task<bool> calling = Task.Factory.StartNew(
            () => CallAsync(client, way).IsCompletedSuccessfully, CancellationToken.None, TaskCreationOptions.LongRunning,
            new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler);
        Assert.True(await calling.OrTimeout());
    }

    [Fact]
    public async Task Read_AccessorKnowsTheKey_AllocatesNoMoreThanForAFixedKey()
    {
        ApiKeys asked = new(static _ => new(Key), TimeSpan.FromMinutes(10), _time);
        ApiKeys set = new(new ApiKeyCredential(Key));
        (long Asked, long Set) allocated = await TestTimeouts.OnOwnThread(() => (AllocatedBy(asked), AllocatedBy(set)));
        Assert.InRange(allocated.Asked - allocated.Set, long.MinValue, Reads - 1);
    }

    /// <summary>The bytes that reading a key many times allocates.</summary>
    private static long AllocatedBy(ApiKeys keys)
    {
        long before = 0;
        for (int i = -100; i < Reads; i++)
        {
            before = i == 0 ? GC.GetAllocatedBytesForCurrentThread() : before;
            Assert.Same(Key, keys.ReadAsync(async: false, CancellationToken.None).Completed());
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static async ValueTask<string?> YieldAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        return Key;
    }

    private ValueTask<string?> AnswerAsync(CancellationToken cancellationToken)
    {
        _ = Interlocked.Increment(ref _calls);
        _ = _asked.TrySetResult(cancellationToken);
        return new(_answer.Task);
    }

    // The deployment's own key is set as well: it must not be used for anybody.
    private PrivatemodeClient NewClient(Func<CancellationToken, ValueTask<string?>> accessor, Action<PrivatemodeOptions>? configure = null) =>
        _deployment.CreateClient(options =>
        {
            options.ApiKeyAccessor = accessor;
            configure?.Invoke(options);
        });

    /// <summary>Makes a call. A synchronous one is made on the caller's thread if it has a context or scheduler of its own, otherwise on another.</summary>
    private static Task CallAsync(PrivatemodeClient client, string way, CancellationToken cancellationToken = default)
    {
        switch (way)
        {
            case "chat":
                return client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi", cancellationToken: cancellationToken);
            case "chat stream":
                return client.AsIChatClient("gpt-oss-120b").GetStreamingResponseAsync("hi", cancellationToken: cancellationToken)
                    .ToChatResponseAsync(cancellationToken);
            case "chat, synchronous":
                return Blocking(() => client.OpenAI.GetChatClient("gpt-oss-120b").CompleteChat([new UserChatMessage("hi")], null, cancellationToken));
            case "embeddings":
                return client.AsIEmbeddingGenerator("qwen3-embedding-4b").GenerateAsync(["hi"], cancellationToken: cancellationToken);
            case "speech":
                return client.AsISpeechToTextClient("whisper-large-v3").GetTextAsync(new MemoryStream(Recording.Wave(1000)), null, cancellationToken);
            case "document":
                return client.Documents.PartitionAsync(new MemoryStream("text"u8.ToArray()), "a.txt", null, cancellationToken);
            case "completion":
                return client.GetTextCompletionClient("gpt-oss-120b").CompleteAsync(new("hi"), cancellationToken);
            case "completion stream":
                return ReadAsync(client.GetTextCompletionClient("gpt-oss-120b").CompleteStreamingAsync(new("hi"), cancellationToken));
            case "models":
                return client.Models.ListAsync(cancellationToken);
            case "model":
                return client.Models.FindAsync("gpt-oss-120b", cancellationToken);
            case "handler":
                return WithHandlerAsync(client, (http, request) => http.SendAsync(request, cancellationToken));
            case "handler, synchronous":
                return Blocking(() => WithHandlerAsync(client, (http, request) => Task.FromResult(http.Send(request, cancellationToken))));
            case "ConnectAsync":
                return client.ConnectAsync(cancellationToken);
            default:
                return client.VerifyAsync(cancellationToken);
        }
    }

    private static Task Blocking<T>(Func<T> call)
    {
        if (SynchronizationContext.Current is BusyContext || TaskScheduler.Current != TaskScheduler.Default)
        {
            _ = call();
            return Task.CompletedTask;
        }

        Task<T> calling = TestTimeouts.OnOwnThread(call);
        return calling is Task<Task> nested ? nested.Unwrap() : calling;
    }

    private static async Task ReadAsync<T>(IAsyncEnumerable<T> items)
    {
        await foreach (T item in items.ConfigureAwait(false))
        {
            _ = item;
        }
    }

    private static async Task WithHandlerAsync(PrivatemodeClient client, Func<HttpClient, HttpRequestMessage, Task<HttpResponseMessage>> send)
    {
        using HttpClient http = new(client.CreateHandler()) { Timeout = Timeout.InfiniteTimeSpan };
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri(client.Endpoint, "/v1/chat/completions"));
        request.Content = new StringContent(
            """{"model": "gpt-oss-120b", "messages": [{"role": "user", "content": "hi"}]}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await send(http, request).ConfigureAwait(false);
        Assert.True(response.IsSuccessStatusCode);
    }
}
