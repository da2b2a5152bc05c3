using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>Ensures that a body has the <c>cache_salt</c> that the service requires.</summary>
internal static class PromptCacheSaltWriter
{
    /// <summary>The characters that salts of this library consist of.</summary>
    private static readonly SearchValues<byte> Plain = MemberNames.Bytes(MemberNames.LettersAndDigits + "+/=");

    public static ReadOnlySpan<byte> Name => "cache_salt"u8;

    /// <summary>
    /// Adds <paramref name="salt"/> if the body has none (absent, null or empty): appended at the end, or in place.
    /// The index is kept up to date.
    /// </summary>
    /// <returns>True if the salt was added; false if the caller's own is kept.</returns>
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

    /// <summary>The unescaped salt of a body that has one; the caller wipes it.</summary>
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

    /// <summary>Returns a salt as a JSON string. It is escaped only if necessary, because escaping leaves a copy in a string.</summary>
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

/// <summary>The member <c>prompt_cache_key</c>, in which OpenAI's clients name the session. The service does not need it: endpoints with a
/// prompt cache do not send it.</summary>
internal static class PromptCacheKey
{
    public const string MemberName = "prompt_cache_key";

    /// <summary>Removes the member from a body. The index is kept up to date.</summary>
    /// <returns>The name of the session; null if the body names none.</returns>
    /// <exception cref="PrivatemodeRequestException">The value is neither text nor null.</exception>
    public static string? Take(PooledBytes document, JsonIndex index)
    {
        int at = index.Find("prompt_cache_key"u8);
        if (at < 0)
        {
            return null;
        }

        JsonMember member = index.Members[at];
        Utf8JsonReader reader = new(member.Value(document.Span));
        _ = reader.Read();
        string? session = reader.TokenType is JsonTokenType.String or JsonTokenType.Null ? reader.GetString() : throw NotText();

        // With the comma before it, or after it for the first member.
        int start = at > 0 ? index.Members[at - 1].ValueEnd : document.Span.IndexOf((byte)'{') + 1;
        int end = member.ValueEnd;
        if (at == 0 && index.Members.Length > 1)
        {
            end += document.Span[end..].IndexOf((byte)',') + 1;
        }

        document.Replace(start, end - start, default);
        return index.Read(document.Span) == JsonShape.Usable
            ? session
            : throw new InvalidOperationException($"The body cannot be sent without '{MemberName}'.");
    }

    public static PrivatemodeRequestException NotText() => new(
        MemberName,
        $"'{MemberName}' must be valid Unicode text of at most {PromptCacheSaltProvider.MaxSessionLength} bytes. Use the ID of the session.");
}

/// <summary>Provides the salts of one client, which decide which calls share the prompt cache. With a salt, an attacker could test what was cached.</summary>
/// <remarks>The client's secret is pinned, and zeroed when the provider is disposed. Salts and secrets that the application set belong to the scope.</remarks>
/// <param name="areManyCallers">Whether callers have their own API keys; then users with different keys never share.</param>
internal sealed class PromptCacheSaltProvider(PromptCacheScope scope, bool areManyCallers = false) : IDisposable
{
    /// <summary>The maximum length of a session name, in bytes of UTF-8.</summary>
    public const int MaxSessionLength = 1024;

    /// <summary>The size of secrets, and of random salts, in bytes.</summary>
    public const int SecretSize = 32;

    // HKDF's info: the purpose of the output, then the user. A digest has a fixed length and a user comes last, so that inputs never collide.
    private static ReadOnlySpan<byte> PerClientLabel => "Privatemode.AI prompt cache v1 client\0"u8;

    private static ReadOnlySpan<byte> PerUserLabel => "Privatemode.AI prompt cache v1 user\0"u8;

    private static ReadOnlySpan<byte> PerUserOfKeyLabel => "Privatemode.AI prompt cache v1 key and user\0"u8;

    private static ReadOnlySpan<byte> SessionLabel => "Privatemode.AI prompt cache v1 session\0"u8;

    private static ReadOnlySpan<byte> SessionOfKeyLabel => "Privatemode.AI prompt cache v1 key and session\0"u8;

    private readonly Lock _gate = new();
    private readonly byte[]? _clientSecret =
        ReferenceEquals(scope, PromptCacheScope.PerClient) || scope is { IsPerSession: true, Secret: null } ? NewSecret() : null;
    private bool _disposed;

