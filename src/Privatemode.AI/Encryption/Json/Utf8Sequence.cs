using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Privatemode.AI.Encryption.Json;

/// <summary>The text of a document as received: in one piece or, if it is long, in several.</summary>
/// <remarks>A long answer is not copied into one piece, because that would need twice the memory.</remarks>
internal readonly ref struct Utf8Sequence
{
    private readonly ReadOnlySpan<byte> _whole;

    // Boxed, because this is copied for every value of every event, and a sequence would double the size.
    private readonly StrongBox<ReadOnlySequence<byte>>? _pieces;
    private readonly int _start;

    public Utf8Sequence(ReadOnlySpan<byte> whole)
    {
        _whole = whole;
        Length = whole.Length;
    }

    public Utf8Sequence(ReadOnlySequence<byte> pieces)
    {
        Length = checked((int)pieces.Length);
        _pieces = pieces.IsSingleSegment ? null : new StrongBox<ReadOnlySequence<byte>>(pieces);
        _whole = pieces.IsSingleSegment ? pieces.FirstSpan : default;
    }

    private Utf8Sequence(StrongBox<ReadOnlySequence<byte>> pieces, int start, int length) => (_pieces, _start, Length) = (pieces, start, length);

    public int Length { get; }

    /// <summary>Whether the text is in several pieces.</summary>
    public bool IsInPieces => _pieces is not null;

    /// <summary>The pieces, when there are several.</summary>
    public ReadOnlySequence<byte> Pieces => _pieces is null ? default : _pieces.Value.Slice(_start, Length);

    /// <summary>The text, when it is in one piece.</summary>
    public ReadOnlySpan<byte> Whole => IsInPieces ? throw new InvalidOperationException("The text is in pieces.") : _whole;

    public static implicit operator Utf8Sequence(ReadOnlySpan<byte> whole) => new(whole);

    public static implicit operator Utf8Sequence(Span<byte> whole) => new(whole);

    public static implicit operator Utf8Sequence(byte[] whole) => new(whole);

    public Utf8Sequence Slice(int start, int length) => _pieces is null ? new Utf8Sequence(_whole.Slice(start, length)) : SlicePieces(start, length);

    /// <summary>Copies the whole text. The destination must have the same length.</summary>
    public void CopyTo(Span<byte> destination)
    {
        if (IsInPieces)
        {
            Pieces.CopyTo(destination);
        }
        else
        {
            _whole.CopyTo(destination);
        }
    }

    public Utf8JsonReader Read(int maxDepth)
    {
        JsonReaderOptions options = new() { MaxDepth = maxDepth };
        return IsInPieces ? new Utf8JsonReader(Pieces, options) : new Utf8JsonReader(_whole, options);
    }

    public bool IsUtf8()
    {
        if (!IsInPieces)
        {
            return Utf8.IsValid(_whole);
        }

        // A character may be split between two pieces: the bytes of an incomplete one are put before the next piece.
        Span<byte> seam = stackalloc byte[8];
        int kept = 0;
        foreach (ReadOnlyMemory<byte> piece in Pieces)
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

    private Utf8Sequence SlicePieces(int start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start, (uint)Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)(Length - start));
        return new Utf8Sequence(_pieces!, _start + start, length);
    }

    /// <summary>The number of bytes at the end that begin a character without ending it.</summary>
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

/// <summary>Determines the kind of a raw JSON value by its first character.</summary>
internal static class JsonKind
{
    /// <summary>The token with which a value starts; <see cref="JsonTokenType.None"/> if it is not a JSON value.</summary>
    public static JsonTokenType Of(ReadOnlySpan<byte> value)
    {
        // Trimming is skipped for the usual value without whitespace before it: this runs for each member of each event.
        ReadOnlySpan<byte> text = !value.IsEmpty && value[0] > (byte)' ' ? value : value.TrimStart(" \t\r\n"u8);
        return text.IsEmpty ? JsonTokenType.None : text[0] switch
        {
            (byte)'{' => JsonTokenType.StartObject,
            (byte)'[' => JsonTokenType.StartArray,
            (byte)'"' => JsonTokenType.String,
            (byte)'t' => JsonTokenType.True,
            (byte)'f' => JsonTokenType.False,
            (byte)'n' => JsonTokenType.Null,
            (byte)'-' or (>= (byte)'0' and <= (byte)'9') => JsonTokenType.Number,
            _ => JsonTokenType.None,
        };
    }

    /// <summary>Whether a value is an array that begins with an object.</summary>
    public static bool IsArrayOfObjects(ReadOnlySpan<byte> value) => Of(value) == JsonTokenType.StartArray
        && Of(value.TrimStart(" \t\r\n"u8)[1..]) == JsonTokenType.StartObject;

    /// <summary>Whether a value is an empty array.</summary>
    public static bool IsEmptyArray(ReadOnlySpan<byte> value) => Of(value) == JsonTokenType.StartArray
        && value.TrimStart(" \t\r\n"u8)[1..].TrimStart(" \t\r\n"u8).StartsWith("]"u8);
}
