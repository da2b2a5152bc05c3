using System.Diagnostics;

namespace Privatemode.AI.Diagnostics;

/// <summary>One step of the work, as an activity and in the metrics. There is none while nobody listens.</summary>
/// <remarks>
/// Its activity is never the current one: a stream ends on other threads and in other contexts than it began in, and what the caller does
/// in between is not part of it. End it exactly once.
/// </remarks>
internal sealed class Step
{
    private readonly StepKind _kind;
    private readonly TimeProvider _time;
    private readonly long _begun;
    private readonly Activity? _activity;
    private TagList _measured;

    private Step(StepKind kind, TimeProvider time)
    {
        _kind = kind;
        _time = time;
        _begun = time.GetTimestamp();
        Activity? ambient = Activity.Current;
        _activity = Telemetry.Source.StartActivity(kind.Name, kind.Kind);
        Restore(ambient);
    }

    /// <summary>Begins a step; null while nobody listens.</summary>
    public static Step? Begin(StepKind kind, TimeProvider time) => kind.IsObserved ? new Step(kind, time) : null;

    /// <summary>A tag of the activity only.</summary>
    public void Tag(string name, object? value)
    {
        if (_activity is { IsAllDataRequested: true } activity)
        {
            _ = activity.SetTag(name, value);
        }
    }

    /// <summary>A tag of the metrics too; its values are of a small set.</summary>
    public void Measure(string name, object value)
    {
        _measured.Add(name, value);
        Tag(name, value);
    }

    /// <summary>Which deployment it is about; null when that is not known.</summary>
    public void About(VerifiedDeployment? deployment)
    {
        if (deployment is not null)
        {
            Measure(Tags.Tee, deployment.Tee.ToString());
            Tag(Tags.Manifest, deployment.ManifestSha256);
        }
    }

    public void Succeed() => End("ok", null);

    /// <summary>The answer was opened, and is an error.</summary>
    /// <param name="status">Its status, 400 or more.</param>
    public void EndWithErrorAnswer(int status)
    {
        Measure(Tags.Status, status);
        End("error-answer", ErrorNames.OfStatus(status));
    }

    public void Fail(Exception exception) => End(exception is OperationCanceledException ? "cancelled" : "failed", ErrorNames.Of(exception));

    /// <summary>Ends a stream.</summary>
    /// <param name="events">Events opened.</param>
    /// <param name="outcome"><c>ok</c>, <c>failed</c>, <c>cancelled</c> or <c>abandoned</c>.</param>
    /// <param name="error">What went wrong; null when nothing did.</param>
    public void EndStream(long events, string outcome, string? error)
    {
        Tag(Tags.Events, events);
        End(outcome, error);
        Telemetry.OpenEvents.Record(events, _measured);
    }

    private void End(string outcome, string? error)
    {
        Measure(Tags.Outcome, outcome);
        if (error is not null)
        {
            Measure(Tags.ErrorType, error);
        }

        _kind.Duration.Record(_time.GetElapsedTime(_begun).TotalSeconds, _measured);
        _kind.Count?.Add(1, _measured);
        if (_activity is null)
        {
            return;
        }

        if (error is not null)
        {
            // Without a description: error.type says it all.
            _ = _activity.SetStatus(ActivityStatusCode.Error);
        }

        // Stopping makes current what was so at the beginning.
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
