using System.Buffers;
using System.Security.Cryptography;

namespace Privatemode.AI.AspNetCore.Internal;

/// <summary>Bytes in one array, which is pooled if it is small. It contains prompts and answers, so it is wiped before it is returned to the pool.</summary>
/// <remarks>The memory of the content is valid until the next call that adds bytes. Not thread-safe.</remarks>
/// <param name="capacity">The initial capacity in bytes. It grows when needed.</param>
internal sealed class PooledBuffer(int capacity) : IBufferWriter<byte>, IDisposable
{
    private const int SmallestStep = 256;

    /// <summary>The maximum size in bytes of a pooled array. The shared pool keeps one array of each size for each thread: for large arrays, these would be
    /// gigabytes that no budget counts.</summary>
    private const int LargestPooled = 1024 * 1024;

    private byte[]? _array = Rent(Math.Max(capacity, SmallestStep));

    public int Length { get; private set; }

    /// <summary>The size of the array, in bytes.</summary>
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
        int wanted = checked(Length + Math.Max(sizeHint, 1));
        if (wanted > Array.Length)
        {
            Grow((int)Math.Max(wanted, Math.Min(Array.Length * 2L, System.Array.MaxLength)));
        }

        return Array.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        Length += bytes.Length;
    }

    /// <summary>Increases the capacity to the specified number of bytes, and not further.</summary>
    public void EnsureCapacity(int bytes)
    {
        if (bytes > Array.Length)
        {
            Grow(bytes);
        }
    }

    public void Dispose()
    {
        if (_array is { } array)
        {
            (_array, Length) = (null, 0);
            Return(array);
        }
    }

    private static byte[] Rent(int size) => size <= LargestPooled ? ArrayPool<byte>.Shared.Rent(size) : GC.AllocateUninitializedArray<byte>(size);

    private static void Return(byte[] array)
    {
        CryptographicOperations.ZeroMemory(array);
        if (array.Length <= LargestPooled)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }

    private void Grow(int size)
    {
        byte[] current = Array;
        byte[] larger = Rent(size);
        current.AsSpan(0, Length).CopyTo(larger);
        Return(current);
        _array = larger;
    }
}
