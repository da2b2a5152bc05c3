using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ExtensionsAI;

/// <summary>Keeps what an application with OpenTelemetry and logging at a given level would export: spans and metrics of all sources, and log lines.</summary>
internal sealed class TelemetryRecording : IDisposable
{
    private readonly ConcurrentQueue<Activity> _spans = [];
    private readonly ConcurrentQueue<string> _metrics = [];
    private readonly LogLines _logs = new();
    private readonly TracerProvider _tracing;
    private readonly MeterProvider _metering;

    public TelemetryRecording(LogLevel level = LogLevel.Trace)
    {
        Loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(level).AddProvider(_logs));
        _tracing = Sdk.CreateTracerProviderBuilder().AddSource("*").AddHttpClientInstrumentation()
            .AddProcessor(new SimpleActivityExportProcessor(new SpanExporter(_spans))).Build();
        _metering = Sdk.CreateMeterProviderBuilder().AddMeter("*").AddReader(new BaseExportingMetricReader(new MetricExporter(_metrics))).Build();
    }

    public ILoggerFactory Loggers { get; }

    public IReadOnlyList<Activity> Spans => [.. _spans];

    public IReadOnlyList<string> Logs => [.. _logs.All.Select(line => $"{line.Category} {line.Level} {line.Text}")];

    /// <summary>The metrics so far: name and tags.</summary>
    public IReadOnlyList<string> CollectMetrics()
    {
        _ = _metering.ForceFlush();
        return [.. _metrics];
    }

    /// <summary>All words of a span, except those of the given tags.</summary>
    public static string TextOf(Activity span, params string[] ignoredTags) => string.Join(' ', [
        span.OperationName, span.DisplayName, span.StatusDescription, span.TraceStateString, .. span.Baggage,
        .. span.TagObjects.Where(tag => !ignoredTags.Contains(tag.Key)), .. span.Events.Select(item => $"{item.Name} {string.Join(' ', item.Tags)}")]);

    public void Dispose()
    {
        _tracing.Dispose();
        _metering.Dispose();
        Loggers.Dispose();
        _logs.Dispose();
    }

    private sealed class SpanExporter(ConcurrentQueue<Activity> spans) : BaseExporter<Activity>
    {
        public override ExportResult Export(in Batch<Activity> batch)
        {
            foreach (Activity span in batch)
            {
                spans.Enqueue(span);
            }

            return ExportResult.Success;
        }
    }

    private sealed class MetricExporter(ConcurrentQueue<string> lines) : BaseExporter<Metric>
    {
        public override ExportResult Export(in Batch<Metric> batch)
        {
            foreach (Metric metric in batch)
            {
                foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
                {
                    List<string> tags = [];
                    foreach (KeyValuePair<string, object?> tag in point.Tags)
                    {
                        tags.Add($"{tag.Key}={tag.Value}");
                    }

                    lines.Enqueue($"{metric.Name} {metric.Description} {string.Join(' ', tags)}");
                }
            }

            return ExportResult.Success;
        }
    }
}
