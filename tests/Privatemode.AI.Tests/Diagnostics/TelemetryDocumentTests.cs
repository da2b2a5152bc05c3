using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Tests.Architecture;

namespace Privatemode.AI.Tests.Diagnostics;

/// <summary>The document names exactly what exists.</summary>
[Collection(ListenersAlone.Name)]
public sealed partial class TelemetryDocumentTests
{
    private static readonly string[] Document = File.ReadAllLines(Path.Combine(RepositoryFiles.Root, "docs", "telemetry.md"));

    [Fact]
    public void Metrics_OfTheDocument_AreTheInstrumentsThatExist()
    {
        List<string> existing = [];
        RuntimeHelpers.RunClassConstructor(typeof(Telemetry).TypeHandle);
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == "Privatemode.AI")
            {
                existing.Add($"{instrument.Name} {KindOf(instrument)} {instrument.Unit}");
            }
        };
        listener.Start();
        Assert.True(existing.Count >= 12);
        Assert.Equal(existing.Order(), Table("metric").Select(row => $"{Code(row[0])} {row[1]} {row[2]}").Order());
    }

    [Fact]
    public void Activities_OfTheDocument_AreTheSteps()
    {
        IEnumerable<string> existing = typeof(Telemetry).GetProperties().Select(property => property.GetValue(null)).OfType<TelemetryOperationKind>()
            .Select(kind => $"{kind.Name} {kind.Kind}".ToLowerInvariant());
        Assert.Equal(existing.Order(), Table("activity").Select(row => $"{Code(row[0])} {row[1]}").Order());
    }

    [Fact]
    public void Tags_OfTheDocument_AreTheTags()
    {
        string[] existing = [.. typeof(TelemetryTags).GetFields().Select(field => (string)field.GetRawConstantValue()!).Order(StringComparer.Ordinal)];
        Assert.Equal(existing, Table("tag").Select(row => Code(row[0])));
        string[] used = [.. Table("activity").Concat(Table("metric")).SelectMany(row => CodeSpan().Matches(row[^1]).Select(match => match.Groups[1].Value))];
        Assert.Empty(used.Except(existing).Except(Table("metric").Select(row => Code(row[0]))));
        Assert.Empty(existing.Except(used));
    }

    [Fact]
    public void Events_OfTheDocument_AreThoseOfTheLog()
    {
        LoggerMessageAttribute[] messages = [.. Events().Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()!)];
        Assert.Equal(
            Events().Zip(messages, (method, message) => $"{message.EventId} {method.Name} {message.Level}"),
            Table("id").Select(row => $"{row[0]} {Code(row[1])} {row[2]}"));
        Assert.Equal(Enumerable.Range(1, messages.Length), messages.Select(message => message.EventId));
    }

    private static MethodInfo[] Events() =>
        [.. typeof(Log).GetMethods(BindingFlags.Public | BindingFlags.Static).Where(method => method.IsDefined(typeof(LoggerMessageAttribute)))];

    private static string KindOf(Instrument instrument) => instrument.GetType().Name.Split('`')[0] switch
    {
        "ObservableUpDownCounter" => "updowncounter, observable",
        "ObservableGauge" => "gauge, observable",
        string other => other.ToLowerInvariant(),
    };

    /// <summary>The rows of the table whose first column has this name.</summary>
    private static List<string[]> Table(string firstColumn)
    {
        string[][] rows = [.. Document.SkipWhile(line => !line.StartsWith($"| {firstColumn} |", StringComparison.Ordinal))
            .Skip(2).TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Trim('|', ' ').Split(" | "))];
        Assert.NotEmpty(rows);
        return [.. rows];
    }

    private static string Code(string cell) => cell.Trim('`');

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex CodeSpan();
}
