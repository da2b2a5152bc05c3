using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Responses;

/// <summary>Copies JSON texts without creating strings: strings with content would stay in memory that is not wiped.</summary>
internal static class RawJson
{
    private static readonly SearchValues<byte> Escaped = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(i => (byte)i), (byte)'"', (byte)'\\']);

    private static ReadOnlySpan<byte> HexDigits => "0123456789abcdef"u8;

    /// <summary>Returns the text of an element as written; for a string, with its quotation marks.</summary>
    public static ReadOnlySpan<byte> Of(JsonElement element) => JsonMarshal.GetRawUtf8Value(element);

    /// <summary>Returns the text of a string as written, without its quotation marks.</summary>
    public static ReadOnlySpan<byte> Inside(JsonElement text) => Of(text)[1..^1];

    /// <summary>Writes an element unchanged. It was parsed, so it is valid.</summary>
    public static void Write(Utf8JsonWriter writer, JsonElement element) => writer.WriteRawValue(Of(element), skipInputValidation: true);

    /// <summary>Writes a member unchanged.</summary>
    public static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> name, JsonElement element)
    {
        writer.WritePropertyName(name);
        Write(writer, element);
    }

    /// <summary>Appends text as <see cref="AppendEscaped"/> does, to a request, which has a maximum length.</summary>
    /// <exception cref="PrivatemodeRequestException">The escaped text, which can be six times as long as the text, exceeds the maximum length of a
    /// request.</exception>
    public static void AppendOfRequest(PooledBytes target, ReadOnlySpan<byte> text)
    {
        PooledWriteStream.ThrowIfTooLong(target.Length + EscapedLength(text), RequestEncryptor.WireLimit);
        AppendEscaped(target, text);
    }

    /// <summary>Appends text in UTF-8, or the inside of a JSON string, as the inside of a JSON string that contains it.</summary>
    public static void AppendEscaped(PooledBytes target, ReadOnlySpan<byte> text)
    {
        while (text.IndexOfAny(Escaped) is var next and >= 0)
        {
            target.Append(text[..next]);
            switch (text[next])
            {
                case (byte)'\n':
                    target.Append("\\n"u8);
                    break;
                case (byte)'\t':
                    target.Append("\\t"u8);
                    break;
                case (byte)'\r':
                    target.Append("\\r"u8);
                    break;
                case var special and ((byte)'"' or (byte)'\\'):
                    target.Append((byte)'\\');
                    target.Append(special);
                    break;
                case var control:
                    target.Append("\\u00"u8);
                    target.Append(HexDigits[control >> 4]);
                    target.Append(HexDigits[control & 0xF]);
                    break;
            }

            text = text[(next + 1)..];
        }

        target.Append(text);
    }

    private static long EscapedLength(ReadOnlySpan<byte> text)
    {
        long length = text.Length;
        while (text.IndexOfAny(Escaped) is var next and >= 0)
        {
            length += text[next] is (byte)'\n' or (byte)'\t' or (byte)'\r' or (byte)'"' or (byte)'\\' ? 1 : LoneSurrogates.EscapeLength - 1;
            text = text[(next + 1)..];
        }

        return length;
    }

    /// <summary>Returns the number of characters of a string. A character beyond U+FFFF counts as one, or as two if it is escaped.</summary>
    /// <param name="inside">The inside of a JSON string.</param>
    public static int CountCharacters(ReadOnlySpan<byte> inside)
    {
        int count = 0;
        for (int i = 0; i < inside.Length; i++)
        {
            if (inside[i] == '\\')
            {
                i += inside[i + 1] == 'u' ? LoneSurrogates.EscapeLength - 1 : 1;
                count++;
            }
            else if ((inside[i] & 0xC0) != 0x80)
            {
                count++;
            }
        }

        return count;
    }
}

/// <summary>Joins texts into one JSON string, with an empty line between them.</summary>
internal sealed class JoinedText : IDisposable
{
    private readonly PooledBytes _raw = new(256);

    public bool IsEmpty => _raw.Length == 0;

    /// <summary>Adds the inside of a JSON string; nothing if it is empty.</summary>
    public void Add(ReadOnlySpan<byte> inside)
    {
        if (!inside.IsEmpty)
        {
            _raw.Append(IsEmpty ? "\""u8 : "\\n\\n"u8);
            _raw.Append(inside);
        }
    }

    /// <summary>Adds text in UTF-8.</summary>
    public void AddText(ReadOnlySpan<byte> text)
    {
        if (!text.IsEmpty)
        {
            _raw.Append(IsEmpty ? "\""u8 : "\\n\\n"u8);
            RawJson.AppendOfRequest(_raw, text);
        }
    }

    /// <summary>Writes the string and clears the builder.</summary>
    public void MoveTo(Utf8JsonWriter writer)
    {
        _raw.Append(IsEmpty ? "\"\""u8 : "\""u8);
        writer.WriteRawValue(_raw.Span, skipInputValidation: true);
        _raw.Clear();
    }

