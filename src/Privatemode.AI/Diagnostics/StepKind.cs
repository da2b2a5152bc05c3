using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Privatemode.AI.Diagnostics;

/// <summary>A step that is observed.</summary>
/// <param name="Name">Of its activities.</param>
/// <param name="Kind">Of its activities.</param>
/// <param name="Duration">How long it takes, in seconds.</param>
/// <param name="Count">How often it ended; null where the duration's count is enough.</param>
internal sealed record StepKind(string Name, ActivityKind Kind, Histogram<double> Duration, Counter<long>? Count = null)
{
    /// <summary>Whether anybody listens.</summary>
    public bool IsObserved => Telemetry.Source.HasListeners() || Duration.Enabled || Count?.Enabled == true;
}
