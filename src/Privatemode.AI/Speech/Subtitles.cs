using System.Globalization;
using System.Text;

namespace Privatemode.AI.Speech;

/// <summary>Writes subtitles: SubRip, and WebVTT as specified by W3C (WebVTT: The Web Video Text Tracks Format).</summary>
internal static class Subtitles
{
    private static readonly TimeSpan MinCueDuration = TimeSpan.FromMilliseconds(1);

    public static string SubRip(IEnumerable<TranscriptionSegment> segments)
    {
        StringBuilder text = new();
        int number = 0;
        foreach (TranscriptionSegment segment in segments)
        {
            string ordinal = (++number).ToString(CultureInfo.InvariantCulture);

            // SubRip has no escapes; an arrow in the text would look like the line of another cue.
            AppendCue(text, segment, ',', ordinal, "\r\n", line => line.Replace("-->", "->", StringComparison.Ordinal));
        }

        return text.ToString();
    }

    public static string WebVtt(IEnumerable<TranscriptionSegment> segments)
    {
        StringBuilder text = new("WEBVTT\n\n");
        foreach (TranscriptionSegment segment in segments)
        {
            AppendCue(text, segment, '.', null, "\n", Escape);
        }

        return text.ToString();
    }

    private static void AppendCue(
        StringBuilder text, TranscriptionSegment segment, char separator, string? number, string lineEnd, Func<string, string> escape)
    {
        // An empty line would end the cue.
        string[] lines = segment.Text.Split(["\r\n", "\r", "\n"], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (number is not null)
        {
            _ = text.Append(number).Append(lineEnd);
        }

        TimeSpan start = Milliseconds(segment.StartTime);
        TimeSpan end = Milliseconds(segment.EndTime);

        // A cue must end after it begins.
        end = end > start ? end : start + MinCueDuration;
        _ = text.Append(Time(start, separator)).Append(" --> ").Append(Time(end, separator)).Append(lineEnd);
        foreach (string line in lines)
        {
            _ = text.Append(escape(line)).Append(lineEnd);
        }

        _ = text.Append(lineEnd);
    }

    private static string Escape(string line) => line
        .Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);

    private static TimeSpan Milliseconds(TimeSpan time) =>
        time < TimeSpan.Zero ? TimeSpan.Zero : TimeSpan.FromMilliseconds((long)Math.Round(time.TotalMilliseconds));

    /// <summary>Formats a time: hours (two digits or more), minutes, seconds and milliseconds.</summary>
    private static string Time(TimeSpan time, char separator) => string.Create(
        CultureInfo.InvariantCulture, $"{(long)time.TotalHours:00}:{time.Minutes:00}:{time.Seconds:00}{separator}{time.Milliseconds:000}");
}
