using System.Text;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
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

    private const int Keys = 4;
    private const long MaxBodySize = 1024 * 1024;

    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions { PermitLimit = MaxCalls, QueueLimit = 1000 });
    private readonly Tally _tally;
    private WebApplication _app = null!;

    private SoakHost(Tally tally)
    {
        _tally = tally;
        Wire = new WireScan(tally.Violate);
    }

    public JumpingClock Clock { get; } = new();

    public WireScan Wire { get; }

    public PrivatemodeTestDeployment Deployment { get; private set; } = null!;

    /// <summary>The client of the application, which the proxy uses too.</summary>
    public PrivatemodeClient Client { get; private set; } = null!;

    /// <summary>The address of the proxy.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>How many calls the library lets run at once; fewer than callers.</summary>
    private const int MaxCalls = 40;

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
        IServiceProvider services = _app.Services;
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
        using CancellationTokenSource soon = new(TimeSpan.FromSeconds(5));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
        await Deployment.DisposeAsync();
        await _limiter.DisposeAsync();
    }

    private async Task StartProxyAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        _ = builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _ = builder.Services.AddRoutingCore().AddSingleton<TimeProvider>(Clock);
        _ = builder.Logging.SetMinimumLevel(LogLevel.Debug).AddFilter("Microsoft", LogLevel.Warning).AddProvider(new LogWatch(_tally));
        _ = builder.Services.AddPrivatemodeProxy(Configure);
        _ = builder.Services.PostConfigureAll<PrivatemodeOptions>(client =>
        {
            Deployment.ConfigureClient(client);
            client.Transport.ResponseTimeout = TimeSpan.FromSeconds(8);
            client.Transport.IdleTimeout = TimeSpan.FromSeconds(4);
            client.Transport.RateLimiter = _limiter;
        });
        _app = builder.Build();
        _ = _app.UseRouting();
        _ = _app.MapPrivatemode();
        await _app.StartAsync();
        Client = _app.Services.GetRequiredService<PrivatemodeClient>();
        Address = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    /// <summary>Everything that holds something is on, and small enough to be full at times.</summary>
    private static void Configure(PrivatemodeProxyOptions options)
    {
        for (int i = 0; i < Keys; i++)
        {
            options.CallerKeys.Add(KeyOf(i));
        }

        options.Aliases[Alias] = ChatModel;
        options.SessionPromptCache = true;
        options.PromptCacheSecret = Encoding.ASCII.GetBytes(new string('s', 32));
        options.KeepAliveInterval = TimeSpan.FromSeconds(1);
        (options.MaxRequestBodyBytes, options.MaxTranscriptionBytes, options.MaxDocumentBytes) = (MaxBodySize, MaxBodySize, MaxBodySize);
        options.MaxBufferedBytes = 2 * MaxBodySize;
        options.RateLimit = new ProxyRateLimits { ConcurrentRequests = MaxCalls - 8, QueueLength = 200, MaxWait = TimeSpan.FromSeconds(10) };
        options.CallerRateLimit = new ProxyRateLimits { ConcurrentRequests = 12, QueueLength = 200, MaxWait = TimeSpan.FromSeconds(10) };
    }
}

/// <summary>Looks at all log lines: none may have content, and none may tell of an error that the proxy did not expect.</summary>
internal sealed class LogWatch(Tally tally) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        string line = $"{formatter(state, exception)} {exception}";

        // The names of models that the application has configured are logged.
        if (line.Replace(SoakHost.Alias, "", StringComparison.Ordinal).Contains(Marker.Sentinel, StringComparison.Ordinal))
        {
            tally.Violate($"content in a log line: {line}");
        }
        else if (eventId.Name == "UnexpectedError" || (logLevel >= LogLevel.Error && exception is not null))
        {
            tally.Violate($"log: {line}");
        }
    }

    public void Dispose()
    {
    }
}
