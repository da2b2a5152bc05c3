using System.Buffers;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Encryption;

/// <summary>Bytes in a pooled array, which is wiped when it is returned: they contain prompts and answers.</summary>
/// <remarks>
/// Spans and memory of the content are valid until the next call that adds to it, because the array may then be replaced.
/// For the same reason the content cannot be added to itself. Not thread-safe.
/// </remarks>
/// <param name="capacity">The initial capacity in bytes. It grows when needed.</param>
/// <param name="isSecret">False for content that is sent in the clear: wiping megabytes of ciphertext would cost as much as writing it.</param>
internal sealed class PooledBytes(int capacity, bool isSecret = true) : IBufferWriter<byte>, IDisposable
{
    // A copy of megabytes in one piece bypasses the caches, so that the next pass over them reads all of it from memory.
    private const int CopySize = 256 * 1024;

    private byte[] _array = ContentArrays.Rent(capacity);
    private int _written;
    private bool _disposed;

    public int Length { get; private set; }

    public Span<byte> Span => Array.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => Array.AsMemory(0, Length);

    private byte[] Array => _disposed ? throw new ObjectDisposedException(nameof(PooledBytes)) : _array;

    public static PooledBytes Copy(ReadOnlySpan<byte> bytes)
    {
        PooledBytes copy = new(bytes.Length);
        copy.Append(bytes);
        return copy;
    }

    /// <summary>Adds <paramref name="count"/> bytes to the content, to be written by the caller.</summary>
    public Span<byte> Extend(int count)
    {
        Grow(count);
        Span<byte> added = _array.AsSpan(Length, count);
        Length += count;
        _written = Math.Max(_written, Length);
        return added;
    }

    /// <param name="bytes">The bytes. They must not be a part of this content.</param>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        ThrowIfOwn(bytes);
        Span<byte> added = Extend(bytes.Length);
        while (bytes.Length > CopySize)
        {
            bytes[..CopySize].CopyTo(added);
            bytes = bytes[CopySize..];
            added = added[CopySize..];
        }

