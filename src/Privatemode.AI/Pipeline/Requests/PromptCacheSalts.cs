using System.Buffers.Text;
using System.Security.Cryptography;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Calls;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>The salts of one client: which calls share the prompt cache. Salts are secrets, whoever has one can test what was cached.</summary>
/// <param name="scope">Who shares.</param>
/// <param name="areManyCallers">Whether callers bring API keys of their own; then users of different keys never share.</param>
internal sealed class PromptCacheSalts(PromptCacheScope scope, bool areManyCallers = false)
{
    private const int SecretSize = 32;

    // HKDF's info: what the output is for, then who. A digest has a fixed length and a user comes last, so that no two inputs read alike.
    private static ReadOnlySpan<byte> PerClientLabel => "Privatemode.AI prompt cache v1 client\0"u8;

    private static ReadOnlySpan<byte> PerUserLabel => "Privatemode.AI prompt cache v1 user\0"u8;

    private static ReadOnlySpan<byte> PerUserOfKeyLabel => "Privatemode.AI prompt cache v1 key and user\0"u8;

    private readonly byte[]? _clientSecret = ReferenceEquals(scope, PromptCacheScope.PerClient) ? RandomNumberGenerator.GetBytes(SecretSize) : null;

    /// <summary>The salt of a call.</summary>
    /// <param name="apiKey">The caller's.</param>
    /// <param name="isShared">False when no other call will have it.</param>
    /// <returns>Text in UTF-8, for the caller to wipe.</returns>
    /// <exception cref="PrivatemodeRequestException">The current user's id is not valid text.</exception>
    public byte[] Of(string apiKey, out bool isShared)
    {
        isShared = true;
        if (scope.SharedSalt is { } salt)
        {
            return [.. salt];
        }

        if (_clientSecret is not null)
        {
            return Derive(_clientSecret, [.. PerClientLabel, .. ApiKeys.DigestOf(apiKey)]);
        }

        if (scope.CurrentUser is { } currentUser && Callbacks.Ask(currentUser) is { Length: > 0 } user)
        {
            byte[] id = PromptCacheScope.BytesOf(user) ?? throw new PrivatemodeRequestException(
                OptionNames.PromptCacheScope, "The user of the prompt cache is not valid Unicode text. Return valid text for the user of this call.");
            return Derive(scope.Secret!, areManyCallers ? [.. PerUserOfKeyLabel, .. ApiKeys.DigestOf(apiKey), .. id] : [.. PerUserLabel, .. id]);
        }

        isShared = false;
        return Random();
    }

    /// <summary>Base64 of 32 random bytes.</summary>
    public static byte[] Random()
    {
        Span<byte> random = stackalloc byte[SecretSize];
        RandomNumberGenerator.Fill(random);
        return Text(random);
    }

    private static byte[] Derive(byte[] secret, byte[] info)
    {
        Span<byte> derived = stackalloc byte[SecretSize];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, derived, salt: default, info);
        return Text(derived);
    }

    /// <summary>Base64, and the bytes wiped.</summary>
    private static byte[] Text(Span<byte> bytes)
    {
        byte[] text = new byte[Base64.GetMaxEncodedToUtf8Length(bytes.Length)];
        _ = Base64.EncodeToUtf8(bytes, text, out _, out _);
        CryptographicOperations.ZeroMemory(bytes);
        return text;
    }
}
