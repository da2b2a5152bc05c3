using System.Buffers;
using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Members of an answer that are not authenticated. A proxy on the path can change them, so impossible values are removed.</summary>
internal static class PlainMembers
{
    private const int TextLimit = 128;
    private const int LongestEscape = 6;
    private const int DurationLimit = 32;
    private const double MaxSeconds = 1e9;

    private static readonly SearchValues<byte> NumberBytes = SearchValues.Create("0123456789.eE+-"u8);

    /// <summary>Removes clear members with impossible values from an opened answer or event. Members with unknown names must be removed before.</summary>
    /// <param name="opened">The answer or event.</param>
    /// <param name="plain">Names of its clear members.</param>
    /// <param name="nullsStay">Counts of its usage may be null.</param>
    public static void Normalize(OpenedDocument opened, PlainNames plain, bool nullsStay = false)
    {
        // Ids end up in logs.
        bool dropsId = plain.Contains("id"u8) && opened.TryGet("id"u8, out ReadOnlySpan<byte> value, out JsonTokenType kind)
            && kind != JsonTokenType.Null && !(kind == JsonTokenType.String && IsPrintable(value));

        // The OpenAI client cannot read null.
        bool dropsDuration = plain.Contains("duration"u8) && opened.TryGet("duration"u8, out value, out kind) && !IsDuration(value, kind);
        if (dropsId || dropsDuration)
        {
            opened.KeepOnly(name => !(dropsId && name.SequenceEqual("id"u8)) && !(dropsDuration && name.SequenceEqual("duration"u8)));
        }

        if (plain.Contains("usage"u8))
        {
            UsageNormalizer.Normalize(opened, nullsStay);
        }
    }

    /// <summary>Whether a clear text may be taken over: at most 128 printable ASCII characters.</summary>
    public static bool IsPrintable(string text) => text.Length <= TextLimit && !text.AsSpan().ContainsAnyExceptInRange(' ', '~');

    private static bool IsPrintable(ReadOnlySpan<byte> rawString)
    {
        if (rawString.Length > TextLimit * LongestEscape + 2)
        {
            return false;
        }

        ReadOnlySpan<byte> text = rawString[1..^1];
        return text.Contains((byte)'\\') ? IsPrintableUnescaped(rawString) : IsShortAscii(text);
    }

    private static bool IsPrintableUnescaped(ReadOnlySpan<byte> rawString)
    {
        Utf8JsonReader reader = new(rawString);
        Span<byte> text = stackalloc byte[TextLimit * LongestEscape];
        try
        {
            _ = reader.Read();
            return IsShortAscii(text[..reader.CopyString(text)]);
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair.
            return false;
        }
    }

    private static bool IsShortAscii(ReadOnlySpan<byte> text) => text.Length <= TextLimit && !text.ContainsAnyExceptInRange((byte)' ', (byte)'~');

    /// <summary>A number of seconds, from 0; the service writes it as a string.</summary>
    private static bool IsDuration(ReadOnlySpan<byte> value, JsonTokenType kind)
    {
        ReadOnlySpan<byte> text = kind == JsonTokenType.String ? value[1..^1] : value;
        return text.Length is > 0 and <= DurationLimit && !text.ContainsAnyExcept(NumberBytes) && IsNumberFrom0(text);
    }

    private static bool IsNumberFrom0(ReadOnlySpan<byte> text)
    {
        Utf8JsonReader reader = new(text);
        try
        {
            return reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out double seconds) && seconds is >= 0 and <= MaxSeconds
                && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