        bytes.CopyTo(added);
    }

    public void Append(byte value) => Extend(1)[0] = value;

    /// <summary>Free space after the content, at least <paramref name="minimum"/> bytes, for a read; see <see cref="Commit"/>.</summary>
    public Memory<byte> Free(int minimum)
    {
        Grow(minimum);

        // More may be written than is committed.
        _written = _array.Length;
        return _array.AsMemory(Length);
    }

    /// <summary>Adds the first <paramref name="count"/> bytes of <see cref="Free"/> to the content.</summary>
    public void Commit(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Array.Length - Length);
        Length += count;
    }

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint) => Free(Math.Max(sizeHint, 1));

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint) => Free(Math.Max(sizeHint, 1)).Span;

    void IBufferWriter<byte>.Advance(int count) => Commit(count);

    /// <summary>Replaces a range of the content with other bytes, which may be longer or shorter, and are not part of this content.</summary>
    public void Replace(int start, int length, ReadOnlySpan<byte> replacement)
    {
        ThrowIfOwn(replacement);
        int tail = Span[start..][length..].Length;
        int delta = replacement.Length - length;
        Reserve(Math.Max(delta, 0));
        _array.AsSpan(start + length, tail).CopyTo(_array.AsSpan(start + replacement.Length));
        replacement.CopyTo(_array.AsSpan(start));
        Length += delta;
        _written = Math.Max(_written, Length);
    }

    /// <summary>Removes everything from <paramref name="length"/> on.</summary>
    public void Truncate(int length) => Length = Span[..length].Length;

    public void Clear() => Truncate(0);

    /// <summary>Returns the content and removes it from this instance. Long content is not copied: its array is not returned to the pool.</summary>
    public MemoryStream Detach()
    {
        if (Array.Length <= ContentArrays.MaxSharedSize)
        {
            MemoryStream copy = new(Span.ToArray());
            Clear();
            return copy;
        }

        // The receiver of the array sees all of it.
        _array.AsSpan(Length).Clear();
        MemoryStream content = new(_array, 0, Length, writable: true, publiclyVisible: true);
        (_array, Length, _written) = ([], 0, 0);
        return content;
    }

    /// <summary>Grows the array for this many more bytes, and no more than needed.</summary>
    public void Reserve(int more) => Reserve(more, Length + more);

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            ReturnArray();
            (_array, Length) = ([], 0);
        }
    }

    /// <summary>The same without wiping certain ranges, which contain ciphertext: it takes a tenth of the time of their encryption.</summary>
    public void Dispose(IEnumerable<ValueRange> ciphertext)
    {
        if (_disposed)
        {
            return;
        }

        int wiped = 0;
        foreach (ValueRange range in ciphertext.OrderBy(range => range.Start))
        {
            Span[wiped..range.Start].Clear();
            wiped = range.Start + range.Length;
        }

        _array.AsSpan(wiped, _written - wiped).Clear();
        _written = 0;
        Dispose();
    }

    private void ThrowIfOwn(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Overlaps(Array))
        {
            throw new ArgumentException("A part of the content cannot be added to it.", nameof(bytes));
        }
    }

    private void Grow(int more) => Reserve(more, (int)Math.Min(_array.Length * 2L, System.Array.MaxLength));

    private void Reserve(int more, int preferred)
    {
        byte[] current = Array;
        int wanted = checked(Length + more);
        if (wanted <= current.Length)
        {
            return;
        }

        byte[] larger = ContentArrays.Rent(Math.Max(wanted, preferred));
        current.AsSpan(0, Length).CopyTo(larger);
        ReturnArray();
        (_array, _written) = (larger, Length);
    }

    /// <summary>Wipes everything that was written, not the whole array, which may be twice as long.</summary>
    private void ReturnArray()
    {
        if (isSecret)
        {
            _array.AsSpan(0, _written).Clear();
        }

        ContentArrays.Return(_array);
    }
}

/// <summary>The position of a value in a buffer, in bytes.</summary>
internal readonly record struct ValueRange(int Start, int Length);

/// <summary>Arrays for contents: small ones from the shared pool, large ones from a separate small store.</summary>
/// <remarks>
/// The shared pool rounds sizes up to powers of two and keeps arrays by thread: a file of 50 MiB would take 64 MiB, and again for every thread
/// on which such a call ends. Here, a large array has the requested length. A few, of 4 MiB in all, are kept for all threads, and dropped if they have
/// not been used for a few full garbage collections. The last longer array can be rented again until the next full garbage collection frees it: the
/// system has to clear new memory, which takes half as long as encryption.
/// </remarks>
internal static class ContentArrays
{
    /// <summary>The maximum length of an array from the shared pool.</summary>
    public const int MaxSharedSize = 1024 * 1024;

    /// <summary>The maximum total size that is kept for reuse, in bytes.</summary>
    public const int MaxRetained = 4 * 1024 * 1024;
    private const int KeptForCollections = 4;

    private static readonly Lock Gate = new();
    private static readonly List<(byte[] Array, int Since)> Kept = [];
    private static readonly WeakReference<byte[]?> Last = new(null);
    private static bool _isWatched;

    /// <summary>Returns an array of at least this length, with any content.</summary>
    public static byte[] Rent(int length) => length <= MaxSharedSize ? ArrayPool<byte>.Shared.Rent(length)
        : Find(length) ?? GC.AllocateUninitializedArray<byte>(length);

