using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Privatemode.AI.AspNetCore.Status;

namespace Privatemode.AI.AspNetCore.Tests;

/// <summary>Parts of the proxy without a host.</summary>
internal static class ProxyParts
{
    public static IOptions<PrivatemodeProxyOptions> Options(Action<PrivatemodeProxyOptions>? configure = null)
    {
        PrivatemodeProxyOptions options = new();
        configure?.Invoke(options);
        return Microsoft.Extensions.Options.Options.Create(options);
    }

    public static ProxyTelemetry Telemetry(TimeProvider? time = null, ILoggerProvider? log = null)
    {
        ServiceProvider services = new ServiceCollection().AddMetrics().AddLogging(logging =>
        {
            if (log is not null)
            {
                _ = logging.AddProvider(log);
            }
        }).BuildServiceProvider();
        return new ProxyTelemetry(
            services.GetRequiredService<IMeterFactory>(), services.GetRequiredService<ILoggerFactory>(), time ?? TimeProvider.System);
    }
}
