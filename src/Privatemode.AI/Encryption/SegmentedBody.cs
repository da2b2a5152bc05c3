using System.Buffers;

namespace Privatemode.AI.Encryption;

/// <summary>An encrypted body whose ciphertext stays where it was encrypted: text with gaps, which are filled with hex while it is written.</summary>
/// <param name="text">Everything except the hex of ciphertext. This instance disposes it.</param>
/// <param name="gaps">The gaps for hex and their values, in the order of the text.</param>
/// <param name="bytes">The buffer with the ciphertext; not owned.</param>
/// <param name="encryption">The encryption of the buffer; not owned.</param>
internal sealed class SegmentedBody(
    PooledBytes text, IReadOnlyList<SegmentedBody.Gap> gaps, InPlaceBuffer bytes, InPlaceEncryption encryption, string contentType)
    : EncryptedBody(contentType)
{
    // Small enough for the cache, large enough for an efficient write to the socket.
    private const int ChunkSize = 32 * 1024;

    public override long Length { get; } = text.Length + gaps.Sum(gap => 2L * gap.Value.Length);

    /// <summary>Everything except the hex of ciphertext.</summary>
    public ReadOnlySpan<byte> Text => text.Span;

    public IReadOnlyList<Gap> Gaps => gaps;

    /// <summary>Whether every gap will be filled with ciphertext of this attempt and nothing else.</summary>
    public bool IsCiphertext => gaps.All(gap => encryption.Covers(gap.Value)) && bytes.IsEncryptedBy(encryption);

    public override void WriteTo(Stream stream)
    {
        byte[] hex = Begin();
        try
        {
            foreach (ReadOnlyMemory<byte> piece in Pieces(hex))
            {
                stream.Write(piece.Span);
            }
        }
        finally
        {
            End(hex);
        }
    }

    public override async Task WriteToAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] hex = Begin();
        try
        {
            foreach (ReadOnlyMemory<byte> piece in Pieces(hex))
            {
                await stream.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            End(hex);
        }
    }

    public override void Dispose() => text.Dispose();

    private byte[] Begin()
    {
        bytes.Acquire();
        return ArrayPool<byte>.Shared.Rent(2 * ChunkSize);
    }

    private void End(byte[] hex)
    {
        ArrayPool<byte>.Shared.Return(hex);
        bytes.Release();
    }

    private IEnumerable<ReadOnlyMemory<byte>> Pieces(byte[] hex)
    {
        int from = 0;
        foreach (Gap gap in gaps)
        {
            yield return text.Memory[from..gap.At];
            from = gap.At;
            for (int at = 0; at < gap.Value.Length; at += ChunkSize)
            {
                int count = Math.Min(ChunkSize, gap.Value.Length - at);
                bytes.WriteHex(encryption, new ValueRange(gap.Value.Start + at, count), hex);
                yield return hex.AsMemory(0, 2 * count);
            }
        }

        yield return text.Memory[from..];
    }

    /// <summary>A gap in the text for the hex of an encrypted value, which is in the buffer.</summary>
    internal readonly record struct Gap(int At, ValueRange Value);
}

/// <summary>The buffer of a call whose values are encrypted in place. It contains plaintext before an attempt, and ciphertext while an attempt is
/// sent.</summary>
/// <remarks>
/// An answer can arrive while the transport is still writing the request. The writer gets small pieces, each created under a lock and only while the buffer
/// contains the ciphertext of that attempt. Plaintext that was restored for the next attempt can therefore never be sent by the writer of the previous attempt.
/// </remarks>
internal sealed class InPlaceBuffer(PooledBytes bytes) : IDisposable
{
    private readonly Lock _gate = new();
    private InPlaceEncryption? _encryption; // the last one; valid only while the state is Encrypted
    private State _state;
    private int _users = 1; // the owner, and everything that writes
    private bool _disposed;

    private enum State
    {
        Plain,
        Encrypted,
        Returned,
    }

    /// <summary>All bytes. Those in encrypted ranges are ciphertext from the first attempt on.</summary>
    public Span<byte> Span => bytes.Span;

