using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Calls;

/// <summary>A host that serves several accounts: each call goes under the key of whoever is calling, or not at all.</summary>
public sealed class ApiKeyAccessorTests : IAsyncLifetime
{
    private static readonly AsyncLocal<string?> Tenant = new();

    private PrivatemodeTestDeployment _deployment = null!;
    private int _asked;

    public async Task InitializeAsync()
    {
        PrivatemodeTestDeploymentOptions options = new() { TimeProvider = new ImmediateTimeProvider() };
        options.AdditionalApiKeys.Add("key-a");
        options.AdditionalApiKeys.Add("key-b");
        _deployment = await PrivatemodeTestDeployment.StartAsync(options);
    }

    public async Task DisposeAsync() => await _deployment.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_TwoTenants_EachUnderItsKeyAndItsSecret(bool async)
    {
        await using PrivatemodeClient client = NewClient();
        foreach (string key in (string[])["key-a", "key-b", "key-a"])
        {
            await ChatAsync(client, key, async);
        }

        Assert.Equal(["Bearer key-a", "Bearer key-b", "Bearer key-a"], _deployment.Requests.Select(request => request.Headers["Authorization"]));
        string[] secrets = [.. _deployment.Requests.Select(request => request.Headers["Privatemode-Secret-ID"])];
        Assert.Equal(secrets[0], secrets[2]);
        Assert.NotEqual(secrets[0], secrets[1]);
        Assert.Equal(2, _deployment.KeyExchangeCount);
        Assert.Equal(3, _asked);
    }