    public void Clear() => _raw.Clear();

    public void Dispose() => _raw.Dispose();
}

/// <summary>The position of a value in a request, as in exceptions: <c>input[3].content[0]</c>. It is converted to text only for exceptions.</summary>
internal readonly record struct MemberPath(string Root, int Index = -1, string? List = null, int Part = -1)
{
    /// <summary>The request itself.</summary>
    public static MemberPath Top { get; } = new("");

    public override string ToString() => $"{Root}{Brackets(Index)}{(List is null ? "" : $".{List}")}{Brackets(Part)}";

    public PrivatemodeRequestException Refuse(string message) => new(ToString(), message);

    public PrivatemodeRequestException NotKnown() => Refuse($"'{this}' is not supported.");

    public PrivatemodeRequestException MustBe(string what) => Refuse($"'{this}' must be {what}.");

    /// <summary>The path of a member of this value.</summary>
    public MemberPath Member(ReadOnlySpan<byte> name) => new(Root.Length == 0 ? Encoding.UTF8.GetString(name) : $"{this}.{Encoding.UTF8.GetString(name)}");

    private static string Brackets(int index) => index < 0 ? "" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"[{index}]");
}

/// <summary>The names of the members that an object of the request can have.</summary>
internal sealed class KnownNames(params string[] names)
{
    private readonly byte[][] _names = [.. names.Select(Encoding.ASCII.GetBytes)];

    public bool Contains(JsonProperty member)
    {
        foreach (byte[] name in _names)
        {
            if (member.NameEquals(name))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>An object of the request. A member that is <c>null</c> is treated as absent.</summary>
internal readonly struct RequestObject
{
    // Longer than any word of the API.
    private const int MaxWordLength = 64;

    private readonly JsonElement _element;

    /// <exception cref="PrivatemodeRequestException">The element is not an object.</exception>
    public RequestObject(JsonElement element, MemberPath path)
    {
        (_element, Path) = (element, path);
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw path.MustBe("an object");
        }
    }

    public MemberPath Path { get; }

    public JsonElement? Find(ReadOnlySpan<byte> name) =>
        _element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <exception cref="PrivatemodeRequestException">The object has another member.</exception>
    public RequestObject WithOnly(KnownNames known)
    {
        foreach (JsonProperty member in _element.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.Null && !known.Contains(member))
            {
                // A name with valid characters is quoted; other text is not.
                ReadOnlySpan<byte> name = JsonMarshal.GetRawUtf8PropertyName(member);
                throw MemberNames.IsMember(name) ? Path.Member(name).NotKnown() : Path.Refuse($"'{Path}' has a member that is not supported.");
            }
        }

        return this;
    }

    /// <summary>Returns a required string member, as an element.</summary>
    public JsonElement Text(ReadOnlySpan<byte> name) => FindText(name) ?? throw Path.Member(name).MustBe("a string");

    public JsonElement? FindText(ReadOnlySpan<byte> name) => Find(name, JsonValueKind.String, "a string");

    public JsonElement? FindObject(ReadOnlySpan<byte> name) => Find(name, JsonValueKind.Object, "an object");

    public JsonElement? FindList(ReadOnlySpan<byte> name) => Find(name, JsonValueKind.Array, "a list");

    public bool? FindBoolean(ReadOnlySpan<byte> name) => Find(name) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.ValueKind == JsonValueKind.True
        : throw Path.Member(name).MustBe("true or false");

    /// <summary>Returns a keyword of the API, such as a type. Text that is longer than any keyword is returned as an empty string.</summary>
    public string? FindWord(ReadOnlySpan<byte> name) =>
        FindText(name) is not { } word ? null : RawJson.Of(word).Length > MaxWordLength ? "" : word.GetString();

    /// <summary>Returns a required member that is a name or an ID, with at most the specified number of bytes.</summary>
    public string Name(ReadOnlySpan<byte> name, int longest) => FindName(name, longest) ?? throw BadName(name, longest);

    /// <inheritdoc cref="Name"/>
    public string? FindName(ReadOnlySpan<byte> name, int longest)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        // Each byte is at most one escape.
        bool mayBe = value.ValueKind == JsonValueKind.String && RawJson.Inside(value).Length <= longest * LoneSurrogates.EscapeLength;
        string? text = mayBe ? value.GetString() : null;
        return text is { Length: > 0 } && Encoding.UTF8.GetByteCount(text) <= longest ? text : throw BadName(name, longest);
    }

    private PrivatemodeRequestException BadName(ReadOnlySpan<byte> name, int longest) =>
        Path.Member(name).MustBe($"a string of 1 to {longest} bytes");

    private JsonElement? Find(ReadOnlySpan<byte> name, JsonValueKind kind, string what) =>
        Find(name) is not { } value ? null : value.ValueKind == kind ? value : throw Path.Member(name).MustBe(what);
}