    /// <summary>Encrypts ranges in order with the next numbers of <paramref name="cipher"/>. An earlier encryption becomes invalid.</summary>
    public InPlaceEncryption Encrypt(ExchangeCipher cipher, ReadOnlySpan<ValueRange> ranges)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Reclaim();
            _encryption = cipher.EncryptInPlace(bytes.Span, ranges);
            _state = State.Encrypted;
            return _encryption;
        }
    }

    /// <summary>Whether the buffer contains the result of this encryption.</summary>
    public bool IsEncryptedBy(InPlaceEncryption encryption)
    {
        lock (_gate)
        {
            return IsInForce(encryption);
        }
    }

    /// <summary>Writes the hex of a part of an encrypted range.</summary>
    /// <exception cref="ObjectDisposedException">The buffer no longer contains the result of this encryption.</exception>
    public void WriteHex(InPlaceEncryption encryption, ValueRange part, Span<byte> hex)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(!IsInForce(encryption) || !encryption.Covers(part), this);
            _ = EncryptedValue.WriteHex(bytes.Span.Slice(part.Start, part.Length), hex);
        }
    }

    /// <summary>Restores the plaintext and wipes the key with which it was encrypted, because the next attempt may be a minute away or never happen.</summary>
    public void Decrypt()
    {
        lock (_gate)
        {
            Reclaim();
        }
    }

    /// <summary>Keeps the buffer in memory while it is written to the wire, until <see cref="Release"/>.</summary>
    public void Acquire()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_state == State.Returned, this);
            _users++;
        }
    }

    public void Release()
    {
        lock (_gate)
        {
            if (--_users == 0)
            {
                try
                {
                    // Ciphertext was sent, or might have been: only the bytes around it are wiped.
                    if (_state == State.Encrypted)
                    {
                        bytes.Dispose(_encryption!.Ranges);
                    }
                }
                finally
                {
                    // After a failure, all bytes are wiped.
                    using (_encryption)
                    {
                        _state = State.Returned;
                        bytes.Dispose();
                    }
                }
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        Release();
    }

    private bool IsInForce(InPlaceEncryption encryption) => _state == State.Encrypted && ReferenceEquals(_encryption, encryption);

    private void Reclaim()
    {
        if (_state == State.Encrypted)
        {
            // First mark it as invalid, then restore the plaintext.
            _state = State.Plain;
            try
            {
                _encryption!.Reclaim(bytes.Span);
            }
            finally
            {
                _encryption!.Dispose();
            }
        }
    }
}

/// <summary>The ranges of one buffer that one exchange encrypted in place, with the data to restore their plaintext.</summary>
/// <remarks>
/// Ciphertext replaces plaintext, so that a file of 50 MiB needs no second buffer; its hex is created while it is written.
/// For the next attempt, the ciphertext is decrypted again with the key, IV and number with which it was encrypted.
/// </remarks>
/// <param name="cipher">A cipher of the exchange; owned.</param>
/// <param name="secretId">The ID of the secret, in UTF-8.</param>
/// <param name="nonce">Nonce of the exchange, 12 bytes.</param>
internal sealed class InPlaceEncryption(FieldCipher cipher, ReadOnlyMemory<byte> secretId, ReadOnlyMemory<byte> nonce) : IDisposable
{
    private readonly List<EncryptedRange> _ranges = [];

    /// <summary>The encrypted ranges, in the order of encryption.</summary>
    public IEnumerable<ValueRange> Ranges => _ranges.Select(range => range.Range);

    /// <summary>Encrypts the next range in place, as the value with this number.</summary>
    public void Add(Span<byte> buffer, ValueRange range, ulong number, byte[] iv)
    {
        byte[] tag = new byte[FieldCipher.TagSize];
        cipher.EncryptInPlace(number, iv, buffer.Slice(range.Start, range.Length), tag);
        _ranges.Add(new EncryptedRange(range, iv, tag, number));
    }

    /// <summary>Restores the plaintext of all ranges.</summary>
    public void Reclaim(Span<byte> buffer)
    {
        foreach ((ValueRange range, byte[] iv, byte[] tag, ulong number) in _ranges)
        {
            if (!cipher.TryDecryptInPlace(number, iv, buffer.Slice(range.Start, range.Length), tag))
            {
                throw new InvalidOperationException("Data that was encrypted in place has changed.");
            }
        }

        _ranges.Clear();
    }

    /// <summary>Returns whether a part of the buffer is inside one of the encrypted ranges.</summary>
    public bool Covers(ValueRange part)
    {
        foreach ((ValueRange range, _, _, _) in _ranges)
        {
            if (part.Start >= range.Start && part.Length <= range.Length && part.Start - range.Start <= range.Length - part.Length)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Appends the part of the wire format before the hex of the ciphertext of the range with this index.</summary>
    public void AppendPrefix(int index, PooledBytes output)
    {
        int length = EncryptedValue.EncodedLength(secretId.Length, 0) - 2 * FieldCipher.TagSize - 1;
        _ = EncryptedValue.WritePrefix(secretId.Span, nonce.Span, _ranges[index].Iv, output.Extend(length));
    }

    /// <summary>Appends the part of the wire format after the hex of the ciphertext.</summary>
    public void AppendSuffix(int index, PooledBytes output)
    {
        _ = EncryptedValue.WriteHex(_ranges[index].Tag, output.Extend(2 * FieldCipher.TagSize));
        output.Append((byte)'"');
    }

    public void Dispose() => cipher.Dispose();

    private readonly record struct EncryptedRange(ValueRange Range, byte[] Iv, byte[] Tag, ulong Number);
}
