using System.Text;
using System.Threading.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.AspNetCore;
using Privatemode.AI.AspNetCore.Calls;
using Privatemode.AI.AspNetCore.Limits;
using Privatemode.AI.Testing;

namespace Privatemode.AI.Soak;

/// <summary>A deployment, and an application with the proxy in front of it, in this process.</summary>
internal sealed class SoakHost : IAsyncDisposable
{
    public const string ChatModel = "gpt-oss-120b";
    public const string EmbeddingModel = "qwen3-embedding-4b";
    public const string TranscriptionModel = "whisper-large-v3";

    /// <summary>A name of <see cref="ChatModel"/> that only the proxy knows.</summary>
    public const string Alias = "my/" + Marker.Sentinel;

    /// <summary>How many keys callers have.</summary>
    public const int Keys = 4;

    private const long MaxBodySize = 1024 * 1024;

    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions { PermitLimit = MaxCalls, QueueLimit = 1000 });
    private readonly Tally _tally;
    private ProxyHost _proxy = null!;

    private SoakHost(Tally tally)
    {
        _tally = tally;
        Wire = new WireScan(tally.Violate);
    }

    public JumpingClock Clock { get; } = new();

    public WireScan Wire { get; }

    public PrivatemodeTestDeployment Deployment { get; private set; } = null!;

    /// <summary>The client of the application, which the proxy uses too.</summary>
    public PrivatemodeClient Client => _proxy.Client;

    /// <summary>The address of the proxy.</summary>
    public Uri Address => _proxy.Address;

    /// <summary>How many calls the library lets run at once; fewer than callers.</summary>
    private const int MaxCalls = 40;

    public HttpClient Connect() => _proxy.Connect();

    public static string KeyOf(int caller) => $"{Marker.Sentinel}-key-of-caller-{caller % Keys}";

    public static async Task<SoakHost> StartAsync(Tally tally, ModelScript script)
    {
        SoakHost host = new(tally);
        host.Deployment = await PrivatemodeTestDeployment.StartAsync(new PrivatemodeTestDeploymentOptions
        {
            TimeProvider = host.Clock,
            RecordRequests = false,
            OpenWireTap = host.Wire.Open,
            BeforeStreamEvent = ModelScript.PauseAsync,
        });
        host.Deployment.Model.SetFallback(script.Answer);
        await host.StartProxyAsync();
        return host;
    }

    /// <summary>What calls hold while they run; empty when nothing is held.</summary>
    public string Held()
    {
        IServiceProvider services = _proxy.Services;
        long streams = services.GetRequiredService<KeepAliveClock>().Count;
        long bytes = services.GetRequiredService<BufferBudget>().InUse;
        bool isIdle = services.GetRequiredService<RateGate>().IsIdle;
        long permits = MaxCalls - _limiter.GetStatistics()!.CurrentAvailablePermits;
        return isIdle && (streams, bytes, permits) == (0, 0, 0)
            ? ""
            : $"{streams} streams, {bytes} buffered bytes, calls in the rate gate: {!isIdle}, {permits} permits of the rate limiter";
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await Deployment.DisposeAsync();
        await _limiter.DisposeAsync();
    }

    private async Task StartProxyAsync()
    {
        _proxy = await ProxyHost.StartAsync(Clock, _tally, Configure, client =>
        {
            Deployment.ConfigureClient(client);
            client.Transport.ResponseTimeout = TimeSpan.FromSeconds(8);
            client.Transport.IdleTimeout = TimeSpan.FromSeconds(4);
            client.Transport.RateLimiter = _limiter;
        });
    }

    /// <summary>Everything that holds something is on, and small enough to be full at times.</summary>
    private static void Configure(PrivatemodeProxyOptions options)
    {
        options.SessionPromptCache = true;
        options.PromptCacheSecret = Encoding.ASCII.GetBytes(new string('s', 32));
        options.KeepAliveInterval = TimeSpan.FromSeconds(1);
        (options.MaxRequestBodyBytes, options.MaxTranscriptionBytes, options.MaxDocumentBytes) = (MaxBodySize, MaxBodySize, MaxBodySize);
        options.MaxBufferedBytes = 2 * MaxBodySize;
        options.RateLimit = new ProxyRateLimits { ConcurrentRequests = MaxCalls - 8, QueueLength = 200, MaxWait = TimeSpan.FromSeconds(10) };
        options.CallerRateLimit = new ProxyRateLimits { ConcurrentRequests = 12, QueueLength = 200, MaxWait = TimeSpan.FromSeconds(10) };
    }
}
