using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using Privatemode.AI;
using Privatemode.AI.AspNetCore;
using Privatemode.AI.AspNetCore.Calls;
using Privatemode.AI.AspNetCore.Gate;
using Privatemode.AI.AspNetCore.Limits;
using Privatemode.AI.AspNetCore.Models;
using Privatemode.AI.AspNetCore.Status;

// Where hosts look for methods of this kind.
#pragma warning disable IDE0130
namespace Microsoft.Extensions.DependencyInjection;
#pragma warning restore IDE0130

/// <summary>Provides extension methods that register the proxy for Privatemode in an <see cref="IServiceCollection"/>.</summary>
public static class PrivatemodeProxyServiceCollectionExtensions
{
    private const string LibraryMeter = "Privatemode.AI";

    /// <summary>Registers the proxy, with settings from the section <c>PrivatemodeProxy</c> of the application's configuration.</summary>
    /// <param name="services">The service collection.</param>
    /// <returns>The service collection.</returns>
    /// <remarks>
    /// <para>Call <c>MapPrivatemode</c> on the built application to add the proxy's endpoints.</para>
    /// <para>This method also registers the account without a service key, as <c>AddPrivatemode</c> does. To change the settings of the account, call
    /// <c>AddPrivatemode</c> too. The metrics of the proxy and of the library are registered with OpenTelemetry and its exporter for Prometheus.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is <see langword="null"/>.</exception>
    /// <exception cref="PrivatemodeConfigurationException">Another <c>OpenAIClient</c> is registered without a service key.</exception>
    public static IServiceCollection AddPrivatemodeProxy(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (!services.Any(service => service.ServiceType == typeof(PrivatemodeProxyMarker)))
        {
            _ = services.AddSingleton<PrivatemodeProxyMarker>();
            AddOptions(services);
            AddServices(services);
        }

        return services;
    }

    /// <summary>Registers the proxy, with settings from the application's configuration and from code.</summary>
    /// <inheritdoc cref="AddPrivatemodeProxy(IServiceCollection)"/>
    /// <param name="configure">A callback that changes the settings after the configuration was read.</param>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> or <paramref name="configure"/> is <see langword="null"/>.</exception>
    public static IServiceCollection AddPrivatemodeProxy(this IServiceCollection services, Action<PrivatemodeProxyOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return services.AddPrivatemodeProxy().Configure(configure);
    }

    private static void AddOptions(IServiceCollection services)
    {
        _ = services.AddPrivatemode();
        _ = services.AddOptions<PrivatemodeProxyOptions>();

        // In front: what code sets comes later and wins, wherever the application registered it.
        services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<PrivatemodeProxyOptions>>(
            provider => new ProxySettings(provider.GetService<IConfiguration>())));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PrivatemodeProxyOptions>, ProxyOptionsValidator>());
        _ = services.AddSingleton<IPostConfigureOptions<PrivatemodeOptions>, ProxyAccountSettings>();
        _ = services.AddOptions<HostOptions>().Configure<IOptions<PrivatemodeProxyOptions>>(
            static (host, proxy) => host.ShutdownTimeout = proxy.Value.ShutdownTimeout);
    }

    private static void AddServices(IServiceCollection services)
    {
        _ = services.AddHttpContextAccessor();
        services.TryAddSingleton(TimeProvider.System);
        _ = services.AddSingleton<ProxyGate>();
        _ = services.AddSingleton(provider => new CallerKeys(
            provider.GetRequiredService<IOptions<PrivatemodeProxyOptions>>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ProxyTelemetry>()));
        _ = services.AddSingleton<RateGate>();
        _ = services.AddSingleton<BufferBudget>();
        _ = services.AddSingleton<ProxyTelemetry>();
        _ = services.AddSingleton<HealthEndpoints>();
        _ = services.AddSingleton<VerificationEndpoint>();
        _ = services.AddSingleton<AliasTable>();
        _ = services.AddSingleton<ModelDirectory>();
        _ = services.AddSingleton<ModelLists>();
        _ = services.AddSingleton<KeepAliveClock>();
        _ = services.AddSingleton<ShutdownClock>();
        _ = services.AddSingleton<ProxyEndpoint>();

        // Before the services that start with the host: nothing is served with a setting that is refused.
        services.Insert(0, ServiceDescriptor.Singleton<IHostedService, ProxyStartup>());
        _ = services.AddOpenTelemetry().WithMetrics(
            metrics => metrics.AddMeter(LibraryMeter, PrivatemodeProxyMetrics.MeterName).AddPrometheusExporter());
    }
}