    /// <summary>Returns the salt of a call.</summary>
    /// <param name="sessionKey">The session that the caller names; null or empty if the caller names none. It restricts the sharing, and is not sent.</param>
    /// <param name="caller">The caller, if several share an API key: their sessions differ, even if their names are equal.</param>
    /// <param name="random"><see cref="SecretSize"/> random bytes that no other call has, for a salt of this call alone; zeroed if they were used.</param>
    /// <param name="isShared">False if no other call will have the same salt.</param>
    /// <returns>Text in UTF-8; the caller wipes it.</returns>
    /// <exception cref="PrivatemodeRequestException">The current user's ID is not valid text, or the session is not valid text or is too long.</exception>
    public byte[] Of(string apiKey, string? sessionKey, string? caller, Span<byte> random, out bool isShared)
    {
        byte[]? session = string.IsNullOrEmpty(sessionKey) ? null : SessionOf(sessionKey, caller);
        if (!scope.IsPerSession)
        {
            byte[] salt = Of(apiKey, random, out isShared);
            return session is null || !isShared ? salt : Narrow(salt, session);
        }

        isShared = session is not null;
        return session is null ? Text(random) : DeriveOf(scope.Secret, [.. SessionOfKeyLabel, .. ApiKeyDigest.Of(apiKey), .. session]);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            CryptographicOperations.ZeroMemory(_clientSecret);
        }
    }

    /// <summary>Returns the salt of a call that names no session.</summary>
    private byte[] Of(string apiKey, Span<byte> random, out bool isShared)
    {
        isShared = true;
        if (scope.SharedSalt is { } salt)
        {
            return [.. salt];
        }

        if (_clientSecret is not null)
        {
            return DeriveOf(secret: null, [.. PerClientLabel, .. ApiKeyDigest.Of(apiKey)]);
        }

        if (scope.CurrentUser is { } currentUser && UserCallback.Invoke(currentUser) is { Length: > 0 } user)
        {
            byte[] id = PromptCacheScope.BytesOf(user) ?? throw new PrivatemodeRequestException(
                OptionNames.PromptCacheScope, "The user of the prompt cache is not valid Unicode text. Return valid text for the user of this call.");
            return Derive(scope.Secret!, areManyCallers ? [.. PerUserOfKeyLabel, .. ApiKeyDigest.Of(apiKey), .. id] : [.. PerUserLabel, .. id]);
        }

        isShared = false;
        return Text(random);
    }

    /// <summary>Returns the salt of one session of callers that share a salt.</summary>
    private static byte[] Narrow(byte[] salt, byte[] session)
    {
        try
        {
            return Derive(salt, [.. SessionLabel, .. session]);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(salt);
        }
    }

    /// <summary>Returns a part of fixed length, then the session, so that different inputs never have the same bytes.</summary>
    private static byte[] SessionOf(string sessionKey, string? caller)
    {
        byte[]? session = PromptCacheScope.BytesOf(sessionKey);
        return session is { Length: <= MaxSessionLength }
            ? [.. caller is null ? new byte[SHA256.HashSizeInBytes] : SHA256.HashData(Encoding.UTF8.GetBytes(caller)), .. session]
            : throw PromptCacheKey.NotText();
    }

    private static byte[] NewSecret()
    {
        byte[] secret = GC.AllocateArray<byte>(SecretSize, pinned: true);
        RandomNumberGenerator.Fill(secret);
        return secret;
    }

    /// <summary>Derives a salt from a secret, or from the client's secret if <paramref name="secret"/> is null.</summary>
    /// <exception cref="ObjectDisposedException">The client was disposed: a salt that is derived from zeros would be known to everyone.</exception>
    private byte[] DeriveOf(byte[]? secret, byte[] info)
    {
        if (secret is not null)
        {
            return Derive(secret, info);
        }

        lock (_gate)
        {
            return _disposed ? throw new ObjectDisposedException("PrivatemodeClient") : Derive(_clientSecret!, info);
        }
    }

    private static byte[] Derive(byte[] secret, byte[] info)
    {
        Span<byte> derived = stackalloc byte[SecretSize];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, derived, salt: default, info);
        return Text(derived);
    }

    /// <summary>Returns bytes as base64, and wipes them.</summary>
    private static byte[] Text(Span<byte> bytes)
    {
        byte[] text = new byte[Base64.GetMaxEncodedToUtf8Length(bytes.Length)];
        _ = Base64.EncodeToUtf8(bytes, text, out _, out _);
        CryptographicOperations.ZeroMemory(bytes);
        return text;
    }
}
