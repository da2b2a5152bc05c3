using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Privatemode.AI.Encryption;

/// <summary>AES-256-GCM for one direction of one exchange: values are numbered 0, 1, 2… and bound to their number.</summary>
/// <remarks>
/// References: NIST SP 800-38D; design of the protocol, service version 1.40, "message encryption".
/// Sizes in bytes: key 32, IV 12 (random, one per value), tag 16, exchange nonce 12.
/// Additional data = exchange nonce (12) || sequence number (uint32, little endian).
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

    private const int AdditionalDataSize = NonceSize + sizeof(uint);

    private readonly AesGcmKey _key;
    private readonly byte[] _additionalData = new byte[AdditionalDataSize];
    private AesGcm? _platform;
    private ulong _sequence;
    private bool _disposed;

    /// <param name="key">The key, which outlives the cipher.</param>
    /// <param name="nonce">Nonce of the exchange, 12 bytes.</param>
    /// <param name="firstSequence">Number of the first value; other than 0 only in known-answer tests.</param>
    public FieldCipher(AesGcmKey key, ReadOnlySpan<byte> nonce, uint firstSequence = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceSize);
        _key = key;
        nonce.CopyTo(_additionalData);
        _sequence = firstSequence;
    }

    /// <summary>Number of the value that comes next.</summary>
    public ulong Sequence => _sequence;

    /// <summary>Returns whether a value of this length is decrypted in place without a copy.</summary>
    public bool DecryptsInPlace(int length) => _key.Sodium is null || length >= PlatformFrom;

    /// <summary>Encrypts the next value. The ciphertext, with its tag behind it, must not overlap with the plaintext.</summary>
    public void Encrypt(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> plaintext, Span<byte> ciphertextAndTag)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ReadOnlySpan<byte> additionalData = AdditionalData(_sequence);
        if (_key.Sodium is { } sodium && plaintext.Length < PlatformFrom)
        {
            sodium.Encrypt(iv, additionalData, plaintext, ciphertextAndTag);
        }
        else
        {
            Platform().Encrypt(iv, plaintext, ciphertextAndTag[..plaintext.Length], ciphertextAndTag[plaintext.Length..], additionalData);
        }

        _sequence++;
    }

    /// <summary>Encrypts the next value in place.</summary>
    public void EncryptInPlace(ReadOnlySpan<byte> iv, Span<byte> value, Span<byte> tag)
    {
        Platform().Encrypt(iv, value, value, tag, AdditionalData(_sequence));
        _sequence++;
    }

    /// <summary>Decrypts the next value; false when it is not authentic (the plaintext is then zero).</summary>
    public bool TryDecrypt(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> ciphertextAndTag, Span<byte> plaintext)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        bool isAuthentic = _key.Sodium is { } sodium && plaintext.Length < PlatformFrom
            ? sodium.TryDecrypt(iv, AdditionalData(_sequence), ciphertextAndTag, plaintext)
            : TryDecrypt(_sequence, iv, ciphertextAndTag[..plaintext.Length], ciphertextAndTag[plaintext.Length..], plaintext);
        return Counted(isAuthentic);
    }

    /// <summary>Decrypts the next value in place; false when it is not authentic (it is then zero).</summary>
    public bool TryDecryptInPlace(ReadOnlySpan<byte> iv, Span<byte> value, ReadOnlySpan<byte> tag) =>
        Counted(TryDecrypt(_sequence, iv, value, tag, value));

    /// <summary>Turns the ciphertext of the value with that number back into its plaintext, in place; the count stays as it is.</summary>
    public bool TryTakeBack(ulong sequence, ReadOnlySpan<byte> iv, ReadOnlySpan<byte> tag, Span<byte> value) =>
        TryDecrypt(sequence, iv, value, tag, value);

    public void Dispose()
    {
        _disposed = true;
        _platform?.Dispose();
    }

    private bool Counted(bool isAuthentic)
    {
        if (isAuthentic)
        {
            _sequence++;
        }

        return isAuthentic;
    }

    // The platform zeroes the plaintext of a value that is not authentic.
    private bool TryDecrypt(ulong sequence, ReadOnlySpan<byte> iv, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext)
    {
        try
        {
            Platform().Decrypt(iv, ciphertext, tag, plaintext, AdditionalData(sequence));
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

    private ReadOnlySpan<byte> AdditionalData(ulong sequence)
    {
        // 2^32 values would repeat a number; no exchange is near it.
        BinaryPrimitives.WriteUInt32LittleEndian(_additionalData.AsSpan(NonceSize), checked((uint)sequence));
        return _additionalData;
    }
}
