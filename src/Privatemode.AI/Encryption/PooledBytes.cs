using System.Buffers;

namespace Privatemode.AI.Encryption;

/// <summary>Bytes in a pooled array, wiped when they go back: they hold prompts and answers.</summary>
internal sealed class PooledBytes : IDisposable
{
    private byte[] _array;
    private bool _disposed;

    public PooledBytes(int capacity) => _array = ArrayPool<byte>.Shared.Rent(capacity);

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
        Reserve(count);
        Span<byte> room = _array.AsSpan(Length, count);
        Length += count;
        return room;
    }

    public void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Extend(bytes.Length));

    public void Append(byte value) => Extend(1)[0] = value;

    /// <summary>Room behind the content, at least <paramref name="minimum"/> bytes, for a read; see <see cref="Commit"/>.</summary>
    public Memory<byte> Free(int minimum)
    {
        Reserve(minimum);
        return _array.AsMemory(Length);
    }

    /// <summary>Takes the first <paramref name="count"/> bytes of <see cref="Free"/> into the content.</summary>
    public void Commit(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Array.Length - Length);
        Length += count;
    }

    /// <summary>Drops bytes from the front and moves the rest there.</summary>
    public void RemoveFront(int count)
    {
        Span[count..].CopyTo(_array);
        Length -= count;
    }

    /// <summary>Replaces a range of the content by other bytes, which may be longer or shorter.</summary>
    public void Replace(int start, int length, ReadOnlySpan<byte> replacement)
    {
        int delta = replacement.Length - length;
        int tail = Length - start - length;
        if (delta > 0)
        {
            Reserve(delta);
        }

        _array.AsSpan(start + length, tail).CopyTo(_array.AsSpan(start + replacement.Length));
        replacement.CopyTo(_array.AsSpan(start));
        Length += delta;
    }

    /// <summary>Drops everything from <paramref name="length"/> on.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Length = length;
    }

    public void Clear() => Length = 0;

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            ArrayPool<byte>.Shared.Return(_array, clearArray: true);
            (_array, Length) = ([], 0);
        }
    }

    private void Reserve(int more)
    {
        byte[] current = Array;
        int wanted = checked(Length + more);
        if (wanted <= current.Length)
        {
            return;
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(wanted, (int)Math.Min((long)current.Length * 2, System.Array.MaxLength)));
        current.AsSpan(0, Length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(current, clearArray: true);
        _array = larger;
    }
}
