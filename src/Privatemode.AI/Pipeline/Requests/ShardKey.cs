using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>
/// The <c>Privatemode-Shard-Key</c>: leads requests with the same salt and the same beginning to the same cache. It reveals the
/// approximate length of the prompt and shared beginnings, and nothing else.
/// </summary>
internal static class ShardKey
{
    private const int BytesPerToken = 4;
    private const int MaxTokens = 1_000_000;
    private const int SaltHashCharacters = 16;

    // Blocks: 16 tokens up to token 1,024, then 128 tokens up to 100,096, then 512. Only whole blocks count.
    private const int SmallBlock = 16 * BytesPerToken;
    private const int MediumBlock = 128 * BytesPerToken;
    private const int LargeBlock = 512 * BytesPerToken;
    private const int MediumFrom = 1_024 * BytesPerToken;
    private const int LargeFrom = 100_096 * BytesPerToken;

    private static ReadOnlySpan<byte> Alphabet => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"u8;

    /// <summary>The key of a body under the given salt.</summary>
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

    /// <summary>The key of the content under the given salt.</summary>
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
            characters.GetSpan(1)[0] = (char)Alphabet[hash[^1] & 63];
            characters.Advance(1);
            at += size;
        }

        return new string(characters.WrittenSpan);
    }

    private static int BlockAt(int position) => position < MediumFrom ? SmallBlock : position < LargeFrom ? MediumBlock : LargeBlock;

    /// <summary>Raw JSON text, except that a string counts unescaped, a fraction in its shortest form, and null as nothing.</summary>
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
            case JsonTokenType.String: JsonText.AppendUnescaped(value, content); break;
            case JsonTokenType.Number: content.Append(Encoding.ASCII.GetBytes(JsonText.Number(value))); break;
            default: content.Append(value); break;
        }
    }
}
