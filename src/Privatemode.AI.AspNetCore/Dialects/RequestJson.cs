using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>Reads request bodies of callers with limits, and without creating strings from content.</summary>
/// <remarks>A body that is refused causes a <see cref="PrivatemodeRequestException"/>, which names members and positions but never values.</remarks>
internal static class RequestJson
{
    /// <summary>The maximum nesting depth, which is also that of the library: tool schemas can be deeper than .NET's default of 64 levels.</summary>
    public const int MaxDepth = 256;

    // Each takes 12 bytes beside the text. The largest bodies of coding assistants have some 20,000.
    private const int MaxJsonTokens = 1_000_000;

    /// <summary>Parses a body that is a JSON object without duplicate names. Dispose the result.</summary>
    /// <exception cref="PrivatemodeRequestException">The body is not such an object, or has too many values.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        JsonDocument document;
        try
        {
            ThrowIfUnbounded(body.Span);
            document = JsonDocument.Parse(body, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = MaxDepth });
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Without the exception itself: what it says may quote the body.
            throw NotJson();
        }

        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            document.Dispose();
            throw NotJson();
        }

        return document;
    }

    public static PrivatemodeRequestException NotJson() => new(
        "body", "The body is not a JSON object that can be read: check its syntax, its UTF-8 encoding, and that no name occurs twice in an object.");

    public static PrivatemodeRequestException Wrong(string member, string what) => new(member, $"'{member}' must be {what}.");

    public static PrivatemodeRequestException Missing(string member) => new(member, $"'{member}' is missing.");

    /// <summary>Returns the bytes of a value as they are in the body.</summary>
    public static ReadOnlySpan<byte> Raw(JsonElement value) => JsonMarshal.GetRawUtf8Value(value);

    /// <summary>Returns the bytes between the quotation marks of a string, including escape sequences.</summary>
    public static ReadOnlySpan<byte> Inner(JsonElement text) => Raw(text)[1..^1];

    /// <summary>Gets the member of an object. Returns false if it is absent or <see langword="null"/>, which have the same meaning in all three APIs.</summary>
    public static bool TryGet(JsonElement parent, ReadOnlySpan<byte> name, out JsonElement value) =>
        parent.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    public static bool IsText(JsonElement value) => value.ValueKind == JsonValueKind.String;

    /// <summary>Returns whether a value is exactly this ASCII text.</summary>
    public static bool IsText(JsonElement value, ReadOnlySpan<byte> text) =>
        IsText(value) && (Inner(value).SequenceEqual(text) || (Inner(value).Contains((byte)'\\') && Short(value)?.AsSpan().SequenceEqual(Ascii(text)) == true));

    /// <summary>Returns whether a value is a string that begins with this ASCII text, escaped or not.</summary>
    public static bool StartsWith(JsonElement value, ReadOnlySpan<byte> prefix) => IsText(value) && StartsWith(Inner(value), prefix);

    /// <summary>Returns whether the inside of a JSON string begins with this ASCII text, escaped or not.</summary>
    public static bool StartsWith(ReadOnlySpan<byte> inner, ReadOnlySpan<byte> prefix)
    {
        int position = 0;
        foreach (byte expected in prefix)
        {
            if (position >= inner.Length || ReadAscii(inner, ref position) != expected)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Returns a string that is expected to be a name, an ID or a keyword. Returns null if the value is not a string, is longer than 256 bytes, or is
    /// not valid Unicode text.</summary>
    public static string? Short(JsonElement value)
    {
        if (!IsText(value) || Raw(value).Length > 258)
        {
            return null;
        }

        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair.
            return null;
        }
    }

    /// <summary>Returns whether a member is true. A value that is neither true nor false is refused.</summary>
    /// <param name="parent">The object.</param>
    /// <param name="name">The name of the member.</param>
    /// <param name="path">The name for the exception.</param>
    public static bool Flag(JsonElement parent, ReadOnlySpan<byte> name, string path) =>
        TryGet(parent, name, out JsonElement value) && value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Wrong(path, "true or false"),
        };

    /// <summary>Returns the next character if it is ASCII; otherwise -1. An escape sequence counts as the character that it represents.</summary>
    public static int ReadAscii(ReadOnlySpan<byte> inner, ref int position)
    {
        byte first = inner[position++];
        if (first != '\\')
        {
            return first;
        }

        byte kind = inner[position++];
        if (kind != 'u')
        {
            return kind switch { (byte)'n' => '\n', (byte)'t' => '\t', (byte)'r' => '\r', (byte)'b' => '\b', (byte)'f' => '\f', _ => kind };
        }

        int value = Convert.ToInt32(Encoding.ASCII.GetString(inner.Slice(position, 4)), 16);
        position += 4;
        return value < 128 ? value : -1;
    }

    private static string Ascii(ReadOnlySpan<byte> text) => Encoding.ASCII.GetString(text);

    private static void ThrowIfUnbounded(ReadOnlySpan<byte> body)
    {
        if (!Utf8.IsValid(body))
        {
            throw NotJson();
        }

        Utf8JsonReader reader = new(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        for (int tokens = 0; reader.Read(); tokens++)
        {
            if (tokens == MaxJsonTokens)
            {
                throw new PrivatemodeRequestException("body", $"The body has more than {MaxJsonTokens} JSON names, values and brackets. Send less at once.");
            }
        }
    }
}
