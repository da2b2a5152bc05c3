using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace Privatemode.AI.Diagnostics;

/// <summary>The activity source, the meter, and all instruments. <c>docs/telemetry.md</c> describes them; a test compares.</summary>
internal static class Telemetry
{
    public const string Name = "Privatemode.AI";

    private static readonly string? Version = typeof(Telemetry).Assembly.GetName().Version?.ToString(3);

    // Seconds. The operations last from the encryption of a line to a stream of many minutes.
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

    public static ClientGauges Clients { get; } = new();

    public static TelemetryOperationKind Attest { get; } = new(
        "privatemode.attest", ActivityKind.Client, Duration("privatemode.attest.duration", "Time to verify a deployment."),
        Meter.CreateCounter<long>("privatemode.attestations", "{attestation}", "Completed verifications of a deployment, failed ones included."));

    public static TelemetryOperationKind Exchange { get; } = new(
        "privatemode.exchange", ActivityKind.Client, Duration("privatemode.exchange.duration", "Time to establish a secret."));

    public static TelemetryOperationKind Encrypt { get; } = new(
        "privatemode.seal", ActivityKind.Internal, Duration("privatemode.seal.duration", "Time to encrypt a request."));

    public static TelemetryOperationKind Decrypt { get; } = new(
        "privatemode.open", ActivityKind.Internal, Duration("privatemode.open.duration", "Time from the headers of an answer until all of it is decrypted."));

    public static Histogram<long> DecryptedEvents { get; } = Meter.CreateHistogram(
        "privatemode.open.events", "{event}", "Events decrypted in a streamed answer.", null, Counts);

    public static Counter<long> Refusals { get; } = Meter.CreateCounter<long>(
        "privatemode.refusals", "{refusal}", "Refused calls, deployments and answers.");

    public static Counter<long> Repeats { get; } = Meter.CreateCounter<long>(
        "privatemode.repeats", "{repeat}", "Immediate repetitions of attempts, encrypted again.");

    public static Counter<long> Retries { get; } = Meter.CreateCounter<long>(
        "privatemode.retries", "{retry}", "Retries of calls after a pause.");

    public static ObservableUpDownCounter<int> Secrets { get; } = Meter.CreateObservableUpDownCounter(
        "privatemode.secrets", Clients.Secrets, "{secret}", "Secrets that new calls can use.");

    public static ObservableGauge<double> EvidenceAge { get; } = Meter.CreateObservableGauge(
        "privatemode.evidence.age", Clients.Ages, "s", "Time since the deployment was verified.");

    public static ObservableGauge<double> EvidenceRemaining { get; } = Meter.CreateObservableGauge(
        "privatemode.evidence.remaining", Clients.Remaining, "s", "Time until the verification of the deployment expires.");

    public static void CountRepeat(string reason) => Repeats.Add(1, new KeyValuePair<string, object?>(TelemetryTags.Reason, reason));

    /// <param name="status">Status of the answer; 0 when there was no connection.</param>
    public static void CountRetry(int status)
    {
        if (Retries.Enabled)
        {
            Retries.Add(1, new KeyValuePair<string, object?>(TelemetryTags.ErrorType, ErrorNames.OfStatus(status)));
        }
    }

    private static Histogram<double> Duration(string name, string description) => Meter.CreateHistogram(name, "s", description, null, Durations);
}

/// <summary>A kind of operation: the name and kind of its activities, a histogram of its duration in seconds, and a counter if the count of the histogram is
/// not sufficient.</summary>
internal sealed record TelemetryOperationKind(string Name, ActivityKind Kind, Histogram<double> Duration, Counter<long>? Count = null)
{
    public bool IsObserved => Telemetry.Source.HasListeners() || Duration.Enabled || Count?.Enabled == true;
}

/// <summary>Records one operation as an activity and in the metrics. It is created only if there is a listener.</summary>
/// <remarks>
/// The activity is never <see cref="Activity.Current"/>: a stream can end on another thread and in another context than it began, and what the caller does in
/// between is not part of it. End an operation exactly once.
/// </remarks>
internal sealed class TelemetryOperation
{
    private readonly TelemetryOperationKind _kind;
    private readonly TimeProvider _time;
    private readonly long _begun;
    private readonly Activity? _activity;
    private TagList _measured;

    private TelemetryOperation(TelemetryOperationKind kind, TimeProvider time)
    {
        _kind = kind;
        _time = time;
        _begun = time.GetTimestamp();
        Activity? ambient = Activity.Current;
        _activity = Telemetry.Source.StartActivity(kind.Name, kind.Kind);
        Restore(ambient);
    }

