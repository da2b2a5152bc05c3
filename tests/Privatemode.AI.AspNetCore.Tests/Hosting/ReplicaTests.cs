using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Privatemode.AI.AspNetCore.Tests.Hosting;

/// <summary>Two proxies for one account, which share configuration and a cache: what docs/replicas.md says.</summary>
public sealed class ReplicaTests : ProxyTest
{
    private const string Chat = """{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]}""";

    private readonly RecordingCache _cache = new();
    private readonly byte[] _secret = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    protected override void ConfigureProxy(PrivatemodeProxyOptions options)
    {
        options.SessionPromptCache = true;
        options.PromptCacheSecret = _secret;
    }

    protected override void ConfigureServices(IServiceCollection services)
    {
        _ = services.AddSingleton<IDistributedCache>(_cache);
        _ = services.AddPrivatemode((provider, options) => options.Verification.CollateralCache = provider.GetRequiredService<IDistributedCache>());
    }

    /// <summary>That a second process takes it from there is tested with the caches themselves: replicas in one process share its memory too.</summary>
    [Fact]
    public async Task Replica_PutsCollateralIntoTheSharedCache()
    {
        await AskAsync(Http);

        Assert.NotEmpty(_cache.Written);
    }

    [Fact]
    public async Task SessionThatChangesTheReplica_KeepsItsPromptCache()
    {
        await AskAsync(Http);
        await WithSecondReplicaAsync(AskAsync);

        string?[] salts =
        [
            .. Deployment.Requests.Where(request => request.PathAndQuery == ChatPath)
                .Select(request => JsonDocument.Parse(request.DecryptedBody!).RootElement.GetProperty("cache_salt").GetString()),
        ];
        Assert.Equal(2, salts.Length);
        Assert.Equal(salts[0], salts[1]);
    }

    private static async Task AskAsync(HttpClient http)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, ChatPath) { Content = new StringContent(Chat, Encoding.UTF8, "application/json") };
        request.Headers.Add("x-session-id", "session-1");
        using HttpResponseMessage answer = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private async Task WithSecondReplicaAsync(Func<HttpClient, Task> act)
    {
        (WebApplication app, Uri address) = await StartProxyAsync();
        try
        {
            using HttpClient http = NewHttp(address);
            await act(http);
        }
        finally
        {
            await StopAsync(app);
        }
    }

    private sealed class RecordingCache : IDistributedCache
    {
        private readonly MemoryDistributedCache _inner = new(Options.Create(new MemoryDistributedCacheOptions()));

        public ConcurrentBag<string> Written { get; } = [];

        public byte[]? Get(string key) => _inner.Get(key);

        public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => _inner.GetAsync(key, token);

        public void Refresh(string key) => _inner.Refresh(key);

        public Task RefreshAsync(string key, CancellationToken token = default) => _inner.RefreshAsync(key, token);

        public void Remove(string key) => _inner.Remove(key);

        public Task RemoveAsync(string key, CancellationToken token = default) => _inner.RemoveAsync(key, token);

        public void Set(string key, byte[] value, DistributedCacheEntryOptions options)
        {
            Written.Add(key);
            _inner.Set(key, value, options);
        }

        public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
        {
            Written.Add(key);
            return _inner.SetAsync(key, value, options, token);
        }
    }
}
