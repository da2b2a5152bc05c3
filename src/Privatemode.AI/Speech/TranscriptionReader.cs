using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Speech;

/// <summary>Reads a complete transcription.</summary>
internal static class TranscriptionReader
{
    // A recording of thirty years; larger values are not times.
    private const double MaxSeconds = 1e9;

    // Model servers compute times, and for the beginning of a recording the result may be slightly below zero.
    private const double MaxSecondsBelowZero = 1;

    /// <exception cref="JsonException">The text is not JSON.</exception>
    /// <exception cref="FormatException">The text is not a transcription.</exception>
    public static SpeechToTextResponse Read(ReadOnlyMemory<byte> json, string modelId)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement root = document.RootElement;
        Transcription transcription = new()
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
            StartTime = transcription.Segments is [{ } segment, ..] ? segment.StartTime : transcription.Words is [{ } word, ..] ? word.StartTime : null,
            EndTime = transcription.Segments is [.., { } lastSegment] ? lastSegment.EndTime
                : transcription.Words is [.., { } lastWord] ? lastWord.EndTime : transcription.Duration,
            RawRepresentation = transcription,
            Usage = SpeechUsage.Read(root),
        };
    }

    /// <summary>Returns a string member, or null if it is missing or null.</summary>
    public static string? Text(JsonElement element, string name) => TryGet(element, name, out JsonElement value) ? value.GetString() : null;

    /// <summary>Reads a time in seconds. A value from -1 up to 0 is returned as zero. Returns null if the member is missing, or if the value is not a possible
    /// time of a recording.</summary>
    public static TimeSpan? Time(JsonElement element, string name) => Number(element, name) switch
    {
        >= -MaxSecondsBelowZero and < 0 => TimeSpan.Zero,
        >= 0 and <= MaxSeconds and var seconds => TimeSpan.FromSeconds(seconds),
        _ => null,
    };

    /// <summary>Gets a member, and returns whether it exists and is not null.</summary>
    public static bool TryGet(JsonElement element, string name, out JsonElement value)
    {
        value = default;
        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
    }

    private static double? Number(JsonElement element, string name) => !TryGet(element, name, out JsonElement value) ? null
        : value.ValueKind == JsonValueKind.Number ? value.GetDouble()
        : value.ValueKind == JsonValueKind.String && double.TryParse(value.GetString(), CultureInfo.InvariantCulture, out double number) ? number
        : null;

    /// <summary>A statistic of the model; null if it is missing or not a number.</summary>
    private static float? Statistic(JsonElement element, string name) =>
        Number(element, name) is { } number && float.IsFinite((float)number) ? (float)number : null;

    private static TimeSpan? DurationUsed(JsonElement root) => TryGet(root, "usage", out JsonElement usage) ? Time(usage, "seconds") : null;

    /// <summary>Returns the items of a list, or null if there is no list or an item cannot be read. If only that item were left out, a part of the speech would
    /// be missing from the subtitles. The text of the transcription contains everything.</summary>
    private static List<T>? List<T>(JsonElement root, string name, Func<JsonElement, T?> read)
        where T : class
    {
        if (!TryGet(root, name, out JsonElement array) || array.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        List<T> items = new(array.GetArrayLength());
        foreach (JsonElement element in array.EnumerateArray())
        {
            if (read(element) is not { } item)
            {
                return null;
            }

            items.Add(item);
        }

        return items;
    }

    private static TranscriptionSegment? Segment(JsonElement element) => !TryReadTimes(element, "text", out TimeSpan start, out TimeSpan end, out string text)
        ? null
        : new TranscriptionSegment
        {
            StartTime = start,
            EndTime = end,
            Text = text,
            Temperature = Statistic(element, "temperature"),
            AverageLogProbability = Statistic(element, "avg_logprob"),
            CompressionRatio = Statistic(element, "compression_ratio"),
            NoSpeechProbability = Statistic(element, "no_speech_prob"),
        };

    private static TranscriptionWord? Word(JsonElement element) =>
        TryReadTimes(element, "word", out TimeSpan start, out TimeSpan end, out string word) ? new TranscriptionWord
        {
            StartTime = start,
            EndTime = end,
            Text = word,
        } : null;

    private static bool TryReadTimes(JsonElement element, string textName, out TimeSpan start, out TimeSpan end, out string text)
    {
        TimeSpan? first = Time(element, "start");
        TimeSpan? last = Time(element, "end");
        bool hasText = TryGet(element, textName, out JsonElement value);
        bool isReadable = first is not null && last is not null && (!hasText || value.ValueKind == JsonValueKind.String);
        (start, end, text) = (first ?? default, last ?? default, isReadable && hasText ? value.GetString()! : "");
        return isReadable;
    }
}

/// <summary>The usage of a transcription: tokens, seconds of audio, or both. It is sent in the clear and is not authenticated.</summary>
internal static class SpeechUsage
{
    /// <summary>Name of the seconds of audio among the additional counts.</summary>
    public const string SecondsName = "DurationSeconds";

    /// <summary>The usage in an answer or event, or null.</summary>
    public static UsageDetails? Read(JsonElement root)
    {
        if (!TranscriptionReader.TryGet(root, "usage", out JsonElement usage))
        {
            return null;
        }

        UsageDetails details = new()
        {
            // OpenAI's names, and those of the model server.
            InputTokenCount = UsageReader.Count(usage, "input_tokens") ?? UsageReader.Count(usage, "prompt_tokens"),
            OutputTokenCount = UsageReader.Count(usage, "output_tokens") ?? UsageReader.Count(usage, "completion_tokens"),
            TotalTokenCount = UsageReader.Count(usage, "total_tokens"),
        };
        if (TranscriptionReader.TryGet(usage, "input_token_details", out JsonElement input))
        {
            details.InputAudioTokenCount = UsageReader.Count(input, "audio_tokens");
            details.InputTextTokenCount = UsageReader.Count(input, "text_tokens");
        }

        if (TranscriptionReader.Time(usage, "seconds") is { } time)
        {
            (details.AdditionalCounts ??= [])[SecondsName] = (long)Math.Ceiling(time.TotalSeconds);
        }

        return details;
    }
}
