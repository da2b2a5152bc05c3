using System.Buffers.Binary;

namespace Privatemode.AI.Fuzz.Mutation;

/// <summary>Changes that need no idea of what the bytes are.</summary>
internal static class ByteMutations
{
    private static readonly ulong[] Interesting =
    [
        0, 1, 2, 4, 5, 6, 0x10, 0x7F, 0x80, 0xFF, 0x100, 0x4A0, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF,
        0x100000000, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF,
    ];

    private static readonly int[] LargeSizes = [20 << 10, 70 << 10, 140 << 10, 300 << 10, 1 << 20, 5 << 20, (6 << 20) - 1024, (8 << 20) - 1024, 12 << 20];

    public static byte[] Apply(byte[] bytes, byte[] other, Rng rng) => rng.Below(10) switch
    {
        0 or 1 => Flip(bytes, rng),
        2 => Set(bytes, rng),
        3 => SetNumber(bytes, rng),
        4 => bytes[..rng.Below(bytes.Length + 1)],
        5 => Extend(bytes, rng),
        6 => Duplicate(bytes, rng),
        7 => Remove(bytes, rng),
        8 => Swap(bytes, rng),
        _ => Splice(bytes, other, rng),
    };

    /// <summary>Repeats a piece until the whole is larger than any limit, or nearly as large as one.</summary>
    public static byte[] Inflate(byte[] bytes, Rng rng)
    {
        int size = rng.Pick(LargeSizes) - rng.Below(3);
        int start = rng.OneIn(3) ? 0 : rng.Below(bytes.Length);
        int length = Math.Min(bytes.Length - start, 1 + rng.Below(rng.OneIn(2) ? 8 : 200));
        if (length <= 0 || bytes.Length >= size)
        {
            return bytes;
        }

        int repeats = (size - bytes.Length) / length;
        byte[] result = new byte[bytes.Length + repeats * length];
        bytes.AsSpan(0, start).CopyTo(result);
        for (int i = 0; i < repeats; i++)
        {
            bytes.AsSpan(start, length).CopyTo(result.AsSpan(start + i * length));
        }

        bytes.AsSpan(start).CopyTo(result.AsSpan(start + repeats * length));
        return result;
    }

    private static byte[] Flip(byte[] bytes, Rng rng)
    {
        byte[] result = [.. bytes];
        for (int i = rng.OneIn(3) ? rng.Below(8) : 0; i >= 0 && result.Length > 0; i--)
        {
            result[rng.Below(result.Length)] ^= (byte)(1 << rng.Below(8));
        }

        return result;
    }

    private static byte[] Set(byte[] bytes, Rng rng)
    {
        byte[] result = [.. bytes];
        (int start, int length) = Range(bytes, rng);
        byte value = (byte)(rng.OneIn(3) ? 0 : rng.OneIn(2) ? 0xFF : rng.Below(256));
        result.AsSpan(start, rng.OneIn(2) ? Math.Min(1, length) : length).Fill(value);
        return result;
    }

    private static byte[] SetNumber(byte[] bytes, Rng rng)
    {
        int size = 1 << rng.Below(4);
        if (bytes.Length < size)
        {
            return bytes;
        }

        byte[] result = [.. bytes];
        Span<byte> number = result.AsSpan(rng.Below(bytes.Length - size + 1), size);
        ulong value = rng.OneIn(4) ? (ulong)bytes.Length + (ulong)rng.Below(9) - 4 : rng.Pick(Interesting);
        Span<byte> all = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(all, value);
        all[..size].CopyTo(number);
        if (rng.OneIn(2))
        {
            number.Reverse();
        }

        return result;
    }

    private static byte[] Extend(byte[] bytes, Rng rng)
    {
        byte[] tail = new byte[1 + rng.Below(64)];
        tail.AsSpan().Fill((byte)(rng.OneIn(2) ? 0 : rng.Below(256)));
        int at = rng.OneIn(2) ? bytes.Length : rng.Below(bytes.Length + 1);
        return [.. bytes.AsSpan(0, at), .. tail, .. bytes.AsSpan(at)];
    }

    private static byte[] Duplicate(byte[] bytes, Rng rng)
    {
        (int start, int length) = Range(bytes, rng);
        int at = rng.OneIn(2) ? start : rng.Below(bytes.Length + 1);
        return [.. bytes.AsSpan(0, at), .. bytes.AsSpan(start, length), .. bytes.AsSpan(at)];
    }

    private static byte[] Remove(byte[] bytes, Rng rng)
    {
        (int start, int length) = Range(bytes, rng);
        return [.. bytes.AsSpan(0, start), .. bytes.AsSpan(start + length)];
    }

    private static byte[] Swap(byte[] bytes, Rng rng)
    {
        byte[] result = [.. bytes];
        (int start, int length) = Range(bytes, rng);
        int to = rng.Below(bytes.Length - length + 1);
        bytes.AsSpan(to, length).CopyTo(result.AsSpan(start));
        bytes.AsSpan(start, length).CopyTo(result.AsSpan(to));
        return result;
    }

    // In half of the cases at the same place in both, where formats with fixed layouts still fit together.
    private static byte[] Splice(byte[] bytes, byte[] other, Rng rng)
    {
        int at = rng.Below(bytes.Length + 1);
        int from = rng.OneIn(2) ? Math.Min(at, other.Length) : rng.Below(other.Length + 1);
        return [.. bytes.AsSpan(0, at), .. other.AsSpan(from)];
    }

    private static (int Start, int Length) Range(byte[] bytes, Rng rng)
    {
        int start = rng.Below(bytes.Length);
        int longest = rng.OneIn(3) ? 256 : 8;
        return (start, Math.Min(bytes.Length - start, 1 + rng.Below(longest)));
    }
}
