namespace Privatemode.AI.AspNetCore;

/// <summary>Provides the name of the meter of the proxy.</summary>
public static class PrivatemodeProxyMetrics
{
    /// <summary>The name of the <see cref="System.Diagnostics.Metrics.Meter"/>, which is also the category of the proxy's log.</summary>
    /// <value>The repository's <c>docs/telemetry.md</c> lists the names of the metrics and log events.</value>
    public const string MeterName = "Privatemode.AI.AspNetCore";
}
