using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Privatemode.AI.Speech;

/// <summary>Reads a whole transcription.</summary>
internal static class TranscriptionReader
{
    // A recording of thirty years; more is no time.
    private const double MaxSeconds = 1e9;

    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="FormatException">It is no transcription.</exception>
    public static SpeechToTextResponse Read(ReadOnlyMemory<byte> json, string modelId)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement root = document.RootElement;
        PrivatemodeTranscription transcription = new()
        {
            Text = Text(root, "text") ?? throw new FormatException("text"),
            Language = Text(root, "language"),
            Duration = Time(root, "duration") ?? DurationUsed(root),
            Segments = List(root, "segments", Segment),
            Words = List(root, "words", Word),
        };
        return new SpeechToTextResponse(transcription.Text)
        {
            ModelId = modelId,
            StartTime = transcription.Segments is [{ } segment, ..] ? segment.Start : transcription.Words is [{ } word, ..] ? word.Start : null,
            EndTime = transcription.Segments is [.., { } lastSegment] ? lastSegment.End
                : transcription.Words is [.., { } lastWord] ? lastWord.End : transcription.Duration,
            RawRepresentation = transcription,
            Usage = SpeechUsage.Read(root),
        };
    }

    /// <summary>A text member; null when it is missing or null.</summary>
    public static string? Text(JsonElement element, string name) => TryGet(element, name, out JsonElement value) ? value.GetString() : null;

    /// <summary>A member in seconds; null when it is missing or null.</summary>
    public static TimeSpan? Time(JsonElement element, string name) => Number(element, name) is { } seconds
        ? seconds is >= 0 and <= MaxSeconds ? TimeSpan.FromSeconds(seconds) : throw new FormatException(name)
        : null;

    /// <summary>A member that is there and not null.</summary>
    public static bool TryGet(JsonElement element, string name, out JsonElement value)
    {
        value = default;
        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
    }

    private static double? Number(JsonElement element, string name) => !TryGet(element, name, out JsonElement value) ? null
        : value.ValueKind == JsonValueKind.String ? double.Parse(value.GetString()!, CultureInfo.InvariantCulture)
        : value.GetDouble();

    private static TimeSpan? DurationUsed(JsonElement root) => TryGet(root, "usage", out JsonElement usage) ? Time(usage, "seconds") : null;

    private static List<T>? List<T>(JsonElement root, string name, Func<JsonElement, T> read)
    {
        if (!TryGet(root, name, out JsonElement array))
        {
            return null;
        }

        List<T> items = new(array.GetArrayLength());
        foreach (JsonElement item in array.EnumerateArray())
        {
            items.Add(read(item));
        }

        return items;
    }

    private static TranscriptionSegment Segment(JsonElement element) => new(Demand(element, "start"), Demand(element, "end"), Text(element, "text") ?? "")
    {
        Temperature = (float?)Number(element, "temperature"),
        AverageLogProbability = (float?)Number(element, "avg_logprob"),
        CompressionRatio = (float?)Number(element, "compression_ratio"),
        NoSpeechProbability = (float?)Number(element, "no_speech_prob"),
    };

    private static TranscriptionWord Word(JsonElement element) => new(Demand(element, "start"), Demand(element, "end"), Text(element, "word") ?? "");

    private static TimeSpan Demand(JsonElement element, string name) => Time(element, name) ?? throw new FormatException(name);
}