    /// <summary>Begins an operation, or returns null if there is no listener.</summary>
    public static TelemetryOperation? Begin(TelemetryOperationKind kind, TimeProvider time) => kind.IsObserved ? new TelemetryOperation(kind, time) : null;

    /// <summary>Adds a tag to the activity, but not to the metrics.</summary>
    public void Tag(string name, object? value)
    {
        if (_activity is { IsAllDataRequested: true } activity)
        {
            _ = activity.SetTag(name, value);
        }
    }

    /// <summary>Adds a tag to the activity and to the metrics. Its values must be a small set.</summary>
    public void Measure(string name, object value)
    {
        _measured.Add(name, value);
        Tag(name, value);
    }

    public void About(VerifiedDeployment? deployment)
    {
        if (deployment is not null)
        {
            Measure(TelemetryTags.Tee, deployment.Tee.ToString());
            Tag(TelemetryTags.Manifest, deployment.ManifestSha256);
        }
    }

    public void Succeed() => End("ok", null);

    /// <param name="status">The HTTP status, 400 or more.</param>
    public void EndWithErrorAnswer(int status)
    {
        Measure(TelemetryTags.Status, status);
        End("error-answer", ErrorNames.OfStatus(status));
    }

    public void Fail(Exception exception) => End(exception is OperationCanceledException ? "cancelled" : "failed", ErrorNames.Of(exception));

    /// <param name="events">The number of decrypted events.</param>
    /// <param name="outcome"><c>ok</c>, <c>failed</c>, <c>cancelled</c> or <c>abandoned</c>.</param>
    /// <param name="error">A value for <see cref="TelemetryTags.ErrorType"/>, or null.</param>
    public void EndStream(long events, string outcome, string? error)
    {
        Tag(TelemetryTags.Events, events);
        End(outcome, error);
        Telemetry.DecryptedEvents.Record(events, _measured);
    }

    private void End(string outcome, string? error)
    {
        Measure(TelemetryTags.Outcome, outcome);
        if (error is not null)
        {
            Measure(TelemetryTags.ErrorType, error);
        }

        _kind.Duration.Record(_time.GetElapsedTime(_begun).TotalSeconds, _measured);
        _kind.Count?.Add(1, _measured);
        if (_activity is null)
        {
            return;
        }

        if (error is not null)
        {
            // Without a description: error.type is sufficient.
            _ = _activity.SetStatus(ActivityStatusCode.Error);
        }

        // Stopping an activity restores the one that was current at its start.
        Activity? ambient = Activity.Current;
        _activity.Stop();
        Restore(ambient);
    }

    private static void Restore(Activity? ambient)
    {
        if (!ReferenceEquals(Activity.Current, ambient))
        {
            Activity.Current = ambient;
        }
    }
}

/// <summary>Names of tags. Every value is from a small set, or sent in the clear by the protocol. Content and keys are never values.</summary>
internal static class TelemetryTags
{
    public const string Endpoint = "privatemode.endpoint"; // Path of the endpoint, from the table of endpoints and not from the caller's address.
    public const string Outcome = "privatemode.outcome"; // The outcome of an operation, see TelemetryOperation.
    public const string ErrorType = "error.type"; // Why, see ErrorNames.
    public const string Status = "http.response.status_code"; // Status of an answer of 400 or more.
    public const string Model = "gen_ai.request.model"; // The requested model. On activities only: callers may write anything that looks like an ID.
    public const string Attempt = "privatemode.attempt"; // Number of the attempt within its call, from 0.
    public const string Tee = "privatemode.tee"; // Technology of the verified deployment.
    public const string Manifest = "privatemode.manifest.sha256"; // SHA-256 of its manifest.
    public const string Trigger = "privatemode.trigger"; // Why a deployment is verified: call, renewal or request.
    public const string Events = "privatemode.events"; // Events in a stream.
    public const string Refused = "privatemode.refused"; // What was refused: call, deployment or answer.
    public const string Reason = "privatemode.reason"; // Why an attempt is repeated immediately: unknown-secret or reset.
    public const string Client = "privatemode.client"; // Number of the client within the process, from 1.
    public const string Server = "server.address"; // Host of the client's endpoint.
}

/// <summary>Values of the tag <c>error.type</c>; never a message, which may come from elsewhere.</summary>
internal static class ErrorNames
{
    public static string Of(Exception exception) => exception switch
    {
        PrivatemodeException own => own.ErrorType,
        OperationCanceledException => "cancelled",
        _ => exception.GetType().FullName ?? exception.GetType().Name,
    };

    /// <summary>The status in digits; <c>unreachable</c> for 0.</summary>
    public static string OfStatus(int status) => status == 0 ? "unreachable" : status.ToString(CultureInfo.InvariantCulture);
}
