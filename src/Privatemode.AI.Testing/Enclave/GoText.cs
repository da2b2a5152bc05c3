using System.Globalization;
using System.Text;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>Text in error messages as Go's package fmt writes it; the service is written in Go.</summary>
internal static class GoText
{
    private const string Escapes = "\a\b\f\n\r\t\v";
    private const string EscapeLetters = "abfnrtv";

    /// <summary>Verb <c>%q</c>: a text in double quotes.</summary>
    public static string Quote(string text)
    {
        StringBuilder quoted = new("\"");
        foreach (Rune rune in text.EnumerateRunes())
        {
            int escape = rune.IsBmp ? Escapes.IndexOf((char)rune.Value, StringComparison.Ordinal) : -1;
            _ = rune.Value is '"' or '\\' ? quoted.Append('\\').Append(rune)
                : escape >= 0 ? quoted.Append('\\').Append(EscapeLetters[escape])
                : rune.Value is < ' ' or 0x7f ? quoted.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}")
                : quoted.Append(rune);
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>Verb <c>%#U</c> of one byte: its number, and itself where it can be printed.</summary>
    public static string CodePoint(byte value)
    {
        // Latin-1 has its second block of control characters at 0x80, then a space that is not printed; 0xAD is a soft hyphen.
        bool isPrintable = value is (>= (byte)' ' and < 0x7f) or (> 0xa0 and not 0xad);
        return string.Create(CultureInfo.InvariantCulture, $"U+{value:X4}{(isPrintable ? $" '{(char)value}'" : "")}");
    }
}
