using System.Buffers;

namespace Privatemode.AI.Encryption;

/// <summary>A sealed body whose ciphertext stays where it was sealed: text with holes, which are filled with hex while it is written.</summary>
internal sealed class PiecedBody : SealedBody
{
    // Small enough for the cache, large enough that a write to the socket is worth it.
    private const int ChunkSize = 32 * 1024;

    private readonly PooledBytes _text;
    private readonly SealableBytes _bytes;
    private readonly InPlaceSeal _seal;
    private readonly IReadOnlyList<Hole> _holes;

    /// <param name="text">Everything but the hex of ciphertext; owned from here on.</param>
    /// <param name="holes">Where the hex of what goes, in the order of the text.</param>
    /// <param name="bytes">The buffer with the ciphertext; not owned.</param>
    /// <param name="seal">What the buffer was sealed with.</param>
    /// <param name="contentType">Value of the <c>Content-Type</c> header.</param>
    public PiecedBody(PooledBytes text, IReadOnlyList<Hole> holes, SealableBytes bytes, InPlaceSeal seal, string contentType)
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
