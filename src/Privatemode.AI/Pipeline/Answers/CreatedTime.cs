using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Makes the time of an answer readable for OpenAI's parser, which accepts only whole seconds since 1970.</summary>
internal static class CreatedTime
{
    // 9999-12-31T23:59:59Z; later does not fit a DateTimeOffset.
    private const long LastSecond = 253_402_300_799;
    private const int MostDigits = 11;

    /// <summary>Whether a raw JSON value is a text of digits, as some servers write the time.</summary>
    public static bool IsText(ReadOnlySpan<byte> value) => value.Length is > 2 and <= MostDigits + 2 && value[0] == (byte)'"'
        && !value[1..^1].ContainsAnyExceptInRange((byte)'0', (byte)'9');

    /// <summary>Removes quotes, truncates fractions, expands exponents, and removes a time that is negative or after the year 9999.</summary>
    public static void Normalize(OpenedDocument opened)
    {
        if (!opened.TryGet("created"u8, out ReadOnlySpan<byte> value, out JsonTokenType kind)
            || (kind == JsonTokenType.Number && value.Length <= MostDigits && !value.ContainsAnyExceptInRange((byte)'0', (byte)'9')))
        {
            return;
        }

        value = IsText(value) ? value[1..^1] : value;
        if (kind is JsonTokenType.Number or JsonTokenType.String && Utf8Parser.TryParse(value, out double seconds, out int length)
            && length == value.Length && seconds is >= 0 and < LastSecond + 1)
        {
            opened.Replace("created"u8, Encoding.ASCII.GetBytes(((long)seconds).ToString(CultureInfo.InvariantCulture)));
        }
        else
        {
            opened.KeepOnly(name => !name.SequenceEqual("created"u8));
        }
    }
}
