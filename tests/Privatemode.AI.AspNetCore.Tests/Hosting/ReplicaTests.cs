using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Privatemode.AI.Testing;

namespace Privatemode.AI.AspNetCore.Tests.Hosting;

/// <summary>Two proxies for one account, which share configuration and a cache: what docs/replicas.md says.</summary>
public sealed class ReplicaTests : ProxyTest
{
    private const string Chat = """{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]}""";

    private readonly MemoryDistributedCache _cache = new(Options.Create(new MemoryDistributedCacheOptions()));
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

    [Fact]
    public async Task SecondReplica_TakesCollateralFromTheSharedCache()
    {
        await AskAsync(Http);
        int first = Deployment.Evidence.GetRequestCount(EvidenceSource.AmdRevocationList);

        await WithSecondReplicaAsync(AskAsync);

        Assert.Equal((1, 1), (first, Deployment.Evidence.GetRequestCount(EvidenceSource.AmdRevocationList)));
        Assert.Equal(2, Deployment.Evidence.GetRequestCount(EvidenceSource.Attestation));
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
}
