using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Privatemode.AI.Encryption;

/// <summary>AES-256-GCM for one direction of one exchange: values are numbered 0, 1, 2… and bound to their number.</summary>
/// <remarks>
/// References: NIST SP 800-38D; design of the protocol, service version 1.40, "message encryption".
/// Sizes in bytes: key 32, IV 12 (random, one per value), tag 16, exchange nonce 12.
/// Additional data = exchange nonce (12) || sequence number (uint32, little endian).
/// One thread at a time: an AesGcm shared between threads silently produces wrong ciphertext on Linux.
/// </remarks>
internal sealed class FieldCipher : IDisposable
{
    public const int KeySize = 32;
    public const int NonceSize = 12;
    public const int IvSize = 12;
    public const int TagSize = 16;

    private const int AdditionalDataSize = NonceSize + sizeof(uint);

    private readonly AesGcm _aes;
    private readonly byte[] _additionalData = new byte[AdditionalDataSize];
    private ulong _sequence;

    /// <param name="key">32 bytes; not kept here.</param>
    /// <param name="nonce">Nonce of the exchange, 12 bytes.</param>
    /// <param name="firstSequence">Number of the first value; other than 0 only in known-answer tests.</param>
    public FieldCipher(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, uint firstSequence = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeySize);
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceSize);
        _aes = new AesGcm(key, TagSize);
        nonce.CopyTo(_additionalData);
        _sequence = firstSequence;
    }

    /// <summary>Number of the value that comes next.</summary>
    public ulong Sequence => _sequence;

    /// <summary>Encrypts the next value. <paramref name="ciphertext"/> is as long as the plaintext.</summary>
    public void Encrypt(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag)
    {
        _aes.Encrypt(iv, plaintext, ciphertext, tag, AdditionalData());
        _sequence++;
    }

    /// <summary>Decrypts the next value, in place if both spans are the same; false when it is not authentic (the output is then zero).</summary>
    public bool TryDecrypt(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext)
    {
        try
        {
            _aes.Decrypt(iv, ciphertext, tag, plaintext, AdditionalData());
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        _sequence++;
        return true;
    }

    /// <summary>Turns the ciphertext of the value with that number back into its plaintext, where it lies; the count stays as it is.</summary>
    public bool TryTakeBack(ulong sequence, ReadOnlySpan<byte> iv, ReadOnlySpan<byte> tag, Span<byte> value)
    {
        try
        {
            _aes.Decrypt(iv, value, tag, value, AdditionalData(sequence));
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose() => _aes.Dispose();

    private ReadOnlySpan<byte> AdditionalData() => AdditionalData(_sequence);

    private ReadOnlySpan<byte> AdditionalData(ulong sequence)
    {
        // 2^32 values would repeat a number; no exchange is near it.
        BinaryPrimitives.WriteUInt32LittleEndian(_additionalData.AsSpan(NonceSize), checked((uint)sequence));
        return _additionalData;
    }
}
