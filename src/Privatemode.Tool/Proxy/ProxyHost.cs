using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Demo;
using Privatemode.Tool.Logging;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Proxy;

/// <summary>A running proxy.</summary>
internal sealed class ProxyHost : IAsyncDisposable
{
    /// <summary>The time that the proxy waits for answers in progress before it stops.</summary>
    public static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(25);

    private readonly WebApplication _app;
    private readonly ServiceEnvironment _environment;
    private readonly PrivatemodeProxyManifestLog? _mirror;
    private readonly ProxySettings _settings;

    private ProxyHost(WebApplication app, ServiceEnvironment environment, PrivatemodeProxyManifestLog? mirror, ProxySettings settings)
    {
        _app = app;
        _environment = environment;
        _mirror = mirror;
        _settings = settings;
    }

    /// <summary>The addresses that the proxy listens on, with the ports that were chosen.</summary>
    public IReadOnlyList<Uri> Urls { get; private set; } = [];

    public PrivatemodeClient Client => _app.Services.GetRequiredPrivatemodeClient();

    public DemoDeployment? Demo => _environment.Demo;

    public string Workspace => _environment.Workspace;

    public string LogDirectory => _environment.LogDirectory;

    public ILogger Log => _app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Privatemode.Tool.Proxy");

    /// <summary>Starts a proxy. It listens before the deployment is verified; until then, its answers are errors.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="context">The console, the environment and the directories of the command.</param>
    /// <param name="map">Adds routes of a command, before those of the proxy; null for none.</param>
    /// <exception cref="ToolException">The proxy cannot listen, or the workspace cannot be used.</exception>
    public static async Task<ProxyHost> StartAsync(ProxySettings settings, ToolContext context, Action<WebApplication>? map = null)
    {
        ServiceEnvironment environment = await ServiceEnvironment.OpenAsync(settings.Service, context, settings.DefaultWorkspace);
        ProxyHost? host = null;
        try
        {
            host = Build(settings, context, environment, map);
            await host.StartAsync(settings);
            return host;
        }
        catch
        {
            await (host?.DisposeAsync() ?? environment.DisposeAsync());
            settings.ZeroSecrets();
            throw;
        }
    }

    /// <summary>Stops listening, waits for the answers that are in progress, and zeroes the secrets of the settings.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        if (_mirror is not null)
        {
            await _mirror.DisposeAsync();
        }

        await _environment.DisposeAsync();
        _settings.ZeroSecrets();
    }

    private static ProxyHost Build(ProxySettings settings, ToolContext context, ServiceEnvironment environment, Action<WebApplication>? map)
    {
        // Empty: no variable of the environment and no appsettings.json of the current directory changes where it listens or what it logs.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        _ = builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Listen(kestrel, settings));
        _ = builder.Services.AddRouting();
        _ = builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        _ = builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.Services.TryAddSingleton(context.Time);
        PrivatemodeProxyManifestLog? mirror = settings.MirrorsManifestLog && environment.Demo is null
            ? new PrivatemodeProxyManifestLog(Path.Combine(environment.Workspace, "manifests"), environment.LogDirectory, context.Time)
            : null;
        AddLogging(builder, settings, context, mirror);
        AddProxy(builder.Services, settings, environment);

        WebApplication app = builder.Build();
        if (settings.DumpsRequests)
        {
            RequestDump dump = new(Path.Combine(environment.Workspace, "requests"), context.Time, app.Services.GetRequiredService<ILoggerFactory>());
            _ = app.Use(dump.InvokeAsync);
        }

        map?.Invoke(app);
        _ = app.MapPrivatemode();
        return new ProxyHost(app, environment, mirror, settings);
    }

    private static void AddProxy(IServiceCollection services, ProxySettings settings, ServiceEnvironment environment)
    {
        _ = services.AddPrivatemode(options =>
        {
            options.Verification.GpuRevocation = settings.GpuRevocation;
            options.Verification.Hardware = settings.Hardware;
            options.PromptCache.Scope = settings.PromptCache;
            options.Responses.ReasoningKey = settings.ReasoningKey;
            options.WarmUp = settings.UsesCallerKeyAsApiKey ? WarmUpMode.Disabled : WarmUpMode.Background;
            environment.Configure(options);
        });
        _ = services.AddPrivatemodeProxy(options =>
        {
            AddAll(options.CallerKeys, settings.CallerKeys);
            AddAll(options.CallerKeyFiles, settings.CallerKeyFiles);
            AddAll(options.AllowedHosts, settings.AllowedHosts);
            AddAll(options.Aliases, settings.Aliases);
            options.UseCallerKeyAsApiKey = settings.UsesCallerKeyAsApiKey;
            options.LeaveOutHostedTools = settings.LeavesOutHostedTools;
            options.SessionPromptCache = settings.UsesSessionPromptCache;
            options.PromptCacheSecret = settings.PromptCacheSecret;
            options.IgnoreCallerCacheSalt = settings.IgnoresCallerCacheSalt;
            options.RateLimit = settings.RateLimit;
            options.ShutdownTimeout = ShutdownTimeout;
            options.DangerousAllowAnyRemoteCaller = settings.IsUnprotectedListenerAllowed;
            options.DangerousAllowUnencryptedRemoteCallers = settings.IsUnprotectedListenerAllowed;
        });
    }

    private static void AddAll<T>(ICollection<T> target, IEnumerable<T> values)
    {
        foreach (T value in values)
        {
            target.Add(value);
        }
    }

    private static void AddLogging(WebApplicationBuilder builder, ProxySettings settings, ToolContext context, PrivatemodeProxyManifestLog? mirror)
    {
        // ASP.NET Core logs paths and queries at Information and header names at Debug: only its warnings are wanted.
        _ = builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Warning).AddFilter("Privatemode", settings.LogLevel)
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical) // the command itself says why it could not start
            .AddProvider(new SlogProvider(context.Console.Error, context.Time, settings.LogsJson));
        if (mirror is not null)
        {
            _ = builder.Logging.AddProvider(mirror);
        }
    }

    private static void Listen(KestrelServerOptions kestrel, ProxySettings settings)
    {
        kestrel.AddServerHeader = false;
        if (settings.Listen.Count == 0)
        {
            kestrel.ListenLocalhost(settings.Port, Secure);
        }

        foreach (IPAddress address in settings.Listen)
        {
            kestrel.Listen(address, settings.Port, Secure);
        }

        void Secure(ListenOptions listen)
        {
            if (settings.Certificate is { } certificate)
            {
                _ = listen.UseHttps(certificate.ToOptions());
            }
        }
    }

    private async Task StartAsync(ProxySettings settings)
    {
        try
        {
            await _app.StartAsync();
        }
        catch (Exception exception) when (exception is IOException or SocketException or InvalidOperationException)
        {
            string reason = exception is IOException { InnerException: AddressInUseException } ? "the address is already in use" : exception.Message;
            throw ToolException.Setup($"listening on port \"{settings.Port}\": {reason}", exception);
        }

        settings.Certificate?.Start(Log);
        Urls = [.. _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => new Uri(address))];
        _mirror?.Start(Log);
    }

    /// <summary>Signals are handled by <see cref="Termination"/>.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