    [Fact]
    public async Task Call_ManyTenantsAtOnce_NoneUnderAnothersKey()
    {
        await using PrivatemodeClient client = NewClient();
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(async () =>
        {
            Tenant.Value = i % 2 == 0 ? "key-a" : "key-b";
            string text = $"from {Tenant.Value}";
            Assert.Equal($"You said: {text}", (await client.AsIChatClient("gpt-oss-120b").GetResponseAsync(text)).Text);
        }))).OrTimeout();
        Assert.All(_deployment.Requests, request => Assert.Contains($"from {request.Headers["Authorization"][7..]}", request.DecryptedBody));
    }

    [Fact]
    public async Task Call_KeysArriveInReverseOrder_EachUnderItsKeyAndItsSecret()
    {
        const int Calls = 8;
        Stack<TaskCompletionSource> waiting = [];
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using PrivatemodeClient client = NewClient(options => options.ApiKeyAccessor = async cancellationToken =>
        {
            TaskCompletionSource turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (waiting)
            {
                waiting.Push(turn);
                _ = waiting.Count == Calls && all.TrySetResult();
            }

            await turn.Task;
            return Tenant.Value;
        });
        Task[] calls = [.. Enumerable.Range(0, Calls).Select(i => Task.Run(async () =>
        {
            Tenant.Value = i % 2 == 0 ? "key-a" : "key-b";
            _ = await client.AsIChatClient("gpt-oss-120b").GetResponseAsync($"from {Tenant.Value}");
        }))];
        await all.Task.OrTimeout();
        Assert.Empty(_deployment.AllRequests);
        while (waiting.TryPop(out TaskCompletionSource? turn))
        {
            turn.SetResult();
        }

        await Task.WhenAll(calls).OrTimeout();
        Assert.All(_deployment.Requests, request => Assert.Contains($"from {request.Headers["Authorization"][7..]}", request.DecryptedBody));
        Assert.Equal(
            2, _deployment.Requests.Select(request => (request.Headers["Authorization"], request.Headers["Privatemode-Secret-ID"])).Distinct().Count());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public async Task Call_WithoutAKey_FallsBackToNoOther(string? key)
    {
        await using PrivatemodeClient client = NewClient();
        PrivatemodeConfigurationException exception =
            await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => ChatAsync(client, key, async: true));
        Assert.Equal("ApiKeyAccessor", exception.Setting);
        await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => client.VerifyAsync());
        await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => client.ConnectAsync());
        Assert.Empty(_deployment.AllRequests);
    }

    [Fact]
    public async Task Call_KeyThatWouldBreakTheHeader_IsRefused()
    {
        await using PrivatemodeClient client = NewClient();
        PrivatemodeConfigurationException exception =
            await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => ChatAsync(client, "key-a\r\nX: y", async: true));
        Assert.Equal("ApiKeyAccessor", exception.Setting);
        Assert.Empty(_deployment.AllRequests);
    }

    [Fact]
    public async Task Call_AccessorThrows_TheCallThrowsThat()
    {
        await using PrivatemodeClient client = NewClient(options => options.ApiKeyAccessor = _ => throw new TimeoutException("the tenant store is away"));
        Assert.Equal("the tenant store is away", (await Assert.ThrowsAsync<TimeoutException>(() => ChatAsync(client, "key-a", async: true))).Message);
    }

    // The salt of the prompt cache, sealed in the body, was made for the first identity.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_IsTriedAgainWhileTheAccessorTurnsToAnother_StaysWithItsCaller(bool async)
    {
        string[] keys = ["key-a", "key-b"];
        await using PrivatemodeClient client = NewClient(options =>
        {
            options.PromptCache.Scope = PromptCacheScope.PerClient;
            options.ApiKeyAccessor = _ => new(keys[_asked++ % 2]);
        });
        _deployment.Faults.Inject(Fault.UnencryptedError(503), times: 2);
        await ChatAsync(client, null, async);
        Assert.Equal(1, _asked);
        _deployment.ForgetSecrets();
        _asked = 0;
        await ChatAsync(client, null, async);
        Assert.Equal(1, _asked);
        Assert.All(_deployment.Requests, request => Assert.Equal("Bearer key-a", request.Headers["Authorization"]));
        Assert.Equal(5, _deployment.Requests.Count);
        Assert.Single(_deployment.Requests.Where(request => request.DecryptedBody is not null).Select(Salt).Distinct());
    }

    [Fact]
    public async Task PromptCache_PerClientAndPerUser_NeverSharedByTwoKeys()
    {
        byte[] secret = new byte[32];
        foreach (PromptCacheScope scope in (PromptCacheScope[])[PromptCacheScope.PerClient, PromptCacheScope.PerUser(secret, () => "user 1")])
        {
            await using PrivatemodeClient client = NewClient(options => options.PromptCache.Scope = scope);
            int before = _deployment.Requests.Count;
            await ChatAsync(client, "key-a", async: true);
            await ChatAsync(client, "key-b", async: true);
            await ChatAsync(client, "key-a", async: true);
            string[] salts = [.. _deployment.Requests.Skip(before).Select(Salt)];
            Assert.Equal(salts[0], salts[2]);
            Assert.NotEqual(salts[0], salts[1]);
            string[] shards = [.. _deployment.Requests.Skip(before).Select(request => request.Headers["Privatemode-Shard-Key"])];
            Assert.Equal(shards[0], shards[2]);
            Assert.NotEqual(shards[0], shards[1]);
        }
    }

    private static string Salt(RecordedRequest request)
    {
        using JsonDocument body = JsonDocument.Parse(request.DecryptedBody!);
        return body.RootElement.GetProperty("cache_salt").GetString()!;
    }

    // The deployment's own key is set as well: it must not be used for anybody.
    private PrivatemodeClient NewClient(Action<PrivatemodeOptions>? configure = null) => _deployment.CreateClient(options =>
    {
        options.ApiKeyAccessor = cancellationToken =>
        {
            _ = Interlocked.Increment(ref _asked);
            return new(Tenant.Value);
        };
        configure?.Invoke(options);
    });

    private static async Task ChatAsync(PrivatemodeClient client, string? key, bool async)
    {
        Tenant.Value = key;
        if (async)
        {
            _ = await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout();
        }
        else
        {
            _ = await TestTimeouts.OnOwnThread(() => client.OpenAI.GetChatClient("gpt-oss-120b").CompleteChat("hi"));
        }
    }
}
