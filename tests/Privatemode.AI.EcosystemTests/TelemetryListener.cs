using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Privatemode.AI.EcosystemTests;

/// <summary>Tests that listen to the whole process run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ListeningAlone
{
    public const string Name = "listening to everything";
}

/// <summary>Listens to all activities and all metrics of the process, and keeps their texts.</summary>
internal sealed class TelemetryListener : IDisposable
{
    private readonly ConcurrentQueue<Activity> _activities = [];
    private readonly ConcurrentQueue<string> _measurements = [];
    private readonly ActivityListener _listener;
    private readonly MeterListener _meter = new();

    public TelemetryListener()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStarted = _activities.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
        _meter.InstrumentPublished = (instrument, listener) => listener.EnableMeasurementEvents(instrument);
        _meter.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Keep(instrument, tags));
        _meter.SetMeasurementEventCallback<int>((instrument, _, tags, _) => Keep(instrument, tags));
        _meter.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Keep(instrument, tags));
        _meter.Start();
    }

    /// <summary>The activities that were started.</summary>
    public IReadOnlyCollection<Activity> Activities => _activities;

    /// <summary>The instruments and tags of what was measured.</summary>
    public IReadOnlyCollection<string> Measurements => _measurements;

    /// <summary>Every text but the baggage and the descriptions of functions, which are the application's own.</summary>
    public IEnumerable<string> Texts => _measurements.Concat(_activities.ToArray().Select(TextOf));

    public void Dispose()
    {
        _meter.Dispose();
        _listener.Dispose();
    }

    /// <summary>The texts of an activity.</summary>
    public static string TextOf(Activity activity) => string.Join(' ', (IEnumerable<object?>)
    [
        activity.Source.Name, activity.OperationName, activity.DisplayName, activity.StatusDescription,
        .. activity.TagObjects.Where(tag => tag.Key != "gen_ai.tool.description"),
        .. activity.Events.Select(item => $"{item.Name} {string.Join(' ', item.Tags)}"),
    ]);

    private void Keep(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _measurements.Enqueue($"{instrument.Meter.Name} {instrument.Name} {string.Join(' ', tags.ToArray())}");
}
