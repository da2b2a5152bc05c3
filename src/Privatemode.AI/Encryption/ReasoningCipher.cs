using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Privatemode.AI.Encryption;

/// <summary>Encrypts the reasoning of an answer into a text that the caller keeps and sends back with the next request. Thread-safe.
/// </summary>
/// <remarks>
/// The text is <c>pmr1.</c> and base64url of: version (1 byte), ID of the key (4), salt (32), ciphertext, tag (16). Key and nonce of AES-256-GCM come from
/// HKDF-SHA256 over the key, the salt and the caller, so no nonce can repeat, and several clients can use the same key.
/// </remarks>
internal sealed class ReasoningCipher : IDisposable
{
    /// <summary>Length of the key, in bytes.</summary>
    public const int KeySize = 32;

    /// <summary>Length of the context, in bytes: SHA-256 of the API key, then SHA-256 of the caller that shares it, or zeros.</summary>
    public const int ContextSize = 2 * SHA256.HashSizeInBytes;

    /// <summary>The maximum length of reasoning that is decrypted, in bytes.</summary>
    public const int MaxTextSize = 8 * 1024 * 1024;

    private const byte Version = 1;
    private const int KeyIdStart = 1;
    private const int KeyIdSize = 4;
    private const int SaltStart = KeyIdStart + KeyIdSize;
    private const int SaltSize = 32;
    private const int HeaderSize = SaltStart + SaltSize;
    private const int NonceSize = 12;
    private const int DerivedSize = KeySize + NonceSize;

    private readonly byte[] _key = GC.AllocateArray<byte>(KeySize, pinned: true);
    private readonly byte[] _keyId;
    private volatile bool _disposed;

