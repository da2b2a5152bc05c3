using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Privatemode.AI.Diagnostics;

/// <summary>The source of activities, the meter, and every instrument there is. <c>docs/telemetry.md</c> describes them; a test compares.</summary>
internal static class Telemetry
{
    public const string Name = "Privatemode.AI";

    private static readonly string? Version = typeof(Telemetry).Assembly.GetName().Version?.ToString(3);

    // Seconds. The steps reach from the sealing of a line to a stream of many minutes.
    private static readonly InstrumentAdvice<double> Durations = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600],
    };

    private static readonly InstrumentAdvice<long> Counts = new()
    {
        HistogramBucketBoundaries = [1, 10, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 50_000],
    };

    private static readonly Meter Meter = new(Name, Version);

    public static ActivitySource Source { get; } = new(Name, Version);

    /// <summary>The gauges of the clients that live now.</summary>
    public static ClientGauges Clients { get; } = new();

    public static StepKind Attest { get; } = new(
        "privatemode.attest", ActivityKind.Client, Duration("privatemode.attest.duration", "Time to verify a deployment."),
        Meter.CreateCounter<long>("privatemode.attestations", "{attestation}", "Verifications of a deployment that ended."));

    public static StepKind Exchange { get; } = new(
        "privatemode.exchange", ActivityKind.Client, Duration("privatemode.exchange.duration", "Time to agree on a secret."));

    public static StepKind Seal { get; } = new(
        "privatemode.seal", ActivityKind.Internal, Duration("privatemode.seal.duration", "Time to seal a request."));

    public static StepKind Open { get; } = new(
        "privatemode.open", ActivityKind.Internal, Duration("privatemode.open.duration", "Time from the head of an answer to its end, opened."));

    public static Histogram<long> OpenEvents { get; } = Meter.CreateHistogram(
        "privatemode.open.events", "{event}", "Events opened in a streamed answer.", null, Counts);

    public static Counter<long> Refusals { get; } = Meter.CreateCounter<long>(
        "privatemode.refusals", "{refusal}", "Calls, deployments and answers refused.");

    public static Counter<long> Repeats { get; } = Meter.CreateCounter<long>(
        "privatemode.repeats", "{repeat}", "Attempts repeated at once with a fresh exchange.");

    public static Counter<long> Retries { get; } = Meter.CreateCounter<long>(
        "privatemode.retries", "{retry}", "Calls made again after a pause.");

    public static ObservableUpDownCounter<int> Secrets { get; } = Meter.CreateObservableUpDownCounter(
        "privatemode.secrets", Clients.Secrets, "{secret}", "Secrets held that new calls may use.");

    public static ObservableGauge<double> EvidenceAge { get; } = Meter.CreateObservableGauge(
        "privatemode.evidence.age", Clients.Ages, "s", "Time since the deployment was verified.");

    public static ObservableGauge<double> EvidenceRemaining { get; } = Meter.CreateObservableGauge(
        "privatemode.evidence.remaining", Clients.Remaining, "s", "Time until the verdict about the deployment ends.");

    /// <summary>Counts an attempt that is repeated at once.</summary>
    public static void CountRepeat(string reason) => Repeats.Add(1, new KeyValuePair<string, object?>(Tags.Reason, reason));

    /// <summary>Counts a call that is made again after a pause.</summary>
    /// <param name="status">Status of the answer; 0 when there was no connection.</param>
    public static void CountRetry(int status)
    {
        if (Retries.Enabled)
        {
            Retries.Add(1, new KeyValuePair<string, object?>(Tags.ErrorType, ErrorNames.OfStatus(status)));
        }
    }

    private static Histogram<double> Duration(string name, string description) => Meter.CreateHistogram(name, "s", description, null, Durations);
}
