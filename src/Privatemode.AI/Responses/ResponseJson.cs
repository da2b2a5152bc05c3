using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Responses;

/// <summary>Writes JSON into wiped memory. Texts of an answer are copied in escaped form, and never become strings.</summary>
internal static class ResponseJson
{
    private const int MaxNumberLength = 20;

    /// <summary>Appends a string of this library, such as an ID.</summary>
    public static void AppendText(this PooledBytes target, string text) => target.AppendText(Encoding.UTF8.GetBytes(text));

    /// <summary>Appends text in UTF-8, which must be valid, as a JSON string.</summary>
    public static void AppendText(this PooledBytes target, ReadOnlySpan<byte> text)
    {
        target.Append((byte)'"');
        RawJson.AppendEscaped(target, text);
        target.Append((byte)'"');
    }

    /// <summary>Appends the inside of a JSON string, with quotes.</summary>
    public static void AppendRawText(this PooledBytes target, ReadOnlySpan<byte> escaped)
    {
        target.Append((byte)'"');
        target.Append(escaped);
        target.Append((byte)'"');
    }

    public static void AppendNumber(this PooledBytes target, long number)
    {
        Span<byte> digits = stackalloc byte[MaxNumberLength];
        _ = Utf8Formatter.TryFormat(number, digits, out int length);
        target.Append(digits[..length]);
    }

    /// <summary>Appends the inside of a JSON string as text in UTF-8.</summary>
    /// <exception cref="PrivatemodeServiceException">It is not text.</exception>
    public static void AppendUnescaped(this PooledBytes target, ReadOnlySpan<byte> escaped)
    {
        if (!escaped.Contains((byte)'\\'))
        {
            target.Append(escaped);
            return;
        }

        using PooledBytes quoted = new(escaped.Length + 2);
        quoted.AppendRawText(escaped);
        int before = target.Length;
        try
        {
            Utf8JsonReader reader = new(quoted.Span);
            _ = reader.Read();
            int length = reader.CopyString(target.Extend(escaped.Length));
            target.Truncate(before + length);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            target.Truncate(before);
            throw ChatAnswer.Unreadable();
        }
    }
}
