using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Privatemode.AI.Encryption;

/// <summary>AES-256-GCM for the values of one exchange. The values of each direction are numbered 0, 1, 2… and bound to their number.</summary>
/// <remarks>
/// References: NIST SP 800-38D; design of the protocol, service version 1.40, "message encryption".
/// Sizes in bytes: key 32, IV 12 (random, one per value), tag 16, exchange nonce 12.
/// Additional data = exchange nonce (12) || number of the value (uint32, little endian).
/// One thread at a time: an AesGcm shared between threads silently produces wrong ciphertext on Linux.
/// For short values, a call of libsodium takes a fifth of the time of a platform call; for long ones it is not faster. It has no detached tag,
/// so values that are encrypted in place would have to be copied. These and long values are left to the platform.
/// </remarks>
internal sealed class FieldCipher : IDisposable
{
    public const int KeySize = AesGcmKey.Size;
    public const int NonceSize = 12;
    public const int IvSize = 12;
    public const int TagSize = AesGcmKey.TagSize;

    /// <summary>Values of at least this length are encrypted and decrypted by the platform.</summary>
    public const int PlatformFrom = 64 * 1024;

    private readonly AesGcmKey _key;
    private readonly byte[] _additionalData = new byte[NonceSize + sizeof(uint)];
    private AesGcm? _platform;
    private bool _disposed;

    /// <param name="key">The key, which outlives the cipher.</param>
    /// <param name="nonce">Nonce of the exchange, 12 bytes.</param>
    public FieldCipher(AesGcmKey key, ReadOnlySpan<byte> nonce)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceSize);
        _key = key;
        nonce.CopyTo(_additionalData);
    }

    /// <summary>Creates another cipher of the same exchange, for another thread.</summary>
    public FieldCipher Copy()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new FieldCipher(_key, _additionalData.AsSpan(0, NonceSize));
    }

    /// <summary>Returns whether a value of this length is decrypted in place without a copy.</summary>
    public bool DecryptsInPlace(int length) => _key.Sodium is null || length >= PlatformFrom;

    /// <summary>Encrypts a value. The ciphertext, followed by its tag, must not overlap with the plaintext.</summary>
    public void Encrypt(ulong number, ReadOnlySpan<byte> iv, ReadOnlySpan<byte> plaintext, Span<byte> ciphertextAndTag)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_key.Sodium is { } sodium && plaintext.Length < PlatformFrom)
        {
            sodium.Encrypt(iv, AdditionalData(number), plaintext, ciphertextAndTag);
        }
        else
        {
            Platform().Encrypt(iv, plaintext, ciphertextAndTag[..plaintext.Length], ciphertextAndTag[plaintext.Length..], AdditionalData(number));
        }
    }

    /// <summary>Encrypts a value in place.</summary>
    public void EncryptInPlace(ulong number, ReadOnlySpan<byte> iv, Span<byte> value, Span<byte> tag) =>
        Platform().Encrypt(iv, value, value, tag, AdditionalData(number));

    /// <summary>Decrypts a value. Returns false if it is not authentic; the plaintext is then zero.</summary>
    public bool TryDecrypt(ulong number, ReadOnlySpan<byte> iv, ReadOnlySpan<byte> ciphertextAndTag, Span<byte> plaintext)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _key.Sodium is { } sodium && plaintext.Length < PlatformFrom
            ? sodium.TryDecrypt(iv, AdditionalData(number), ciphertextAndTag, plaintext)
            : TryDecrypt(number, iv, ciphertextAndTag[..plaintext.Length], ciphertextAndTag[plaintext.Length..], plaintext);
    }

    /// <summary>Decrypts a value in place. Returns false if it is not authentic; the value is then zero.</summary>
    public bool TryDecryptInPlace(ulong number, ReadOnlySpan<byte> iv, Span<byte> value, ReadOnlySpan<byte> tag) =>
        TryDecrypt(number, iv, value, tag, value);

    public void Dispose()
    {
        _disposed = true;
        _platform?.Dispose();
    }

    // The platform zeroes the plaintext of a value that is not authentic.
    private bool TryDecrypt(ulong number, ReadOnlySpan<byte> iv, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext)
    {
        try
        {
            Platform().Decrypt(iv, ciphertext, tag, plaintext, AdditionalData(number));
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        return true;
    }

    private AesGcm Platform()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _platform ??= _key.CreatePlatformCipher();
    }

    private ReadOnlySpan<byte> AdditionalData(ulong number)
    {
        // A number would be repeated after 2^32 values, which no exchange has.
        BinaryPrimitives.WriteUInt32LittleEndian(_additionalData.AsSpan(NonceSize), checked((uint)number));
        return _additionalData;
    }
}
