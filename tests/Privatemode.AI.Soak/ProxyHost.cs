using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Privatemode.AI.AspNetCore;

namespace Privatemode.AI.Soak;

/// <summary>An application with the proxy, in this process.</summary>
internal sealed class ProxyHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ProxyHost(WebApplication app)
    {
        _app = app;
        Client = app.Services.GetRequiredService<PrivatemodeClient>();
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    /// <summary>The client of the application, which the proxy uses too.</summary>
    public PrivatemodeClient Client { get; }

    /// <summary>The address of the proxy.</summary>
    public Uri Address { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<ProxyHost> StartAsync(
        TimeProvider clock, Tally tally, Action<PrivatemodeProxyOptions> configure, Action<PrivatemodeOptions> configureClient)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        _ = builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _ = builder.Services.AddRoutingCore().AddSingleton(clock);
        _ = builder.Logging.SetMinimumLevel(LogLevel.Debug).AddFilter("Microsoft", LogLevel.Warning).AddProvider(new LogWatch(tally));
        _ = builder.Services.AddPrivatemodeProxy(options =>
        {
            for (int i = 0; i < SoakHost.Keys; i++)
            {
                options.CallerKeys.Add(SoakHost.KeyOf(i));
            }

            options.Aliases[SoakHost.Alias] = SoakHost.ChatModel;
            configure(options);
        });
        _ = builder.Services.PostConfigureAll(configureClient);
        WebApplication app = builder.Build();
        _ = app.UseRouting();
        _ = app.MapPrivatemode();
        await app.StartAsync();
        return new ProxyHost(app);
    }

    public HttpClient Connect() => new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false })
    {
        BaseAddress = Address,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource soon = new(TimeSpan.FromSeconds(5));
        try
        {
            await _app.StopAsync(soon.Token);
        }
        catch (OperationCanceledException)
        {
            // Requests were still running; they end with the application.
        }

        await _app.DisposeAsync();
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
        else if (eventId.Name == "UnexpectedError" || (logLevel >= LogLevel.Error && exception is not null) || !tally.IsProvoked(eventId.Name ?? ""))
        {
            tally.Violate($"log: {line}");
        }
    }

    public void Dispose()
    {
    }
}
