using System.Globalization;

namespace Privatemode.Tool.Commands;

/// <summary>Formats and parses times in the input and output of commands.</summary>
internal static class Times
{
    private static readonly string[] Formats = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    /// <summary>Formats a time as in RFC 3339, in UTC, to the second.</summary>
    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Parses a time as in RFC 3339. A time without an offset is not accepted, because its meaning would depend on the machine.</summary>
    public static DateTimeOffset? Parse(string text) =>
        (text.EndsWith('Z') || text.LastIndexOfAny(['+', '-']) > "yyyy-MM-dd".Length) &&
        DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time
            : null;

    /// <summary>Returns an age in words: <c>just now</c>, <c>3 minutes ago</c>.</summary>
    public static string Ago(TimeSpan age) => age.TotalMinutes < 1 ? "just now"
        : age.TotalHours < 1 ? Count((int)age.TotalMinutes, "minute")
        : age.TotalDays < 1 ? Count((int)age.TotalHours, "hour")
        : Count((int)age.TotalDays, "day");

    private static string Count(int number, string unit) => string.Create(CultureInfo.InvariantCulture, $"{number} {unit}{(number == 1 ? "" : "s")} ago");
}
