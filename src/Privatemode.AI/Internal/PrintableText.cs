using System.Globalization;

namespace Privatemode.AI.Internal;

/// <summary>Text for logs, reports and messages.</summary>
internal static class PrintableText
{
    /// <summary>A text that anybody could have written, with spaces for what would let it forge or hide lines of a log: control and format
    /// characters, and separators of lines.</summary>
    public static string? Printable(string? text) => text is null || !text.Any(IsUnsafe) ? text
        : string.Create(text.Length, text, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = IsUnsafe(source[i]) ? ' ' : source[i];
            }
        });

    /// <summary>A time in the format of RFC 3339, in UTC, to the second.</summary>
    public static string Utc(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Whether these are printable ASCII characters only, and no more than so many.</summary>
    public static bool IsAscii(ReadOnlySpan<char> text, int longest = int.MaxValue) => text.Length <= longest && !text.ContainsAnyExceptInRange(' ', '~');

    /// <inheritdoc cref="IsAscii(ReadOnlySpan{char}, int)"/>
    public static bool IsAscii(ReadOnlySpan<byte> text, int longest) => text.Length <= longest && !text.ContainsAnyExceptInRange((byte)' ', (byte)'~');

    private static bool IsUnsafe(char character) => char.GetUnicodeCategory(character) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
