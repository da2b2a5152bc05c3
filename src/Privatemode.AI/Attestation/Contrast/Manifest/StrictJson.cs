using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>An object of a strictly read JSON text, with the exceptions for invalid members.</summary>
/// <remarks>
/// Names must match exactly, occur once, and be valid UTF-8; unknown members are ignored. Stricter than Contrast's verifier (Go), which ignores case: a name
/// that differs from a known one only in case is refused, because two readers would understand it differently. A null is treated as absent.
/// </remarks>
internal readonly struct StrictObject
{
    /// <summary>The maximum number of values, names and brackets; real texts have several hundred. Each needs memory in addition to the text.</summary>
    public const int MaxTokens = 16 * 1024;

    /// <summary>The maximum length of a string in bytes, including escape sequences; base64 strings can be longer.</summary>
    public const int MaxText = 64 * 1024;

    private const int MaxDepth = 16;
    private const int MaxEscapeLength = 6;

    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = MaxDepth };

    private readonly JsonElement _element;
    private readonly string _path;
    private readonly StrictJsonExceptions _failure;

    public StrictObject(JsonElement element, string path, StrictJsonExceptions failure, params ReadOnlySpan<string> names)
    {
        _element = element;
        _path = path;
        _failure = failure;
        Require(element.ValueKind == JsonValueKind.Object, path.Length == 0 ? "a JSON object" : $"{path} as an object");
        foreach (JsonProperty member in element.EnumerateObject())
        {
            foreach (string name in names)
            {
                // A name that is too long to be this one, even if it is completely escaped, is not converted to a string.
                bool isShort = JsonMarshal.GetRawUtf8PropertyName(member).Length <= MaxEscapeLength * name.Length;
                Require(!isShort || member.NameEquals(name) || !IsSameToAForgivingReader(member.Name, name), $"the member name {name}, spelled like this");
            }
        }
    }

    /// <summary>Reads one JSON text with no bytes after it.</summary>
    /// <exception cref="PrivatemodeVerificationException">It is not a JSON object, or <paramref name="read"/> refused it.</exception>
    public static T Read<T>(ReadOnlyMemory<byte> utf8, int maxSize, StrictJsonExceptions failure, Func<JsonElement, T> read)
    {
        // The parser checks the UTF-8 of a string only when the string is read.
        if (utf8.Length > maxSize || !Utf8.IsValid(utf8.Span))
        {
            throw failure.Create($"a JSON object in UTF-8 of at most {maxSize} bytes");
        }

        try
        {
            CheckTokens(utf8.Span, failure);
            using JsonDocument document = JsonDocument.Parse(utf8, Options);
            return read(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw failure.Create("a JSON object"); // InvalidOperationException: an escaped lone surrogate
        }
    }

    /// <summary>The path of a member, from the root of the text.</summary>
    public string PathOf(string name) => _path.Length == 0 ? name : $"{_path}.{name}";

    public JsonElement? Member(string name) =>
        _element.TryGetProperty(name, out JsonElement member) && member.ValueKind != JsonValueKind.Null ? member : null;

    public string? OptionalText(string name) => Member(name) is { } member ? Text(member, PathOf(name)) : null;

    /// <summary>Padded standard base64.</summary>
    public byte[] Base64(string name) => Base64(Member(name), PathOf(name));

    public IReadOnlyList<ReadOnlyMemory<byte>> Base64Items(string name)
    {
        StrictObject self = this;
        return ReadList<ReadOnlyMemory<byte>>(name, (item, path) => self.Base64(item, path));
    }

    /// <summary>Reads the elements of an array, each with its path; empty if it is absent.</summary>
    public IReadOnlyList<T> ReadList<T>(string name, Func<JsonElement, string, T> read)
    {
        string path = PathOf(name);
        return [.. Items(name).Select((item, i) => read(item, $"{path}[{i}]"))];
    }

    /// <summary>The elements of an array; empty if it is absent.</summary>
    public IEnumerable<JsonElement> Items(string name)
    {
        if (Member(name) is not { } member)
        {
            return [];
        }

        Require(member.ValueKind == JsonValueKind.Array, $"{PathOf(name)} as an array");
        return member.EnumerateArray();
    }

    public IReadOnlyList<string> TextItems(string name)
    {
        StrictObject self = this;
        return ReadList(name, (item, path) => self.Text(item, path));
    }

    /// <summary>Requires an array of strings. They can be long, and their content is not checked.</summary>
    public void RequireTexts(string name)
    {
        foreach (JsonElement item in Items(name))
        {
            Require(item.ValueKind == JsonValueKind.String, $"{PathOf(name)} as strings");
        }
    }

    /// <summary>A flag; false if it is absent.</summary>
    public bool Flag(string name)
    {
        if (Member(name) is not { } member)
        {
            return false;
        }

        Require(member.ValueKind is JsonValueKind.True or JsonValueKind.False, $"{PathOf(name)} as true or false");
        return member.GetBoolean();
    }

    private static void CheckTokens(ReadOnlySpan<byte> utf8, StrictJsonExceptions failure)
    {
        Utf8JsonReader reader = new(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        for (int tokens = 0; reader.Read(); tokens++)
        {
            if (tokens == MaxTokens)
            {
                throw failure.Create($"a JSON object of at most {MaxTokens} names, values and brackets");
            }
        }
    }

    private byte[] Base64(JsonElement? member, string path) => member is { } text && StrictBase64.Decode(text) is { } bytes
        ? bytes
        : throw _failure.Create($"{path} as a string of padded standard base64");

    private string Text(JsonElement element, string path)
    {
        Require(element.ValueKind == JsonValueKind.String, $"{path} as a string");
        Require(JsonMarshal.GetRawUtf8Value(element).Length <= MaxText, $"{path} of at most {MaxText} bytes");
        return element.GetString()!;
    }

    private void Require(bool condition, string expected)
    {
        if (!condition)
        {
            throw _failure.Create(expected);
        }
    }

    // Go compares names with Unicode's simple case folding, in which two non-ASCII letters equal an ASCII letter.
    private static bool IsSameToAForgivingReader(string found, string name) =>
        found.Length == name.Length
        && found.Replace('\u017F', 's').Replace('\u212A', 'k').Equals(name, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Padded standard base64 in a JSON string, in the one form that an encoder writes.</summary>
/// <remarks>Decoded in pieces, so that only the result is allocated: answers can have some megabytes.</remarks>
internal static class StrictBase64
{
    private const int PieceSize = 1024;
    private const int CodeEscapeSize = 6; // \u002B

    /// <summary>The bytes; null if the element is anything else.</summary>
    public static byte[]? Decode(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        ReadOnlySpan<byte> text = JsonMarshal.GetRawUtf8Value(element)[1..^1];
        (int length, int padding) = Measure(text);
        return length % 4 == 0 ? Decode(text, length / 4 * 3 - padding) : null;
    }

    private static byte[]? Decode(ReadOnlySpan<byte> text, int size)
    {
        byte[] result = new byte[size];
        Span<byte> piece = stackalloc byte[PieceSize];
        Span<byte> again = stackalloc byte[PieceSize];
        int done = 0;
        while (!text.IsEmpty)
        {
            int filled = 0;
            while (filled < piece.Length && !text.IsEmpty)
            {
                piece[filled++] = Next(ref text);
            }

            OperationStatus status = Base64.DecodeFromUtf8(piece[..filled], result.AsSpan(done), out _, out int written);
            if (status != OperationStatus.Done)
            {
                return null;
            }

            // Encoding the result again is the strict check: the decoder accepts white space and stray bits after the last byte.
            _ = Base64.EncodeToUtf8(result.AsSpan(done, written), again, out _, out int encoded);
            if (!again[..encoded].SequenceEqual(piece[..filled]))
            {
                return null;
            }

            done += written;
        }

        // Padding in the middle leaves a gap at the end.
        return done == size ? result : null;
    }

    private static (int Length, int Padding) Measure(ReadOnlySpan<byte> text)
    {
        (int length, byte last, byte beforeLast) = (0, 0, 0);
        while (!text.IsEmpty)
        {
            (beforeLast, last) = (last, Next(ref text));
            length++;
        }

        return (length, last != '=' ? 0 : beforeLast != '=' ? 1 : 2);
    }

    // One character; 0, which is not in base64, for a non-ASCII character or an escape of another one. The parser has checked the escapes.
    private static byte Next(ref ReadOnlySpan<byte> text)
    {
        byte first = text[0];
        if (first != '\\')
        {
            text = text[1..];
            return first;
        }

        bool isCode = text[1] == 'u';
        ReadOnlySpan<byte> escape = text[..(isCode ? CodeEscapeSize : 2)];
        text = text[escape.Length..];
        if (!isCode)
        {
            return escape[1] == '/' ? (byte)'/' : (byte)0;
        }

        int code = int.Parse(escape[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return code <= sbyte.MaxValue ? (byte)code : (byte)0;
    }
}

/// <summary>Creates the exceptions for an invalid text: the name of the check, and the message.</summary>
internal sealed record StrictJsonExceptions(string Check, string Message)
{
    public PrivatemodeVerificationException Create(string expected, string? found = null) =>
        PrivatemodeVerificationException.Create(Check, Message, expected, found);

    /// <summary>Returns the same message for another check.</summary>
    public StrictJsonExceptions For(string check) => this with { Check = check };
}
