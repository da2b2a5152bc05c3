using System.Buffers;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline;

/// <summary>The members of an answer that are not authenticated, held to their types: anybody on the path can write them.</summary>
internal static class PlainMembers
{
    private const int TextLimit = 128;
    private const int LongestEscape = 6;
    private const int UsageDepth = 4;
    private const int DurationLimit = 32;
    private const int WordLimit = 64;
    private const double MaxSeconds = 1e9;

    private static readonly SearchValues<byte> NumberBytes = SearchValues.Create("0123456789.eE+-"u8);
    private static readonly SearchValues<byte> WordBytes = SearchValues.Create("abcdefghijklmnopqrstuvwxyz_."u8);

    /// <summary>Drops an id that is not safe to print, because ids end up in logs. Members of unknown names must be gone already.</summary>
    public static void DropUnsafeId(OpenedDocument opened)
    {
        if (opened.TryGet("id"u8, out ReadOnlySpan<byte> id, out JsonTokenType kind) && kind == JsonTokenType.String && !IsPrintable(id))
        {
            opened.KeepOnly(name => !name.SequenceEqual("id"u8));
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

        Utf8JsonReader reader = new(rawString);
        Span<byte> text = stackalloc byte[TextLimit * LongestEscape];
        try
        {
            _ = reader.Read();
            text = text[..reader.CopyString(text)];
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair.
            return false;
        }

        return text.Length <= TextLimit && !text.ContainsAnyExceptInRange((byte)' ', (byte)'~');
    }

    public static AnswerFault Check(OpenedDocument opened)
    {
        bool id = !opened.TryGet("id"u8, out ReadOnlySpan<byte> value, out JsonTokenType kind) || kind is JsonTokenType.String or JsonTokenType.Null;
        bool usage = !opened.TryGet("usage"u8, out value, out kind) || IsUsage(value, kind);
        bool duration = !opened.TryGet("duration"u8, out value, out kind) || IsDuration(value, kind);
        bool type = !opened.TryGet("type"u8, out value, out kind) || (kind == JsonTokenType.String && IsWord(value[1..^1]));
        return id && usage && duration && type ? AnswerFault.None : AnswerFault.BadPlainMember;
    }

    /// <summary>Null, or a number of seconds, from 0; the service writes it as a string.</summary>
    private static bool IsDuration(ReadOnlySpan<byte> value, JsonTokenType kind)
    {
        ReadOnlySpan<byte> text = kind == JsonTokenType.String ? value[1..^1] : value;
        return kind == JsonTokenType.Null ||
            (text.Length is > 0 and <= DurationLimit && !text.ContainsAnyExcept(NumberBytes) && IsNumberFrom0(text));
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

    private static bool IsWord(ReadOnlySpan<byte> text) => text.Length is > 0 and <= WordLimit && !text.ContainsAnyExcept(WordBytes);

    /// <summary>Null, or an object of non-negative whole numbers, nulls, and objects of such; seconds may be fractions, and the type of the
    /// usage and the service tier are words. Names are safe to print.</summary>
    private static bool IsUsage(ReadOnlySpan<byte> value, JsonTokenType kind)
    {
        if (kind == JsonTokenType.Null)
        {
            return true;
        }

        Utf8JsonReader reader = new(value);
        if (kind != JsonTokenType.StartObject || !reader.Read())
        {
            return false;
        }

        bool isWord = false;
        bool isSeconds = false;
        while (reader.Read())
        {
            bool allowed = reader.TokenType switch
            {
                JsonTokenType.Number => isSeconds ? IsNumberFrom0(reader.ValueSpan) : reader.TryGetInt32(out int count) && count >= 0,
                JsonTokenType.String => isWord && IsWord(reader.ValueSpan),
                JsonTokenType.StartObject => reader.CurrentDepth < UsageDepth,
                JsonTokenType.PropertyName => !reader.ValueIsEscaped && reader.ValueSpan.Length <= TextLimit
                    && !reader.ValueSpan.ContainsAnyExceptInRange((byte)' ', (byte)'~'),
                JsonTokenType.EndObject or JsonTokenType.Null => true,
                _ => false,
            };
            if (!allowed)
            {
                return false;
            }

            bool isName = reader.TokenType == JsonTokenType.PropertyName;
            isWord = isName && (reader.ValueSpan.SequenceEqual("type"u8) || reader.ValueSpan.SequenceEqual("service_tier"u8));
            isSeconds = isName && reader.ValueSpan.SequenceEqual("seconds"u8);
        }

        return true;
    }
}
