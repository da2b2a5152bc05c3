using System.Globalization;

namespace Privatemode.AI.Internal;

/// <summary>Text that anybody on the way can write.</summary>
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

    private static bool IsUnsafe(char character) => char.GetUnicodeCategory(character) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
