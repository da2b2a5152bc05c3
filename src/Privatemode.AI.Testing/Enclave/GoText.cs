using System.Globalization;
using System.Text;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>Formats text in error messages as Go's package fmt does, because the service is written in Go.</summary>
internal static class GoText
{
    private const string Escapes = "\a\b\f\n\r\t\v";
    private const string EscapeLetters = "abfnrtv";

    /// <summary>Formats a text like the verb <c>%q</c>: in double quotation marks.</summary>
    public static string Quote(string text)
    {
        StringBuilder quoted = new("\"");
        foreach (Rune rune in text.EnumerateRunes())
        {
            int escape = rune.IsBmp ? Escapes.IndexOf((char)rune.Value, StringComparison.Ordinal) : -1;
            _ = rune.Value is '"' or '\\' ? quoted.Append('\\').Append(rune)
                : escape >= 0 ? quoted.Append('\\').Append(EscapeLetters[escape])
                : IsPrintable(rune) ? quoted.Append(rune)
                : rune.IsAscii ? quoted.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}")
                : rune.IsBmp ? quoted.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}")
                : quoted.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}");
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>Formats one byte like the verb <c>%#U</c>: its code point and, if it is printable, the character.</summary>
    public static string CodePoint(byte value) =>
        string.Create(CultureInfo.InvariantCulture, $"U+{value:X4}{(IsPrintable(new Rune(value)) ? $" '{(char)value}'" : "")}");

    /// <summary>Returns whether a character is a letter, mark, number, punctuation, symbol or the ASCII space.</summary>
    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
