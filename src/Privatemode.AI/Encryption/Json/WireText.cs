using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Privatemode.AI.Encryption.Json;

/// <summary>The text of a document as it came: in one piece or, when it is long, in several.</summary>
/// <remarks>A long answer is not copied together first: that alone would take twice its size.</remarks>
internal readonly ref struct WireText
{
    private readonly ReadOnlySpan<byte> _whole;
    private readonly ReadOnlySequence<byte> _pieces;
    private readonly bool _isInPieces;

    public WireText(ReadOnlySpan<byte> whole) => _whole = whole;

    public WireText(ReadOnlySequence<byte> pieces)
    {
        (_pieces, _isInPieces) = (pieces, !pieces.IsSingleSegment);
        _whole = _isInPieces ? default : pieces.FirstSpan;
    }

    public int Length => _isInPieces ? checked((int)_pieces.Length) : _whole.Length;

    /// <summary>Whether it is in several pieces.</summary>
    public bool IsInPieces => _isInPieces;

    /// <summary>The pieces, when there are several.</summary>
    public ReadOnlySequence<byte> Pieces => _pieces;

    /// <summary>The text, when it is in one piece.</summary>
    public ReadOnlySpan<byte> Whole => _isInPieces ? throw new InvalidOperationException("The text is in pieces.") : _whole;

    public static implicit operator WireText(ReadOnlySpan<byte> whole) => new(whole);

    public static implicit operator WireText(Span<byte> whole) => new(whole);

    public static implicit operator WireText(byte[] whole) => new(whole);

    public WireText Slice(int start, int length) => _isInPieces ? new WireText(_pieces.Slice(start, length)) : new WireText(_whole.Slice(start, length));

    /// <summary>Copies all of it; the destination is as long.</summary>
    public void CopyTo(Span<byte> destination)
    {
        if (_isInPieces)
        {
            _pieces.CopyTo(destination);
        }
        else
        {
            _whole.CopyTo(destination);
        }
    }

    public Utf8JsonReader Read(int maxDepth)
    {
        JsonReaderOptions options = new() { MaxDepth = maxDepth };
        return _isInPieces ? new Utf8JsonReader(_pieces, options) : new Utf8JsonReader(_whole, options);
    }

    public bool IsUtf8()
    {
        if (!_isInPieces)
        {
            return Utf8.IsValid(_whole);
        }

        // A character may lie across two pieces: the bytes of one that is not whole go in front of the next piece.
        Span<byte> seam = stackalloc byte[8];
        int kept = 0;
        foreach (ReadOnlyMemory<byte> piece in _pieces)
        {
            ReadOnlySpan<byte> rest = piece.Span;
            while (kept > 0 && !rest.IsEmpty)
            {
                seam[kept++] = rest[0];
                rest = rest[1..];
                OperationStatus status = Rune.DecodeFromUtf8(seam[..kept], out _, out int used);
                if (status == OperationStatus.InvalidData || (status == OperationStatus.Done && used != kept))
                {
                    return false;
                }

                kept = status == OperationStatus.Done ? 0 : kept;
            }

            int whole = rest.Length - UnfinishedAtEnd(rest);
            if (!Utf8.IsValid(rest[..whole]))
            {
                return false;
            }

            rest[whole..].CopyTo(seam[kept..]);
            kept += rest.Length - whole;
        }

        return kept == 0;
    }

    /// <summary>How many bytes at the end begin a character without ending it.</summary>
    private static int UnfinishedAtEnd(ReadOnlySpan<byte> text)
    {
        for (int count = 1; count <= Math.Min(3, text.Length); count++)
        {
            byte value = text[^count];
            if ((value & 0xC0) != 0x80)
            {
                int length = value >= 0xF0 ? 4 : value >= 0xE0 ? 3 : value >= 0xC0 ? 2 : 1;
                return length > count ? count : 0;
            }
        }

        return 0;
    }
}
