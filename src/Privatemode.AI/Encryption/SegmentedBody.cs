using System.Buffers;

namespace Privatemode.AI.Encryption;

/// <summary>A sealed body whose ciphertext stays where it was sealed: text with holes, which are filled with hex while it is written.</summary>
internal sealed class SegmentedBody : EncryptedBody
{
    // Small enough for the cache, large enough that a write to the socket is worth it.
    private const int ChunkSize = 32 * 1024;

    private readonly PooledBytes _text;
    private readonly InPlaceBuffer _bytes;
    private readonly InPlaceEncryption _seal;
    private readonly IReadOnlyList<Hole> _holes;

    /// <param name="text">Everything but the hex of ciphertext; owned from here on.</param>
    /// <param name="holes">Where the hex of what goes, in the order of the text.</param>
    /// <param name="bytes">The buffer with the ciphertext; not owned.</param>
    /// <param name="seal">What the buffer was sealed with.</param>
    /// <param name="contentType">Value of the <c>Content-Type</c> header.</param>
    public SegmentedBody(PooledBytes text, IReadOnlyList<Hole> holes, InPlaceBuffer bytes, InPlaceEncryption seal, string contentType)
        : base(contentType)
    {
        (_text, _bytes, _seal, _holes) = (text, bytes, seal, holes);
        Length = text.Length;
        foreach (Hole hole in holes)
        {
            Length += 2L * hole.Value.Length;
        }
    }

    public override long Length { get; }

    /// <summary>Everything but the hex of ciphertext.</summary>
    public ReadOnlySpan<byte> Text => _text.Span;

    /// <summary>Where ciphertext goes.</summary>
    public IReadOnlyList<Hole> Holes => _holes;

    /// <summary>Whether every hole will be filled with ciphertext of this attempt and nothing else.</summary>
    public bool IsCiphertext
    {
        get
        {
            foreach (Hole hole in _holes)
            {
                if (!_seal.Covers(hole.Value.Start, hole.Value.Length))
                {
                    return false;
                }
            }

            return _bytes.IsSealedBy(_seal);
        }
    }

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

    public override void Dispose() => _text.Dispose();

    private byte[] Begin()
    {
        _bytes.Enter();
        return ArrayPool<byte>.Shared.Rent(2 * ChunkSize);
    }

    private void End(byte[] hex)
    {
        ArrayPool<byte>.Shared.Return(hex);
        _bytes.Leave();
    }

    private IEnumerable<ReadOnlyMemory<byte>> Pieces(byte[] hex)
    {
        int from = 0;
        foreach (Hole hole in _holes)
        {
            yield return _text.Memory[from..hole.At];
            from = hole.At;
            for (int at = 0; at < hole.Value.Length; at += ChunkSize)
            {
                int count = Math.Min(ChunkSize, hole.Value.Length - at);
                _bytes.WriteHex(_seal, new ValueRange(hole.Value.Start + at, count), hex);
                yield return hex.AsMemory(0, 2 * count);
            }
        }

        yield return _text.Memory[from..];
    }

    /// <summary>A place in the text where the hex of a sealed value goes.</summary>
    /// <param name="At">Position in the text.</param>
    /// <param name="Value">The value in the buffer.</param>
    internal readonly record struct Hole(int At, ValueRange Value);
}

/// <summary>The one buffer of a call whose values are sealed where they lie: plaintext before, ciphertext while an attempt is sent.</summary>
/// <remarks>
/// An answer may come while the transport still writes the request. What it writes is handed out in small pieces, each made under a lock
/// and only while the buffer holds the ciphertext of that very attempt: plaintext that was put back for the next attempt can never
/// leave through the writer of the one before.
/// </remarks>
internal sealed class InPlaceBuffer(PooledBytes bytes) : IDisposable
{
    private readonly Lock _gate = new();
    private InPlaceEncryption? _seal;
    private int _users = 1;
    private bool _disposed;

    /// <summary>All bytes. Those in sealed ranges are ciphertext from the first attempt on.</summary>
    public Span<byte> Span => bytes.Span;

    /// <summary>Seals ranges in their order, under the values of <paramref name="cipher"/> from now on. Whatever was sealed before is void.</summary>
    public InPlaceEncryption Seal(ExchangeCipher cipher, ReadOnlySpan<ValueRange> ranges)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            TakeBack();
            return _seal = cipher.SealInPlace(bytes.Span, ranges);
        }
    }

    /// <summary>Whether the buffer holds what this seal made.</summary>
    public bool IsSealedBy(InPlaceEncryption seal)
    {
        lock (_gate)
        {
            return ReferenceEquals(_seal, seal) && _users > 0;
        }
    }

    /// <summary>Writes the hex of a part of a sealed range.</summary>
    /// <exception cref="ObjectDisposedException">The buffer no longer holds what this seal made.</exception>
    public void WriteHex(InPlaceEncryption seal, ValueRange part, Span<byte> hex)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(!ReferenceEquals(_seal, seal) || !seal.Covers(part.Start, part.Length), this);
            _ = EncryptedValue.WriteHex(bytes.Span.Slice(part.Start, part.Length), hex);
        }
    }

    /// <summary>Puts the plaintext back and wipes the key it was sealed with: the next attempt may be a minute away, or never come.</summary>
    public void Unseal()
    {
        lock (_gate)
        {
            TakeBack();
        }
    }

    /// <summary>Keeps the buffer while somebody writes; ends with <see cref="Leave"/>.</summary>
    public void Enter()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_users == 0, this);
            _users++;
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            if (--_users == 0)
            {
                _seal?.Dispose();
                _seal = null;
                bytes.Dispose();
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

        Leave();
    }

    private void TakeBack()
    {
        if (_seal is { } seal)
        {
            // First void, then plaintext.
            _seal = null;
            try
            {
                seal.TakeBack(bytes.Span);
            }
            finally
            {
                seal.Dispose();
            }
        }
    }
}

/// <summary>Ranges of one buffer that one exchange sealed where they lie, and how to get their plaintext back.</summary>
/// <remarks>
/// Ciphertext takes the place of plaintext, so that a file of 50 MiB needs no second buffer; its hex is made while it is written.
/// For the next attempt the ciphertext is decrypted again with the very key, IV and number it was made with.
/// </remarks>
internal sealed class InPlaceEncryption(FieldCipher cipher, ReadOnlyMemory<byte> secretId, ReadOnlyMemory<byte> nonce) : IDisposable
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
        int length = EncryptedValue.EncodedLength(secretId.Length, 0) - 2 * FieldCipher.TagSize - 1;
        _ = EncryptedValue.WritePrefix(secretId.Span, nonce.Span, _ranges[number].Iv, output.Extend(length));
    }

    /// <summary>Appends what stands on the wire behind the hex of the ciphertext.</summary>
    public void AppendSuffix(int number, PooledBytes output)
    {
        _ = EncryptedValue.WriteHex(_ranges[number].Tag, output.Extend(2 * FieldCipher.TagSize));
        output.Append((byte)'"');
    }

    public void Dispose() => cipher.Dispose();

    private readonly record struct SealedRange(ValueRange Range, byte[] Iv, byte[] Tag, ulong Sequence);
}

/// <summary>Where a value lies in a buffer, in bytes.</summary>
internal readonly record struct ValueRange(int Start, int Length);
