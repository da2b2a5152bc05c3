namespace Privatemode.AI.Encryption;

/// <summary>Bytes in a pooled array, wiped when they go back: they hold prompts and answers.</summary>
/// <remarks>
/// Spans and memory of the content are good until the next call that adds to it: the array may be another one then.
/// For the same reason the content cannot be added to itself. Not thread-safe.
/// </remarks>
internal sealed class PooledBytes : IDisposable
{
    private readonly bool _isSecret;
    private byte[] _array;
    private int _written;
    private bool _disposed;

    /// <param name="capacity">In bytes; grows when needed.</param>
    /// <param name="isSecret">False for what everybody on the way will see: wiping megabytes of ciphertext would cost as much as writing it.</param>
    public PooledBytes(int capacity, bool isSecret = true)
    {
        _isSecret = isSecret;
        _array = ContentArrays.Rent(capacity);
    }

    /// <summary>How many bytes of the array are in use.</summary>
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

    /// <summary>Makes room for <paramref name="count"/> more bytes and returns it as part of the content.</summary>
    public Span<byte> Extend(int count)
    {
        Grow(count);
        Span<byte> room = _array.AsSpan(Length, count);
        Length += count;
        _written = Math.Max(_written, Length);
        return room;
    }

    /// <param name="bytes">Anything but a part of this content.</param>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        DemandForeign(bytes);
        bytes.CopyTo(Extend(bytes.Length));
    }

    public void Append(byte value) => Extend(1)[0] = value;

    /// <summary>Room behind the content, at least <paramref name="minimum"/> bytes, for a read; see <see cref="Commit"/>.</summary>
    public Memory<byte> Free(int minimum)
    {
        Grow(minimum);

        // Whoever fills it may write more than he commits.
        _written = _array.Length;
        return _array.AsMemory(Length);
    }

    /// <summary>Takes the first <paramref name="count"/> bytes of <see cref="Free"/> into the content.</summary>
    public void Commit(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Array.Length - Length);
        Length += count;
    }

    /// <summary>Replaces a range of the content by other bytes, which may be longer or shorter.</summary>
    /// <param name="start">Where the range begins.</param>
    /// <param name="length">How many bytes it has.</param>
    /// <param name="replacement">Anything but a part of this content.</param>
    public void Replace(int start, int length, ReadOnlySpan<byte> replacement)
    {
        DemandForeign(replacement);
        int tail = Span[start..][length..].Length;
        int delta = replacement.Length - length;
        Reserve(Math.Max(delta, 0));
        _array.AsSpan(start + length, tail).CopyTo(_array.AsSpan(start + replacement.Length));
        replacement.CopyTo(_array.AsSpan(start));
        Length += delta;
        _written = Math.Max(_written, Length);
    }

    /// <summary>Drops everything from <paramref name="length"/> on.</summary>
    public void Truncate(int length)
    {
        Length = Span[..length].Length;
    }

    public void Clear() => Truncate(0);

    /// <summary>Hands the content out; nothing of it stays here. Long content is not copied: its array leaves the pool.</summary>
    public MemoryStream Detach()
    {
        if (Array.Length <= ContentArrays.LargestShared)
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

    /// <summary>Makes room for so many more bytes, no more than needed.</summary>
    public void Reserve(int more) => Reserve(more, Length + more);

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            GiveBack();
            (_array, Length) = ([], 0);
        }
    }

    private void DemandForeign(ReadOnlySpan<byte> bytes)
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
        GiveBack();
        (_array, _written) = (larger, Length);
    }

    /// <summary>Wipes what was ever written, not the whole array, which may be twice as long.</summary>
    private void GiveBack()
    {
        if (_isSecret)
        {
            _array.AsSpan(0, _written).Clear();
        }

        ContentArrays.Return(_array);
    }
}
