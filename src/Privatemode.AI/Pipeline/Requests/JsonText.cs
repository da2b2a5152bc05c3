using System.Globalization;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>Unescaping of JSON strings that also takes lone surrogates, as the service's own reader does.</summary>
internal static class JsonText
{
    private const int UnicodeEscapeLength = 6;

    /// <summary>Appends the text of a raw JSON string in UTF-8; a lone surrogate becomes U+FFFD.</summary>
    public static void AppendUnescaped(ReadOnlySpan<byte> rawString, PooledBytes output)
    {
        Utf8JsonReader reader = new(rawString);
        _ = reader.Read();
        int before = output.Length;
        Span<byte> room = output.Extend(reader.ValueSpan.Length);
        try
        {
            int written = reader.CopyString(room);
            output.Truncate(before + written);
        }
        catch (InvalidOperationException)
        {
            output.Truncate(before);
            AppendLeniently(reader.ValueSpan, output);
        }
    }

    /// <summary>Whole numbers as they stand, others in their shortest form without exponent: so the service's own reader turns them into
    /// text.</summary>
    public static string Number(ReadOnlySpan<byte> raw)
    {
        string text = Encoding.ASCII.GetString(raw);
        bool isWhole = !text.AsSpan().ContainsAny('.', 'e', 'E');
        if (isWhole || !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
        {
            return text;
        }

        string shortest = number.ToString("R", CultureInfo.InvariantCulture);
        return shortest.Contains('E', StringComparison.Ordinal)
            && decimal.TryParse(shortest, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal wide)
            ? wide.ToString(CultureInfo.InvariantCulture)
            : shortest;
    }

    private static void AppendLeniently(ReadOnlySpan<byte> escaped, PooledBytes output)
    {
        while (!escaped.IsEmpty)
        {
            int plain = escaped.IndexOf((byte)'\\');
            output.Append(plain < 0 ? escaped : escaped[..plain]);
            if (plain < 0)
            {
                return;
            }

            escaped = escaped[plain..];
            escaped = escaped[(escaped[1] == (byte)'u' ? AppendUnicode(escaped, output) : AppendShort(escaped[1], output))..];
        }
    }

    private static int AppendShort(byte letter, PooledBytes output)
    {
        output.Append(letter switch
        {
            (byte)'b' => (byte)'\b',
            (byte)'f' => (byte)'\f',
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            _ => letter,
        });
        return 2;
    }

    private static int AppendUnicode(ReadOnlySpan<byte> escaped, PooledBytes output)
    {
        char first = CodeUnit(escaped);
        ReadOnlySpan<byte> next = escaped[UnicodeEscapeLength..];
        bool isPair = char.IsHighSurrogate(first) && next.StartsWith("\\u"u8) && char.IsLowSurrogate(CodeUnit(next));
        Rune rune = isPair ? new Rune(first, CodeUnit(next)) : Rune.TryCreate(first, out Rune single) ? single : Rune.ReplacementChar;
        Span<byte> utf8 = stackalloc byte[4];
        output.Append(utf8[..rune.EncodeToUtf8(utf8)]);
        return isPair ? 2 * UnicodeEscapeLength : UnicodeEscapeLength;
    }

    private static char CodeUnit(ReadOnlySpan<byte> escape) =>
        (char)ushort.Parse(escape.Slice(2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
