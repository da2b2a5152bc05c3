using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Removes impossible values from the members of an answer that are not authenticated, because a proxy on the path can change them.</summary>
internal static class ClearMemberValidator
{
    private const int TextLimit = 128;
    private const int MaxEscapeLength = 6;
    private const int DurationLimit = 32;
    private const double MaxSeconds = 1e9;

    private static readonly SearchValues<byte> NumberBytes = SearchValues.Create("0123456789.eE+-"u8);

    /// <summary>Removes clear members with impossible values from a decrypted answer or event. Members with unknown names must be removed before.</summary>
    public static void Normalize(DecryptedDocument decrypted, ClearNames plain, bool nullsStay = false)
    {
        // IDs are logged.
        bool dropsId = plain.Contains("id"u8) && decrypted.TryGet("id"u8, out ReadOnlySpan<byte> value, out JsonTokenType kind)
            && kind != JsonTokenType.Null && !(kind == JsonTokenType.String && IsPrintable(value));

        // The OpenAI client cannot read null.
        bool dropsDuration = plain.Contains("duration"u8) && decrypted.TryGet("duration"u8, out value, out kind) && !IsDuration(value, kind);
        if (dropsId || dropsDuration)
        {
            decrypted.KeepOnly(name => !(dropsId && name.SequenceEqual("id"u8)) && !(dropsDuration && name.SequenceEqual("duration"u8)));
        }

        if (plain.Contains("usage"u8))
        {
            UsageNormalizer.Normalize(decrypted, nullsStay);
        }
    }

    /// <summary>Whether a clear text may be kept: at most 128 printable ASCII characters.</summary>
    public static bool IsPrintable(string text) => PrintableText.IsAscii(text, TextLimit);

    private static bool IsPrintable(ReadOnlySpan<byte> rawString)
    {
        if (rawString.Length > TextLimit * MaxEscapeLength + 2)
        {
            return false;
        }

        ReadOnlySpan<byte> text = rawString[1..^1];
        return text.Contains((byte)'\\') ? IsPrintableUnescaped(rawString) : PrintableText.IsAscii(text, TextLimit);
    }

    private static bool IsPrintableUnescaped(ReadOnlySpan<byte> rawString)
    {
        Utf8JsonReader reader = new(rawString);
        Span<byte> text = stackalloc byte[TextLimit * MaxEscapeLength];
        try
        {
            _ = reader.Read();
            return PrintableText.IsAscii(text[..reader.CopyString(text)], TextLimit);
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair.
            return false;
        }
    }

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

/// <summary>Makes the time of an answer readable for OpenAI's parser, which accepts only whole seconds since 1970.</summary>
internal static class CreatedTimeNormalizer
{
    // 9999-12-31T23:59:59Z; later does not fit a DateTimeOffset.
    private const long LastSecond = 253_402_300_799;
    private const int MaxDigits = 11;

    /// <summary>Whether a raw JSON value is a text of digits, as some servers write the time.</summary>
    public static bool IsText(ReadOnlySpan<byte> value) => value.Length is > 2 and <= MaxDigits + 2 && value[0] == (byte)'"'
        && !value[1..^1].ContainsAnyExceptInRange((byte)'0', (byte)'9');

    /// <summary>Writes the time in <c>created</c> as whole seconds; removes the member if it is not a time from 1970 to the year 9999.</summary>
    public static void Normalize(DecryptedDocument decrypted)
    {
        if (!decrypted.TryGet("created"u8, out ReadOnlySpan<byte> value, out JsonTokenType kind)
            || (kind == JsonTokenType.Number && value.Length <= MaxDigits && !value.ContainsAnyExceptInRange((byte)'0', (byte)'9')))
        {
            return;
        }

        value = IsText(value) ? value[1..^1] : value;
        if (kind is JsonTokenType.Number or JsonTokenType.String && Utf8Parser.TryParse(value, out double seconds, out int length)
            && length == value.Length && seconds is >= 0 and < LastSecond + 1)
        {
            decrypted.Replace("created"u8, Encoding.ASCII.GetBytes(((long)seconds).ToString(CultureInfo.InvariantCulture)));
        }
        else
        {
            decrypted.KeepOnly(name => !name.SequenceEqual("created"u8));
        }
    }
}

/// <summary>Removes unusable values from the usage of an answer, which is not authenticated and must not make the answer fail.</summary>
/// <remarks>
/// A count is an integer from 0 to 2³¹−1; <c>12.0</c> is 12. Seconds may be fractions; the type of the usage and the service tier are words. Other
/// values are removed, and usage without a number becomes null.
/// </remarks>
/// <param name="writer">Writes the corrected usage; null to determine only whether a correction is needed.</param>
/// <param name="nullsStay">Whether counts may be null.</param>
internal sealed class UsageNormalizer(Utf8JsonWriter? writer, bool nullsStay)
{
    private const int MaxDepth = 4;
    private const int NameLimit = 128;
    private const int WordLimit = 64;
    private const double MaxSeconds = 1e9;

