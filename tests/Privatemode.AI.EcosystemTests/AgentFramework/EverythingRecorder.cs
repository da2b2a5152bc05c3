using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Privatemode.AI.EcosystemTests.AgentFramework;

/// <summary>Listens to the activities and metrics of all libraries in this process.</summary>
internal sealed class EverythingRecorder : IDisposable
{
    private readonly ConcurrentQueue<Activity> _activities = [];
    private readonly ConcurrentQueue<string> _measurements = [];
    private readonly ActivityListener _listener;
    private readonly MeterListener _meter = new();

    public EverythingRecorder()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _activities.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
        _meter.InstrumentPublished = (instrument, listener) => listener.EnableMeasurementEvents(instrument);
        _meter.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Add(instrument, tags));
        _meter.SetMeasurementEventCallback<int>((instrument, _, tags, _) => Add(instrument, tags));
        _meter.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Add(instrument, tags));
        _meter.Start();
    }

    public IReadOnlyCollection<Activity> Activities => _activities;

    /// <summary>All texts of the activities that ended and of the measurements.</summary>
    public IEnumerable<string> Everything => [.. _measurements, .. _activities.SelectMany(TextOf)];

    public static IEnumerable<string> TextOf(Activity activity) =>
    [
        $"{activity.Source.Name} {activity.OperationName} {activity.DisplayName} {activity.StatusDescription} {activity.TraceStateString}",
        .. activity.TagObjects.Select(tag => $"{activity.Source.Name} {activity.OperationName} {tag.Key}={tag.Value}"),
        .. activity.Baggage.Select(item => $"{item.Key}={item.Value}"),
        .. activity.Events.SelectMany(item => item.Tags.Select(tag => $"{activity.OperationName} {item.Name} {tag.Key}={tag.Value}")),
    ];

    public void Dispose()
    {
        _meter.Dispose();
        _listener.Dispose();
    }

    private void Add(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string text = instrument.Name;
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            text += $" {tag.Key}={tag.Value}";
        }

        _measurements.Enqueue(text);
    }
}
