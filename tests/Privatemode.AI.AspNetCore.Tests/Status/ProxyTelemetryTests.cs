using System.Diagnostics.Metrics;
using System.Reflection;
using Microsoft.Extensions.Logging;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Limits;
using Privatemode.AI.AspNetCore.Status;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Status;

/// <summary>Metrics and log events of the proxy, and the document that lists them.</summary>
public sealed class ProxyTelemetryTests
{
    private static readonly string[] Document =
        [.. File.ReadAllLines(Path.Combine(OptionsTests.Root(), "docs", "telemetry.md")).SkipWhile(line => line != "## The proxy")];

    [Fact]
    public void Document_Metrics_AreTheInstruments()
    {
        List<string> existing = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == PrivatemodeProxyMetrics.MeterName)
            {
                existing.Add($"`{instrument.Name}` {instrument.GetType().Name.Split('`')[0].ToLowerInvariant()} {instrument.Unit}");
            }
        };
        listener.Start();
        using ProxyTelemetry telemetry = ProxyParts.Telemetry();

        Assert.Equal(existing.Distinct().Order(), Rows("metric").Select(row => $"{row[0]} {row[1]} {row[2]}").Order());
    }

    [Fact]
    public void Document_Events_AreThoseOfTheLog()
    {
        LoggerMessageAttribute[] events = [.. typeof(ProxyTelemetry).GetMethods(BindingFlags.NonPublic | BindingFlags.Instance)
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()).OfType<LoggerMessageAttribute>().OrderBy(message => message.EventId)];

        Assert.Equal(
            events.Select(message => $"{message.EventId} `{message.EventName}` {message.Level}")
                .Prepend($"{RequestEndedEvent.Id.Id} `{RequestEndedEvent.Id.Name}` {LogLevel.Information}"),
            Rows("id").Select(row => $"{row[0]} {row[1]} {row[2]}"));
    }

    [Fact]
    public void Tokens_OfManyModels_HaveABoundedTag()
    {
        HashSet<string?> models = [];
        using ProxyTelemetry telemetry = ProxyParts.Telemetry();
        using MeterListener listener = new()
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "privatemode.proxy.tokens")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => models.Add(
            tags.ToArray().Single(tag => tag.Key == "model").Value is string name && name.StartsWith("bounded-", StringComparison.Ordinal) ? name : null));
        listener.Start();
        for (int i = 0; i < 500; i++)
        {
            telemetry.Ended(Request($"bounded-{i}"));
        }

        Assert.Equal(64, models.Count(model => model is not null));
    }

    [Fact]
    public void RemoteCaller_ManyOfThem_AreLoggedOnceAMinute()
    {
        ManualTimeProvider time = new();
        LogRecorder log = new();
        using ProxyTelemetry telemetry = ProxyParts.Telemetry(time, log);
        for (int i = 0; i < 50; i++)
        {
            telemetry.RemoteCallerRefused("TLS");
        }

        Assert.Single(log.Lines);
        time.Advance(TimeSpan.FromSeconds(61));
        telemetry.RemoteCallerRefused("TLS");
        Assert.Equal(2, log.Lines.Count);
    }

    private static ProxyRequestRecord Request(string model) => new()
    {
        Route = "/v1/chat/completions",
        Dialect = ProxyDialect.OpenAI,
        ProxyId = "proxy_1",
        Began = 0,
        Model = model,
        IsModelKnown = true,
        Usage = new TokenUsage(1, 1, 1),
    };

    private static IEnumerable<string[]> Rows(string firstColumn) => Document
        .SkipWhile(line => !line.StartsWith($"| {firstColumn} |", StringComparison.Ordinal)).Skip(2)
        .TakeWhile(line => line.StartsWith('|')).Select(line => line.Trim('|', ' ').Split(" | "));
}
