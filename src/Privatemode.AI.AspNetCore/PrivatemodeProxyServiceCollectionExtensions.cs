using Microsoft.Extensions.DependencyInjection.Extensions;
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

/// <summary>Provides methods that register the proxy.</summary>
public static class PrivatemodeProxyServiceCollectionExtensions
{
    /// <summary>Registers the proxy that <c>MapPrivatemode</c> adds to an application.</summary>
    /// <param name="services">The services.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddPrivatemodeProxy(this IServiceCollection services) => services.AddPrivatemodeProxy(static _ => { });

    /// <summary>Registers the proxy that <c>MapPrivatemode</c> adds to an application.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">A function that sets the options.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddPrivatemodeProxy(this IServiceCollection services, Action<PrivatemodeProxyOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        _ = services.AddPrivatemode();
        _ = services.AddOptions<PrivatemodeProxyOptions>().Configure(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ProxyGate>();
        services.TryAddSingleton<RateGate>();
        services.TryAddSingleton<BufferBudget>();
        services.TryAddSingleton<ProxyTelemetry>();
        services.TryAddSingleton<ModelDirectory>();
        services.TryAddSingleton<ModelLists>();
        services.TryAddSingleton<HealthEndpoints>();
        services.TryAddSingleton<VerificationEndpoint>();
        services.TryAddSingleton<KeepAliveClock>();
        services.TryAddSingleton<ProxyEndpoint>();
        return services;
    }
}
