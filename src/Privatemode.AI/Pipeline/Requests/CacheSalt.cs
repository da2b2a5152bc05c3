using System.Buffers;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>Makes sure that a body carries the <c>cache_salt</c> the service demands.</summary>
internal static class CacheSalt
{
    /// <summary>What all salts of this library are made of.</summary>
    private static readonly SearchValues<byte> Plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="u8);

    public static ReadOnlySpan<byte> Name => "cache_salt"u8;

    /// <summary>
    /// Puts <paramref name="salt"/> in when the body has none (absent, null or empty): appended at the end, or in place.
    /// The index is kept up to date.
    /// </summary>
    /// <returns>True when the salt was put in; false when the caller's own stands.</returns>
    /// <exception cref="PrivatemodeRequestException">The caller's salt is not a string of at least 32 bytes.</exception>
    public static bool Ensure(PooledBytes document, JsonIndex index, ReadOnlySpan<byte> salt)
    {
        int at = index.Find(Name);
        if (at < 0)
        {
            byte[] quoted = Quoted(salt);
            Append(document, index, quoted);
            CryptographicOperations.ZeroMemory(quoted);
            return true;
        }

        JsonMember member = index.Members[at];
        ReadOnlySpan<byte> value = member.Value(document.Span);
        if (value.SequenceEqual("null"u8) || value.SequenceEqual("\"\""u8))
        {
            byte[] quoted = Quoted(salt);
            document.Replace(member.ValueStart, member.ValueLength, quoted);
            CryptographicOperations.ZeroMemory(quoted);
            _ = index.Read(document.Span);
            return true;
        }

        byte[]? callers = member.Kind == JsonTokenType.String ? SaltBytes(value) : null;
        CryptographicOperations.ZeroMemory(callers);
        if (callers is not { Length: >= PromptCacheScope.MinimumSaltBytes })
        {
            throw new PrivatemodeRequestException(
                "cache_salt",
                $"The cache_salt of the request is not a string of at least {PromptCacheScope.MinimumSaltBytes} bytes. " +
                "Use base64 of 32 random bytes, or leave it out.");
        }

        return false;
    }

    /// <summary>The unescaped salt of a body that has one, for the caller to wipe.</summary>
    public static byte[] Get(ReadOnlySpan<byte> document, JsonIndex index) => SaltBytes(index.Members[index.Find(Name)].Value(document))!;

    private static byte[]? SaltBytes(ReadOnlySpan<byte> value)
    {
        Utf8JsonReader reader = new(value);
        _ = reader.Read();
        try
        {
            byte[] bytes = new byte[reader.ValueSpan.Length];
            int length = reader.CopyString(bytes);
            if (length == bytes.Length)
            {
                return bytes;
            }

            byte[] salt = bytes[..length];
            CryptographicOperations.ZeroMemory(bytes);
            return salt;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>In quotes; escaped only where it has to be, because that makes a string of it.</summary>
    private static byte[] Quoted(ReadOnlySpan<byte> salt) => salt.ContainsAnyExcept(Plain)
        ? [(byte)'"', .. JsonEncodedText.Encode(salt, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes, (byte)'"']
        : [(byte)'"', .. salt, (byte)'"'];

    private static void Append(PooledBytes document, JsonIndex index, ReadOnlySpan<byte> quotedSalt)
    {
        int brace = document.Span.LastIndexOf((byte)'}');
        ReadOnlySpan<byte> comma = index.Members.IsEmpty ? default : ","u8;
        ReadOnlySpan<byte> label = "\"cache_salt\":"u8;
        byte[] member = [.. comma, .. label, .. quotedSalt];
        document.Replace(brace, 0, member);
        CryptographicOperations.ZeroMemory(member);
        index.Append(Name, brace + comma.Length + label.Length, quotedSalt.Length, JsonTokenType.String);
    }
}