    /// <param name="key">32 bytes, which are copied; or empty for a random key: then only this instance can decrypt.</param>
    public ReasoningCipher(ReadOnlySpan<byte> key)
    {
        if (key.IsEmpty)
        {
            RandomNumberGenerator.Fill(_key);
        }
        else
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeySize);
            key.CopyTo(_key);
        }

        _keyId = IdOf(_key);
    }

    private static ReadOnlySpan<byte> Prefix => "pmr1."u8;

    private static ReadOnlySpan<byte> Label => "Privatemode.AI reasoning v1\0"u8;

    private static ReadOnlySpan<byte> KeyIdLabel => "Privatemode.AI reasoning key id v1\0"u8;

    /// <summary>Encrypts reasoning.</summary>
    /// <param name="text">The reasoning, in UTF-8.</param>
    /// <param name="context">The caller, <see cref="ContextSize"/> bytes.</param>
    /// <returns>ASCII text, which needs no escapes in JSON.</returns>
    /// <exception cref="ObjectDisposedException">This instance was disposed.</exception>
    public byte[] Encrypt(ReadOnlySpan<byte> text, ReadOnlySpan<byte> context)
    {
        Span<byte> salt = stackalloc byte[SaltSize];
        RandomNumberGenerator.Fill(salt);
        return Encrypt(text, context, salt);
    }

    /// <summary>Decrypts what <see cref="Encrypt(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/> returned for the same key and context.</summary>
    /// <param name="blob">The text that the caller sent: possibly of another service, version or key, or damaged.</param>
    /// <param name="context">The caller, <see cref="ContextSize"/> bytes.</param>
    /// <param name="text">The reasoning is appended to it. If the result is false, it is unchanged.</param>
    /// <returns>False if the text was not encrypted with this key for this caller.</returns>
    /// <exception cref="ObjectDisposedException">This instance was disposed.</exception>
    public bool TryDecrypt(ReadOnlySpan<byte> blob, ReadOnlySpan<byte> context, PooledBytes text)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(context.Length, ContextSize);
        if (!blob.StartsWith(Prefix))
        {
            return false;
        }

        ReadOnlySpan<byte> encoded = blob[Prefix.Length..];
        if (encoded.Length > Base64Url.GetEncodedLength(HeaderSize + MaxTextSize + AesGcmKey.TagSize))
        {
            return false;
        }

        using PooledBytes decoded = new(encoded.Length, isSecret: false);
        return TryDecode(encoded, decoded) && TryDecryptDecoded(decoded.Span, context, text);
    }

    /// <summary>Clears the key. It can be called more than once.</summary>
    public void Dispose()
    {
        _disposed = true;
        Interlocked.MemoryBarrier();
        CryptographicOperations.ZeroMemory(_key);
    }

    /// <summary>Encrypts with a salt that is not random, for tests: using one salt for two texts would reveal both.</summary>
    internal byte[] Encrypt(ReadOnlySpan<byte> text, ReadOnlySpan<byte> context, ReadOnlySpan<byte> salt)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(context.Length, ContextSize);
        using PooledBytes bytes = new(HeaderSize + text.Length + AesGcmKey.TagSize, isSecret: false);
        bytes.Append(Version);
        bytes.Append(_keyId);
        bytes.Append(salt);
        Span<byte> ciphertext = bytes.Extend(text.Length + AesGcmKey.TagSize);
        Span<byte> derived = stackalloc byte[DerivedSize];
        Span<byte> additionalData = stackalloc byte[Label.Length + HeaderSize];
        Derive(bytes.Span[SaltStart..HeaderSize], context, derived);
        try
        {
            SetAdditionalData(bytes.Span[..HeaderSize], additionalData);
            using AesGcm cipher = new(derived[..KeySize], AesGcmKey.TagSize);
            cipher.Encrypt(derived[KeySize..], text, ciphertext[..text.Length], ciphertext[text.Length..], additionalData);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }

        byte[] blob = new byte[Prefix.Length + Base64Url.GetEncodedLength(bytes.Length)];
        Prefix.CopyTo(blob);
        _ = Base64Url.EncodeToUtf8(bytes.Span, blob.AsSpan(Prefix.Length));
        return blob;
    }

    private static byte[] IdOf(ReadOnlySpan<byte> key)
    {
        Span<byte> input = stackalloc byte[KeyIdLabel.Length + KeySize];
        KeyIdLabel.CopyTo(input);
        key.CopyTo(input[KeyIdLabel.Length..]);
        byte[] id = SHA256.HashData(input)[..KeyIdSize];
        CryptographicOperations.ZeroMemory(input);
        return id;
    }

    /// <summary>Decodes base64url without padding and white space, in its only valid form. The platform refuses unused bits in the last character.</summary>
    private static bool TryDecode(ReadOnlySpan<byte> encoded, PooledBytes decoded)
    {
        Span<byte> target = decoded.Extend(Base64Url.GetMaxDecodedLength(encoded.Length));
        if (Base64Url.DecodeFromUtf8(encoded, target, out _, out int length) != OperationStatus.Done || length < HeaderSize + AesGcmKey.TagSize)
        {
            return false;
        }

        decoded.Truncate(length);
        return Base64Url.GetEncodedLength(length) == encoded.Length;
    }

    private static void SetAdditionalData(ReadOnlySpan<byte> header, Span<byte> additionalData)
    {
        Label.CopyTo(additionalData);
        header.CopyTo(additionalData[Label.Length..]);
    }

    private bool TryDecryptDecoded(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> context, PooledBytes text)
    {
        if (bytes[0] != Version || !bytes[KeyIdStart..SaltStart].SequenceEqual(_keyId))
        {
            return false;
        }

        Span<byte> derived = stackalloc byte[DerivedSize];
        Span<byte> additionalData = stackalloc byte[Label.Length + HeaderSize];
        Derive(bytes[SaltStart..HeaderSize], context, derived);
        int before = text.Length;
        try
        {
            SetAdditionalData(bytes[..HeaderSize], additionalData);
            using AesGcm cipher = new(derived[..KeySize], AesGcmKey.TagSize);
            ReadOnlySpan<byte> ciphertext = bytes[HeaderSize..^AesGcmKey.TagSize];
            cipher.Decrypt(derived[KeySize..], ciphertext, bytes[^AesGcmKey.TagSize..], text.Extend(ciphertext.Length), additionalData);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            text.Truncate(before);
            return false;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }

    /// <summary>Key and nonce of one text. The caller clears them.</summary>
    private void Derive(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> context, Span<byte> derived)
    {
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, derived, salt, [.. Label, .. context]);

        // Dispose sets the flag before it clears the key: if the flag is not set, the whole key was used.
        Interlocked.MemoryBarrier();
        if (_disposed)
        {
            CryptographicOperations.ZeroMemory(derived);
            throw new ObjectDisposedException(nameof(ReasoningCipher));
        }
    }
}
