using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>Listens to all activities and metrics of the library in this process, and keeps them as text.</summary>
internal sealed class TelemetryRecorder : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<Activity> _begun = [];
    private readonly List<Activity> _activities = [];
    private readonly List<string> _measurements = [];
    private readonly List<string> _observed = [];
    private readonly ActivityListener _listener;
    private readonly MeterListener _meter = new();

    public TelemetryRecorder(ActivitySamplingResult sampling = ActivitySamplingResult.AllDataAndRecorded)
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Privatemode.AI",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => sampling,
            ActivityStarted = activity => Keep(_begun, activity),
            ActivityStopped = activity => Keep(_activities, activity),
        };
        ActivitySource.AddActivityListener(_listener);
        _meter.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Privatemode.AI")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meter.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        _meter.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Take(instrument, value, tags));
        _meter.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        _meter.Start();
    }

    /// <summary>Activities that ended, in that order.</summary>
    public IReadOnlyList<Activity> Activities => Copy(_activities);

    /// <summary>How many began.</summary>
    public int Begun => Copy(_begun).Count;

    /// <summary>What was measured, observable instruments aside: name, value, tags by name.</summary>
    public IReadOnlyList<string> Measurements => Copy(_measurements);

    /// <summary>Every word there is.</summary>
    public IEnumerable<string> Everything =>
    [
        .. Measurements,
        .. Copy(_observed),
        .. Copy(_begun).Select(activity => string.Join(' ', WordsOf(activity))),
    ];

    /// <summary>Tags of the only activity of this name, by name.</summary>
    public IEnumerable<string> TagsOf(string activity) => TagsOf(Assert.Single(Activities, item => item.OperationName == activity));

    public static IEnumerable<string> TagsOf(Activity activity) => activity.TagObjects.Select(tag => $"{tag.Key}={tag.Value}").Order(StringComparer.Ordinal);

    /// <summary>What the observable instruments say now.</summary>
    public IReadOnlyList<string> Observe()
    {
        lock (_gate)
        {
            _observed.Clear();
        }

        _meter.RecordObservableInstruments();
        return Copy(_observed);
    }

    public void Dispose()
    {
        _meter.Dispose();
        _listener.Dispose();
    }

    private static IEnumerable<object?> WordsOf(Activity activity) =>
    [
        activity.OperationName, activity.DisplayName, activity.StatusDescription, activity.TraceStateString, .. activity.TagObjects, .. activity.Baggage,
        .. activity.Events.Select(item => $"{item.Name} {string.Join(' ', item.Tags)}"),
    ];

    private void Take<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        where T : IFormattable
    {
        IEnumerable<string> sorted = tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}").Order(StringComparer.Ordinal);
        string line = $"{instrument.Name} {value.ToString(null, CultureInfo.InvariantCulture)} {string.Join(' ', sorted)}";
        Keep(instrument.IsObservable ? _observed : _measurements, line);
    }

    private void Keep<T>(List<T> list, T item)
    {
        lock (_gate)
        {
            list.Add(item);
        }
    }

    private List<T> Copy<T>(List<T> list)
    {
        lock (_gate)
        {
            return [.. list];
        }
    }
}
