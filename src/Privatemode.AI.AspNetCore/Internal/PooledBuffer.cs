using System.Buffers;

namespace Privatemode.AI.AspNetCore.Internal;

/// <summary>Bytes in one pooled array. The array holds prompts and answers, so it is wiped when it goes back to the pool.</summary>
/// <remarks>Memory of the content is good until the next call that adds to it. Not thread-safe.</remarks>
/// <param name="capacity">In bytes; it grows when needed.</param>
internal sealed class PooledBuffer(int capacity) : IBufferWriter<byte>, IDisposable
{
    private const int SmallestStep = 256;

    private byte[]? _array = ArrayPool<byte>.Shared.Rent(Math.Max(capacity, SmallestStep));

    public int Length { get; private set; }

    /// <summary>The size of the array.</summary>
    public int Capacity => Array.Length;

    public ReadOnlyMemory<byte> Memory => Array.AsMemory(0, Length);

    public ReadOnlySpan<byte> Span => Array.AsSpan(0, Length);

    private byte[] Array => _array ?? throw new ObjectDisposedException(nameof(PooledBuffer));

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Array.Length - Length);
        Length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return Array.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        Length += bytes.Length;
    }

    /// <summary>Makes room for so many more bytes. The array grows to twice its size at least.</summary>
    public void Reserve(int more)
    {
        byte[] current = Array;
        int wanted = checked(Length + more);
        if (wanted <= current.Length)
        {
            return;
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Max(wanted, Math.Min(current.Length * 2L, System.Array.MaxLength)));
        current.AsSpan(0, Length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(current, clearArray: true);
        _array = larger;
    }

    public void Dispose()
    {
        if (_array is { } array)
        {
            (_array, Length) = (null, 0);
            ArrayPool<byte>.Shared.Return(array, clearArray: true);
        }
    }
}
