using System.Buffers;

namespace Privatemode.AI.Internal;

/// <summary>Finds and replaces escaped halves of surrogate pairs in JSON text.</summary>
/// <remarks>RFC 8259, section 8.2, lets a string contain a half without its other half. The readers of .NET throw when they turn such a string
/// into text, so a whole answer would be lost for one character.</remarks>
internal static class LoneSurrogates
{
    /// <summary>Length of an escape: a backslash, <c>u</c> and four digits.</summary>
    public const int EscapeLength = 6;

    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789abcdefABCDEF"u8);

    /// <summary>Finds the first half without its other half.</summary>
    /// <param name="json">JSON text, or the inside of a JSON string.</param>
    /// <param name="start">The position to start at, which is not within an escape.</param>
    /// <returns>The position of its escape, or -1.</returns>
    public static int Find(ReadOnlySpan<byte> json, int start = 0)
    {
        for (int i = start; ;)
        {
            int next = json[i..].IndexOf("\\u"u8);
            if (next < 0)
            {
                return -1;
            }

            i += next;
            ReadOnlySpan<byte> rest = json[i..];
            if (IsEscaped(json, i) || !(IsHigh(rest) || IsLow(rest)))
            {
                i += 2;
            }
            else if (IsHigh(rest) && IsLow(rest[EscapeLength..]))
            {
                i += 2 * EscapeLength;
            }
            else
            {
                return i;
            }
        }
    }

    /// <summary>Replaces every half without its other half by U+FFFD, in place: both escapes have the same length.</summary>
    public static void Replace(Span<byte> json)
    {
        for (int i = Find(json); i >= 0; i = Find(json, i + EscapeLength))
        {
            "\\ufffd"u8.CopyTo(json[i..]);
        }
    }

    /// <summary>Whether the inside of a JSON string begins with a second half.</summary>
    public static bool BeginsWithLow(ReadOnlySpan<byte> text) => IsLow(text);

    /// <summary>Whether the inside of a JSON string ends with a first half.</summary>
    public static bool EndsWithHigh(ReadOnlySpan<byte> text) =>
        text.Length >= EscapeLength && IsHigh(text[^EscapeLength..]) && !IsEscaped(text, text.Length - EscapeLength);

    private static bool IsHigh(ReadOnlySpan<byte> text) => IsSurrogate(text) && (text[3] | 0x20) is '8' or '9' or 'a' or 'b';

    private static bool IsLow(ReadOnlySpan<byte> text) => IsSurrogate(text) && (text[3] | 0x20) is 'c' or 'd' or 'e' or 'f';

    private static bool IsSurrogate(ReadOnlySpan<byte> text) => text.Length >= EscapeLength && text[0] == '\\' && text[1] == 'u'
        && (text[2] | 0x20) == 'd' && !text[3..EscapeLength].ContainsAnyExcept(HexDigits);

    /// <summary>Whether the backslash at a position is the second of two, and so begins no escape.</summary>
    private static bool IsEscaped(ReadOnlySpan<byte> json, int backslash)
    {
        int others = json[..backslash].LastIndexOfAnyExcept((byte)'\\');
        return (backslash - others - 1) % 2 == 1;
    }
}
