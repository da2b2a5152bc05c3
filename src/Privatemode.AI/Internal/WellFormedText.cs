using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Privatemode.AI.Internal;

/// <summary>Corrects text and JSON that contain half of a surrogate pair without the other half, which UTF-8 cannot express.</summary>
/// <remarks>
/// In a value, such a half is replaced with U+FFFD: a model or truncated text can leave one in a history, and it must not make every further call fail. A name
/// or an ID with such a half is refused, because a changed name is another name. The writers of .NET replace a half in strings, but throw on its escaped form
/// in JSON text.
/// </remarks>
internal static class WellFormedText
{
    private const string Broken = "contains half of a surrogate pair, which is not a character. Correct it.";

    /// <summary>Returns a name or an ID unchanged.</summary>
    /// <param name="member">The member that exceptions name.</param>
    /// <param name="name">The name.</param>
    /// <exception cref="PrivatemodeRequestException">The name contains half of a surrogate pair.</exception>
    public static string ValidateName(string member, string name)
    {
        for (ReadOnlySpan<char> rest = name; rest.IndexOfAnyInRange('\uD800', '\uDFFF') is var i and >= 0;)
        {
            if (Rune.DecodeFromUtf16(rest[i..], out _, out int length) != OperationStatus.Done)
            {
                throw new PrivatemodeRequestException(member, $"A name or ID {Broken}");
            }

            rest = rest[(i + length)..];
        }

        return name;
    }

    /// <summary>Returns whether JSON text contains no half of a surrogate pair, escaped or not.</summary>
    public static bool IsWellFormed(JsonElement element) => LoneSurrogates.Find(JsonMarshal.GetRawUtf8Value(element)) < 0;

    /// <summary>Returns an element in which such halves are replaced.</summary>
    /// <param name="member">The member that exceptions name.</param>
    /// <param name="element">An element that is not undefined.</param>
    /// <exception cref="PrivatemodeRequestException">The name of a property contains one.</exception>
    public static JsonElement Of(string member, JsonElement element)
    {
        if (IsWellFormed(element))
        {
            return element;
        }

        byte[] json = JsonMarshal.GetRawUtf8Value(element).ToArray();
        JsonReaderOptions deep = new() { MaxDepth = JsonLimits.MaxDepth };
        Utf8JsonReader names = new(json, deep);
        while (names.Read())
        {
            if (names.TokenType == JsonTokenType.PropertyName && LoneSurrogates.Find(names.ValueSpan) >= 0)
            {
                throw new PrivatemodeRequestException(member, $"The name of a property {Broken}");
            }
        }

        LoneSurrogates.Replace(json);
        Utf8JsonReader reader = new(json, deep);
        return JsonElement.ParseValue(ref reader);
    }

    /// <summary>Writes a node in which such halves are replaced.</summary>
    /// <param name="member">The member that exceptions name.</param>
    /// <param name="writer">The writer, at the position of the value.</param>
    /// <param name="node">The node.</param>
    /// <exception cref="PrivatemodeRequestException">The name of a property contains one, or occurs twice in an object.</exception>
    public static void Write(string member, Utf8JsonWriter writer, JsonNode? node)
    {
        switch (node)
        {
            case null:
                writer.WriteNullValue();
                break;
            case JsonObject members:
                writer.WriteStartObject();
                foreach ((string name, JsonNode? value) in MembersOf(member, members))
                {
                    writer.WritePropertyName(ValidateName(member, name));
                    Write(member, writer, value);
                }

                writer.WriteEndObject();
                break;
            case JsonArray items:
                writer.WriteStartArray();
                foreach (JsonNode? item in items)
                {
                    Write(member, writer, item);
                }

                writer.WriteEndArray();
                break;
            case JsonValue value when value.TryGetValue(out JsonElement element):
                Of(member, element).WriteTo(writer);
                break;
            default:
                node.WriteTo(writer);
                break;
        }
    }

    private static List<KeyValuePair<string, JsonNode?>> MembersOf(string member, JsonObject members)
    {
        try
        {
            return [.. members];
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            // Parsed objects read the names of their properties only now. The exceptions are not passed on because they quote the name.
            throw new PrivatemodeRequestException(member, $"An object contains a property twice, or the name of a property {Broken}");
        }
    }
}

/// <summary>Finds and replaces escaped halves of surrogate pairs in JSON text.</summary>
/// <remarks>RFC 8259, section 8.2, lets a string contain a half without its other half. The readers of .NET throw when they turn such a string
/// into text, so a whole answer would be lost for one character.</remarks>
internal static class LoneSurrogates
{
    /// <summary>Length of an escape: a backslash, <c>u</c> and four digits.</summary>
    public const int EscapeLength = 6;

    private static readonly SearchValues<byte> HexDigits = MemberNames.Bytes(MemberNames.HexDigits);

    /// <summary>Finds the first half without its other half.</summary>
    /// <param name="json">JSON text, or the inside of a JSON string.</param>
    /// <param name="start">The position to start at, which is not within an escape.</param>
    /// <returns>The position of its escape, or -1.</returns>
    public static int Find(ReadOnlySpan<byte> json, int start = 0)
    {
        // One byte is found faster than two, and most text has no escapes.
        int first = json[start..].IndexOf((byte)'\\');
        if (first < 0)
        {
            return -1;
        }

        for (int i = start + first; ;)
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

    /// <summary>Whether the backslash at a position is the second of two, and so does not begin an escape.</summary>
    private static bool IsEscaped(ReadOnlySpan<byte> json, int backslash)
    {
        int others = json[..backslash].LastIndexOfAnyExcept((byte)'\\');
        return (backslash - others - 1) % 2 == 1;
    }
}

/// <summary>Formats text for logs, reports and messages.</summary>
internal static class PrintableText
{
    /// <summary>Returns a text from an untrusted source in which spaces replace characters that could forge or hide lines of a log: control characters, format
    /// characters and line separators.</summary>
    public static string? Printable(string? text) => text is null || !text.Any(IsUnsafe) ? text
        : string.Create(text.Length, text, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = IsUnsafe(source[i]) ? ' ' : source[i];
            }
        });

    /// <summary>Formats a time as in RFC 3339, in UTC, to the second.</summary>
    public static string Utc(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Returns whether a text has at most this many characters, and all of them are printable ASCII.</summary>
    public static bool IsAscii(ReadOnlySpan<char> text, int longest = int.MaxValue) => text.Length <= longest && !text.ContainsAnyExceptInRange(' ', '~');

    /// <inheritdoc cref="IsAscii(ReadOnlySpan{char}, int)"/>
    public static bool IsAscii(ReadOnlySpan<byte> text, int longest) => text.Length <= longest && !text.ContainsAnyExceptInRange((byte)' ', (byte)'~');

    private static bool IsUnsafe(char character) => char.GetUnicodeCategory(character) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
