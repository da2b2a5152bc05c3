using System.Buffers;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Encryption;

/// <summary>Bytes of unknown number, as they come from the network: in one array while they are few, then in further ones, never copied together.</summary>
/// <remarks>An array that doubles takes up to three times the bytes in it while it grows. Wiped when disposed. Not thread-safe.</remarks>
internal sealed class PooledPieces : IDisposable
{
    /// <summary>How many bytes are in one piece at least, if there are as many.</summary>
    public const int LongestFirst = ContentArrays.LargestShared;

    private const int FirstStep = 16 * 1024;

    // A little more, so that it does not come from the shared pool, which would keep all of them.
    private const int PieceSize = ContentArrays.LargestShared + 4096;

    private readonly List<PooledBytes> _pieces = [new PooledBytes(FirstStep)];

    public int Length { get; private set; }

    /// <summary>All bytes; good until the next call that adds to them, or disposes them.</summary>
    public WireText Text
    {
        get
        {
            Piece first = new(_pieces[0].Memory, null);
            Piece last = first;
            foreach (PooledBytes piece in _pieces.Skip(1).Where(piece => piece.Length > 0))
            {
                last = new Piece(piece.Memory, last);
            }

            return new WireText(new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length));
        }
    }

    /// <summary>Room for a read; see <see cref="Commit"/>.</summary>
    public Memory<byte> Free()
    {
        PooledBytes last = _pieces[^1];
        int most = _pieces.Count == 1 ? LongestFirst : PieceSize;
        if (last.Length >= most)
        {
            last = new PooledBytes(PieceSize);
            _pieces.Add(last);
            most = PieceSize;
        }

        Memory<byte> free = last.Free(Math.Min(FirstStep, most - last.Length));
        return free[..Math.Min(free.Length, most - last.Length)];
    }

    /// <summary>Takes the first <paramref name="count"/> bytes of <see cref="Free"/> into the content.</summary>
    public void Commit(int count)
    {
        _pieces[^1].Commit(count);
        Length += count;
    }

    /// <summary>A copy in one array.</summary>
    public byte[] ToArray()
    {
        byte[] copy = GC.AllocateUninitializedArray<byte>(Length);
        Text.CopyTo(copy);
        return copy;
    }

    public void Dispose()
    {
        foreach (PooledBytes piece in _pieces)
        {
            piece.Dispose();
        }
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? before)
        {
            Memory = memory;
            if (before is not null)
            {
                RunningIndex = before.RunningIndex + before.Memory.Length;
                before.Next = this;
            }
        }
    }
}
