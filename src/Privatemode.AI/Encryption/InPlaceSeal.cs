namespace Privatemode.AI.Encryption;

/// <summary>Ranges of one buffer that one exchange sealed where they lie, and how to get their plaintext back.</summary>
/// <remarks>
/// Ciphertext takes the place of plaintext, so that a file of 50 MiB needs no second buffer; its hex is made while it is written.
/// For the next attempt the ciphertext is decrypted again with the very key, IV and number it was made with.
/// </remarks>
internal sealed class InPlaceSeal(FieldCipher cipher, ReadOnlyMemory<byte> secretId, ReadOnlyMemory<byte> nonce) : IDisposable
{
    private readonly List<SealedRange> _ranges = [];

    /// <summary>Encrypts the next range where it lies.</summary>
    public void Add(Span<byte> buffer, ValueRange range, byte[] iv)
    {
        Span<byte> value = buffer.Slice(range.Start, range.Length);
        byte[] tag = new byte[FieldCipher.TagSize];
        ulong sequence = cipher.Sequence;
        cipher.EncryptInPlace(iv, value, tag);
        _ranges.Add(new SealedRange(range, iv, tag, sequence));
    }

    /// <summary>Puts the plaintext of all ranges back.</summary>
    public void TakeBack(Span<byte> buffer)
    {
        foreach (SealedRange sealedRange in _ranges)
        {
            Span<byte> value = buffer.Slice(sealedRange.Range.Start, sealedRange.Range.Length);
            if (!cipher.TryTakeBack(sealedRange.Sequence, sealedRange.Iv, sealedRange.Tag, value))
            {
                throw new InvalidOperationException("What was sealed in place was changed by somebody else.");
            }
        }

        _ranges.Clear();
    }

    /// <summary>Whether a part of the buffer lies inside one of the sealed ranges.</summary>
    public bool Covers(int start, int length)
    {
        foreach (SealedRange sealedRange in _ranges)
        {
            ValueRange range = sealedRange.Range;
            if (start >= range.Start && length <= range.Length && start - range.Start <= range.Length - length)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Appends what stands on the wire before the hex of the ciphertext of the range with this number.</summary>
    public void AppendPrefix(int number, PooledBytes output)
    {
        int length = SealedValue.EncodedLength(secretId.Length, 0) - 2 * FieldCipher.TagSize - 1;
        _ = SealedValue.WritePrefix(secretId.Span, nonce.Span, _ranges[number].Iv, output.Extend(length));
    }

    /// <summary>Appends what stands on the wire behind the hex of the ciphertext.</summary>
    public void AppendSuffix(int number, PooledBytes output)
    {
        _ = SealedValue.WriteHex(_ranges[number].Tag, output.Extend(2 * FieldCipher.TagSize));
        output.Append((byte)'"');
    }

    public void Dispose() => cipher.Dispose();

    private readonly record struct SealedRange(ValueRange Range, byte[] Iv, byte[] Tag, ulong Sequence);
}
