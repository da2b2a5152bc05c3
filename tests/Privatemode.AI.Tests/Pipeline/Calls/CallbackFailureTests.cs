using System.Threading.RateLimiting;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Calls;

/// <summary>What a callback of the user's throws reaches the caller as it is, and is not read as a fault of the answer.</summary>
public sealed class CallbackFailureTests : IAsyncLifetime
{
    private PrivatemodeTestDeployment _deployment = null!;

    public static TheoryData<string, Type> Callbacks
    {
        get
        {
            TheoryData<string, Type> data = [];
            foreach (string callback in (string[])["accessor", "accessor later", "user", "approval", "approval later", "limiter"])
            {
                data.Add(callback, typeof(InvalidOperationException));
                data.Add(callback, typeof(NullReferenceException));
                data.Add(callback, typeof(OperationCanceledException));
            }

            return data;
        }
    }

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync(new() { TimeProvider = new ImmediateTimeProvider() });

    public async Task DisposeAsync() => await _deployment.DisposeAsync();

    [Theory]
    [MemberData(nameof(Callbacks))]
    public async Task Call_CallbackThrows_TheCallThrowsThat(string callback, Type type)
    {
        Exception thrown = (Exception)Activator.CreateInstance(type, "mine")!;
        await using PrivatemodeClient client = _deployment.CreateClient(options => Configure(options, callback, thrown));
        IChatClient chat = client.AsIChatClient("gpt-oss-120b");
        Func<Task>[] ways =
        [
            () => chat.GetResponseAsync("hi"),
            () => chat.GetStreamingResponseAsync("hi").ToChatResponseAsync(),
            () => client.AsIEmbeddingGenerator("qwen3-embedding-4b").GenerateAsync(["hi"]),
            () => TestTimeouts.OnOwnThread(() => client.OpenAI.GetChatClient("gpt-oss-120b").CompleteChat("hi")),
        ];
        foreach (Func<Task> way in callback == "user" ? [ways[0], ways[1], ways[3]] : ways)
        {
            Assert.Equal("mine", (await Assert.ThrowsAsync(type, () => way().OrTimeout())).Message);
        }

        Assert.Empty(_deployment.Requests);
    }

    [Theory]
    [InlineData("adapter")]
    [InlineData("openai")]
    [InlineData("openai-synchronous")]
    [InlineData("models")]
    public async Task Call_ApprovalCallbackUsesItsOwnClient_SaysWhatToChange(string way)
    {
        PrivatemodeClient? client = null;
        Exception? inside = null;
        client = _deployment.CreateClient(options => options.Verification.Manifest = ManifestPolicy.RequireApproval(async (_, cancellationToken) =>
        {
            OpenAI.Chat.ChatClient openAI = client!.OpenAI.GetChatClient("gpt-oss-120b");
            inside = await Record.ExceptionAsync(() => way switch
            {
                "openai" => openAI.CompleteChatAsync("May I?"),
                "openai-synchronous" => Task.FromResult(openAI.CompleteChat("May I?")),
                "models" => client.Models.ListAsync(cancellationToken),
                _ => client.AsIChatClient("gpt-oss-120b").GetResponseAsync("May I?", cancellationToken: cancellationToken),
            });
            return true;
        }));
        await using (client)
        {
            _ = await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout();
        }

        PrivatemodeConfigurationException exception = Assert.IsType<PrivatemodeConfigurationException>(inside);
        Assert.Equal("Verification.Manifest", exception.Setting);
        Assert.Contains("The callback of Verification.Manifest uses a client", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpRequestError.ConnectionError, false)]
    [InlineData(HttpRequestError.ConnectionError, true)]
    [InlineData(HttpRequestError.Unknown, false)]
    [InlineData(HttpRequestError.Unknown, true)]
    public async Task Call_CallbackFailsToConnectSomewhere_IsNotAskedAgain(HttpRequestError error, bool later)
    {
        // Somebody's vault that is away is no connection of ours.
        int asked = 0;
        HttpRequestException thrown = new(error, "mine", new System.Net.Sockets.SocketException(10054));
        await using PrivatemodeClient client = _deployment.CreateClient(options => options.ApiKeyAccessor = async _ =>
        {
            asked++;
            await (later ? Task.Run(() => { }, CancellationToken.None) : Task.CompletedTask);
            throw thrown;
        });
        Assert.Same(
            thrown,
            await Assert.ThrowsAsync<HttpRequestException>(() => client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout()));
        Assert.Equal(1, asked);
    }

    private static void Configure(PrivatemodeOptions options, string callback, Exception thrown)
    {
        switch (callback)
        {
            case "accessor":
                options.ApiKeyAccessor = _ => throw thrown;
                break;
            case "accessor later":
                options.ApiKeyAccessor = async _ =>
                {
                    await Task.Yield();
                    throw thrown;
                };
                break;
            case "user":
                options.PromptCache.Scope = PromptCacheScope.PerUser(new byte[32], () => throw thrown);
                break;
            case "approval":
                options.Verification.Manifest = ManifestPolicy.RequireApproval((_, _) => throw thrown);
                break;
            case "approval later":
                options.Verification.Manifest = ManifestPolicy.RequireApproval(async (_, _) =>
                {
                    await Task.Yield();
                    throw thrown;
                });
                break;
            default:
                options.Transport.RateLimiter = new BrokenLimiter(thrown);
                break;
        }
    }

    private sealed class BrokenLimiter(Exception thrown) : RateLimiter
    {
        public override TimeSpan? IdleDuration => null;

        public override RateLimiterStatistics? GetStatistics() => null;

        protected override RateLimitLease AttemptAcquireCore(int permitCount) => throw thrown;

        protected override ValueTask<RateLimitLease> AcquireAsyncCore(
            int permitCount, CancellationToken cancellationToken) => throw thrown;
    }
}
