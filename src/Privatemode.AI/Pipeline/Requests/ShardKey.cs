using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>
/// The <c>Privatemode-Shard-Key</c>: routes requests with the same salt and the same beginning to the same cache. It reveals only the
/// approximate length of the prompt and shared beginnings.
/// </summary>
internal static class ShardKey
{
    private const int BytesPerToken = 4;
    private const int MaxTokens = 1_000_000;
    private const int SaltHashCharacters = 16;

    // Blocks: 16 tokens up to token 1,024, then 128 tokens up to 100,096, then 512. Only complete blocks are used.
    private const int SmallBlock = 16 * BytesPerToken;
    private const int MediumBlock = 128 * BytesPerToken;
    private const int LargeBlock = 512 * BytesPerToken;
    private const int MediumFrom = 1_024 * BytesPerToken;
    private const int LargeFrom = 100_096 * BytesPerToken;

    // Base64 (RFC 4648, section 4).
    private const string Alphabet = MemberNames.LettersAndDigits + "+/";

    /// <summary>Returns the key of a body under the given salt.</summary>
    public static string OfBody(ReadOnlySpan<byte> document, JsonIndex index, ReadOnlySpan<byte> salt)
    {
        using PooledBytes content = new(document.Length);
        AppendMember(document, index, "system"u8, content);
        AppendMember(document, index, "tools"u8, content);
        AppendMember(document, index, "messages"u8, content);
        AppendMember(document, index, "prompt"u8, content);
        AppendMember(document, index, "suffix"u8, content);
        return OfContent(content.Span, salt);
    }

    /// <summary>Returns the key of the content under the given salt.</summary>
    /// <exception cref="PrivatemodeRequestException">The content has more than 1,000,000 tokens of 4 bytes.</exception>
    public static string OfContent(ReadOnlySpan<byte> content, ReadOnlySpan<byte> salt)
    {
        if (content.Length / BytesPerToken > MaxTokens)
        {
            throw new PrivatemodeRequestException(
                "body",
                "The prompt is too long to share the prompt cache: more than 1,000,000 tokens of 4 bytes. Shorten it, or use no shared cache.");
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(salt, hash);
        string key = Convert.ToHexStringLower(hash)[..SaltHashCharacters];
        return content.Length < SmallBlock ? key : $"{key}-{Blocks(content, hash)}";
    }

    private static string Blocks(ReadOnlySpan<byte> content, Span<byte> hash)
    {
        ArrayBufferWriter<char> characters = new();
        using IncrementalHash sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        int at = 0;
        for (int size = BlockAt(at); content.Length - at >= size; size = BlockAt(at))
        {
            sha.AppendData(hash);
            sha.AppendData(content.Slice(at, size));
            _ = sha.GetHashAndReset(hash);
            characters.GetSpan(1)[0] = Alphabet[hash[^1] & 63];
            characters.Advance(1);
            at += size;
        }

        return new string(characters.WrittenSpan);
    }

    private static int BlockAt(int position) => position < MediumFrom ? SmallBlock : position < LargeFrom ? MediumBlock : LargeBlock;

    /// <summary>Appends a member as raw JSON text, except that strings are unescaped, fractions are in their shortest form, and null is omitted.</summary>
    private static void AppendMember(ReadOnlySpan<byte> document, JsonIndex index, ReadOnlySpan<byte> name, PooledBytes content)
    {
        int i = index.Find(name);
        if (i < 0 || index.Members[i].Kind == JsonTokenType.Null)
        {
            return;
        }

        ReadOnlySpan<byte> value = index.Members[i].Value(document);
        switch (index.Members[i].Kind)
        {
            case JsonTokenType.String: CanonicalText.AppendUnescaped(value, content); break;
            case JsonTokenType.Number: content.Append(Encoding.ASCII.GetBytes(CanonicalText.Number(value))); break;
            default: content.Append(value); break;
        }
    }
}

/// <summary>Unescapes JSON strings, including lone surrogates, like the service's own reader.</summary>
internal static class CanonicalText
{
    private const int UnicodeEscapeLength = 6;

    /// <summary>Appends the text of a raw JSON string in UTF-8; a lone surrogate becomes U+FFFD.</summary>
    public static void AppendUnescaped(ReadOnlySpan<byte> rawString, PooledBytes output)
    {
        Utf8JsonReader reader = new(rawString);
        _ = reader.Read();
        int before = output.Length;
        Span<byte> destination = output.Extend(reader.ValueSpan.Length);
        try
        {
            int written = reader.CopyString(destination);
            output.Truncate(before + written);
        }
        catch (InvalidOperationException)
        {
            output.Truncate(before);
            AppendLeniently(reader.ValueSpan, output);
        }
    }

    /// <summary>Returns a whole number unchanged, and any other in its shortest form without exponent, as the service's own reader writes it.</summary>
    public static string Number(ReadOnlySpan<byte> raw)
    {
        string text = Encoding.ASCII.GetString(raw);
        bool isWhole = !text.AsSpan().ContainsAny('.', 'e', 'E');
        if (isWhole || !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
        {
            return text;
        }

        string shortest = number.ToString("R", CultureInfo.InvariantCulture);
        return shortest.Contains('E', StringComparison.Ordinal)
            && decimal.TryParse(shortest, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal wide)
            ? wide.ToString(CultureInfo.InvariantCulture)
            : shortest;
    }

    private static void AppendLeniently(ReadOnlySpan<byte> escaped, PooledBytes output)
    {
        while (!escaped.IsEmpty)
        {
            int plain = escaped.IndexOf((byte)'\\');
            output.Append(plain < 0 ? escaped : escaped[..plain]);
            if (plain < 0)
            {
                return;
            }

            escaped = escaped[plain..];
            escaped = escaped[(escaped[1] == (byte)'u' ? AppendUnicode(escaped, output) : AppendShort(escaped[1], output))..];
        }
    }

    private static int AppendShort(byte letter, PooledBytes output)
    {
        output.Append(letter switch
        {
            (byte)'b' => (byte)'\b',
            (byte)'f' => (byte)'\f',
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            _ => letter,
        });
        return 2;
    }

    private static int AppendUnicode(ReadOnlySpan<byte> escaped, PooledBytes output)
    {
        char first = CodeUnit(escaped);
        ReadOnlySpan<byte> next = escaped[UnicodeEscapeLength..];
        bool isPair = char.IsHighSurrogate(first) && next.StartsWith("\\u"u8) && char.IsLowSurrogate(CodeUnit(next));
        Rune rune = isPair ? new Rune(first, CodeUnit(next)) : Rune.TryCreate(first, out Rune single) ? single : Rune.ReplacementChar;
        Span<byte> utf8 = stackalloc byte[4];
        output.Append(utf8[..rune.EncodeToUtf8(utf8)]);
        return isPair ? 2 * UnicodeEscapeLength : UnicodeEscapeLength;
    }

    private static char CodeUnit(ReadOnlySpan<byte> escape) =>
        (char)ushort.Parse(escape.Slice(2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