    private static readonly SearchValues<byte> WordBytes = SearchValues.Create("abcdefghijklmnopqrstuvwxyz_."u8);

    private bool _isChanged;
    private bool _hasNumber;

    public static bool HasUsage(DecryptedDocument decrypted) =>
        decrypted.TryGet("usage"u8, out _, out JsonTokenType kind) && kind == JsonTokenType.StartObject;

    /// <summary>Replaces the usage of an event with null. The service repeats the running total on every event; a reader that adds up would count it many
    /// times.</summary>
    public static void Hide(DecryptedDocument decrypted)
    {
        if (HasUsage(decrypted))
        {
            decrypted.Replace("usage"u8, "null"u8);
        }
    }

    /// <summary>Corrects the usage of an answer or event; correct usage is left unchanged. Counts may be null on <c>/v1/messages</c> only, because the OpenAI
    /// client cannot read null.</summary>
    public static void Normalize(DecryptedDocument decrypted, bool nullsStay)
    {
        if (!decrypted.TryGet("usage"u8, out ReadOnlySpan<byte> usage, out JsonTokenType kind) || kind == JsonTokenType.Null)
        {
            return;
        }

        UsageNormalizer check = new(null, nullsStay);
        if (kind == JsonTokenType.StartObject)
        {
            check.Copy(usage);
        }

        if (!check._hasNumber)
        {
            decrypted.Replace("usage"u8, "null"u8);
        }
        else if (check._isChanged)
        {
            ArrayBufferWriter<byte> output = new();
            using Utf8JsonWriter writer = new(output);
            new UsageNormalizer(writer, nullsStay).Copy(usage);
            writer.Flush();
            decrypted.Replace("usage"u8, output.WrittenSpan);
        }
    }

    private void Copy(ReadOnlySpan<byte> usage)
    {
        Utf8JsonReader reader = new(usage, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
        _ = reader.Read();
        CopyObject(ref reader, reader.CurrentDepth + 1);
    }

    private void CopyObject(ref Utf8JsonReader reader, int depth)
    {
        writer?.WriteStartObject();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadOnlySpan<byte> name = reader.ValueSpan;
            bool isName = !reader.ValueIsEscaped && name.Length <= NameLimit && !name.ContainsAnyExceptInRange((byte)' ', (byte)'~');
            _ = reader.Read();
            if (!isName || !TryCopy(ref reader, name, depth))
            {
                _isChanged = true;
                reader.Skip();
            }
        }

        writer?.WriteEndObject();
    }

    /// <summary>Copies a member if its value has a valid kind for its name; otherwise returns false.</summary>
    private bool TryCopy(ref Utf8JsonReader reader, ReadOnlySpan<byte> name, int depth)
    {
        bool isSeconds = name.SequenceEqual("seconds"u8);
        bool isCount = isSeconds || name.EndsWith("_tokens"u8);
        bool isWord = name.SequenceEqual("type"u8) || name.SequenceEqual("service_tier"u8);
        switch (reader.TokenType)
        {
            case JsonTokenType.Number when !isWord && !name.EndsWith("_details"u8):
                return isSeconds ? TryCopySeconds(ref reader, name) : TryCopyCount(ref reader, name);
            case JsonTokenType.String when isWord && reader.ValueSpan.Length is > 0 and <= WordLimit && !reader.ValueSpan.ContainsAnyExcept(WordBytes):
                writer?.WriteString(name, reader.ValueSpan);
                return true;
            case JsonTokenType.Null when nullsStay || !(isCount || isWord):
                writer?.WriteNull(name);
                return true;
            case JsonTokenType.StartObject when !isCount && !isWord && depth < MaxDepth:
                writer?.WritePropertyName(name);
                CopyObject(ref reader, depth + 1);
                return true;
            default:
                return false;
        }
    }

    private bool TryCopyCount(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        if (!reader.TryGetInt32(out int count))
        {
            if (!reader.TryGetDecimal(out decimal number) || number != decimal.Truncate(number) || number is < 0 or > int.MaxValue)
            {
                return false;
            }

            (count, _isChanged) = ((int)number, true);
        }

        _hasNumber |= count >= 0;
        if (count >= 0)
        {
            writer?.WriteNumber(name, count);
        }

        return count >= 0;
    }

    private bool TryCopySeconds(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        if (!reader.TryGetDouble(out double seconds) || seconds is not (>= 0 and <= MaxSeconds))
        {
            return false;
        }

        _hasNumber = true;
        writer?.WritePropertyName(name);
        writer?.WriteRawValue(reader.ValueSpan, skipInputValidation: true);
        return true;
    }
}