    /// <summary>Returns an array to the store; it must not be used any more.</summary>
    public static void Return(byte[] array)
    {
        if (array.Length <= MaxSharedSize)
        {
            ArrayPool<byte>.Shared.Return(array);
            return;
        }

        lock (Gate)
        {
            if (Kept.Sum(entry => (long)entry.Array.Length) + array.Length <= MaxRetained)
            {
                Kept.Add((array, GC.CollectionCount(GC.MaxGeneration)));
                if (!_isWatched)
                {
                    _isWatched = true;
                    _ = new Watch();
                }
            }
            else if (array.Length > MaxRetained)
            {
                Last.SetTarget(array);
            }
        }
    }

    /// <summary>The shortest stored array that is long enough, and not so long that most of it would be unused.</summary>
    private static byte[]? Find(int length)
    {
        lock (Gate)
        {
            int best = -1;
            for (int i = 0; i < Kept.Count; i++)
            {
                int size = Kept[i].Array.Length;
                if (Fits(size, length) && (best < 0 || size < Kept[best].Array.Length))
                {
                    best = i;
                }
            }

            if (best >= 0)
            {
                byte[] array = Kept[best].Array;
                Kept.RemoveAt(best);
                return array;
            }

            if (Last.TryGetTarget(out byte[]? last) && Fits(last.Length, length))
            {
                Last.SetTarget(null);
                return last;
            }

            return null;
        }
    }

    private static bool Fits(int size, int length) => size >= length && size - length <= size / 4;

    /// <summary>Drops arrays that have not been used for long; returns whether any are left.</summary>
    private static bool TrimOld()
    {
        lock (Gate)
        {
            int now = GC.CollectionCount(GC.MaxGeneration);
            _ = Kept.RemoveAll(entry => now - entry.Since >= KeptForCollections);
            return _isWatched = Kept.Count > 0;
        }
    }

    /// <summary>An unreachable object, whose finalizer runs after every garbage collection of its generation.</summary>
    private sealed class Watch
    {
        ~Watch()
        {
            if (TrimOld())
            {
                GC.ReRegisterForFinalize(this);
            }
        }
    }
}

/// <summary>Stores bytes from the network whose number is not known: the first ones in one array, further ones in more arrays, which are never copied into
/// one.</summary>
/// <remarks>An array that doubles takes up to three times its content while it grows. Wiped when disposed. Not thread-safe.</remarks>
internal sealed class PooledPieces : IBufferWriter<byte>, IDisposable
{
    /// <summary>The minimum number of bytes in one piece, if there are as many.</summary>
    public const int MaxFirstPieceSize = ContentArrays.MaxSharedSize;

    private const int FirstStep = 16 * 1024;

    // Less is not worth a read. More would double the array for the read that finds the end of a short answer.
    private const int LeastFree = 1024;

    // Slightly more, so that it does not come from the shared pool, which would keep all of them.
    private const int PieceSize = ContentArrays.MaxSharedSize + 4096;

    private readonly List<PooledBytes> _pieces = [new PooledBytes(FirstStep)];

    public int Length { get; private set; }

    /// <summary>All bytes; valid until the next call that adds to them or disposes them.</summary>
    public Utf8Sequence Text
    {
        get
        {
            if (_pieces.Count == 1)
            {
                return new Utf8Sequence(_pieces[0].Span);
            }

            Piece first = new(_pieces[0].Memory, null);
            Piece last = first;
            foreach (PooledBytes piece in _pieces.Skip(1).Where(piece => piece.Length > 0))
            {
                last = new Piece(piece.Memory, last);
            }

            return new Utf8Sequence(new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length));
        }
    }

    /// <summary>The free space of the last piece, or of a new piece, of any length.</summary>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sizeHint, 1);
        PooledBytes last = _pieces[^1];
        int most = _pieces.Count == 1 ? MaxFirstPieceSize : PieceSize;
        if (last.Length >= most)
        {
            last = new PooledBytes(PieceSize);
            _pieces.Add(last);
            most = PieceSize;
        }

        Memory<byte> free = last.Free(Math.Min(LeastFree, most - last.Length));
        return free[..Math.Min(free.Length, most - last.Length)];
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Advance(int count)
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
