using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: RFC 7748, section 4.1: the field of integers modulo p = 2^255 - 19.
// Ten signed limbs in radix 2^25.5: limb i stands for L_i * 2^ceil(25.5 i), so limbs have 26 and 25 bits in turn.
//
// Bounds. "Reduced" limbs are below 1.01 * 2^25 (even i) and 1.01 * 2^24 (odd i) in absolute value: what Carry leaves.
// Multiply and Square take limbs below 1.65 * 2^26 and 1.65 * 2^25: a loaded element, or one sum or difference of reduced ones.
// Their ten products then add up to less than 2^62, so 64-bit products are enough and nothing can overflow.

/// <summary>An element of the field under Curve25519; every operation takes the same steps for every value.</summary>
internal struct FieldElement25519
{
    /// <summary>Length of an encoded element, in bytes.</summary>
    public const int Size = 32;

    /// <summary>Number of limbs.</summary>
    public const int Limbs = 10;

    private const long Mask26 = (1L << 26) - 1;
    private const long Mask25 = (1L << 25) - 1;
    private const long Half26 = 1L << 25;
    private const long Half25 = 1L << 24;

    public long L0, L1, L2, L3, L4, L5, L6, L7, L8, L9;

    /// <summary>Reads 32 bytes, little-endian. Bit 255 is ignored and values from p to 2^255 - 1 are taken (RFC 7748, section 5).</summary>
    public static void Read(ReadOnlySpan<byte> bytes, out FieldElement25519 result)
    {
        unchecked
        {
            result.L0 = BinaryPrimitives.ReadUInt32LittleEndian(bytes) & Mask26;
            result.L1 = (BinaryPrimitives.ReadUInt32LittleEndian(bytes[3..]) >> 2) & Mask25;
            result.L2 = (BinaryPrimitives.ReadUInt32LittleEndian(bytes[6..]) >> 3) & Mask26;
            result.L3 = (BinaryPrimitives.ReadUInt32LittleEndian(bytes[9..]) >> 5) & Mask25;
            result.L4 = (BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]) >> 6) & Mask26;
            result.L5 = BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]) & Mask25;
            result.L6 = (BinaryPrimitives.ReadUInt32LittleEndian(bytes[19..]) >> 1) & Mask26;
            result.L7 = (BinaryPrimitives.ReadUInt32LittleEndian(bytes[22..]) >> 3) & Mask25;
            result.L8 = (BinaryPrimitives.ReadUInt32LittleEndian(bytes[25..]) >> 4) & Mask26;
            result.L9 = (BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]) >> 6) & Mask25;
        }
    }

    /// <summary>Writes the one value below p, 32 bytes, little-endian. Takes reduced limbs.</summary>
    public static void Write(in FieldElement25519 x, Span<byte> bytes)
    {
        unchecked
        {
            long h0 = x.L0;
            long h1 = x.L1;
            long h2 = x.L2;
            long h3 = x.L3;
            long h4 = x.L4;
            long h5 = x.L5;
            long h6 = x.L6;
            long h7 = x.L7;
            long h8 = x.L8;
            long h9 = x.L9;

            // q = floor(x / p), which is -1, 0 or 1: the carry out of limb 9 of x + 19 * (x / 2^255).
            // Then x - qp = x + 19q - 2^255 q, and the last term is what the mask of limb 9 drops.
            long q = ((19 * h9) + (1L << 24)) >> 25;
            q = (h0 + q) >> 26;
            q = (h1 + q) >> 25;
            q = (h2 + q) >> 26;
            q = (h3 + q) >> 25;
            q = (h4 + q) >> 26;
            q = (h5 + q) >> 25;
            q = (h6 + q) >> 26;
            q = (h7 + q) >> 25;
            q = (h8 + q) >> 26;
            q = (h9 + q) >> 25;
            h0 += 19 * q;

            h1 += h0 >> 26;
            h0 &= Mask26;
            h2 += h1 >> 25;
            h1 &= Mask25;
            h3 += h2 >> 26;
            h2 &= Mask26;
            h4 += h3 >> 25;
            h3 &= Mask25;
            h5 += h4 >> 26;
            h4 &= Mask26;
            h6 += h5 >> 25;
            h5 &= Mask25;
            h7 += h6 >> 26;
            h6 &= Mask26;
            h8 += h7 >> 25;
            h7 &= Mask25;
            h9 += h8 >> 26;
            h8 &= Mask26;
            h9 &= Mask25;

            BinaryPrimitives.WriteInt64LittleEndian(bytes, h0 | (h1 << 26) | (h2 << 51));
            BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], (h2 >> 13) | (h3 << 13) | (h4 << 38));
            BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], h5 | (h6 << 25) | (h7 << 51));
            BinaryPrimitives.WriteInt64LittleEndian(bytes[24..], (h7 >> 13) | (h8 << 12) | (h9 << 38));
        }
    }

    public static void Add(in FieldElement25519 x, in FieldElement25519 y, out FieldElement25519 result)
    {
        unchecked
        {
            result.L0 = x.L0 + y.L0;
            result.L1 = x.L1 + y.L1;
            result.L2 = x.L2 + y.L2;
            result.L3 = x.L3 + y.L3;
            result.L4 = x.L4 + y.L4;
            result.L5 = x.L5 + y.L5;
            result.L6 = x.L6 + y.L6;
            result.L7 = x.L7 + y.L7;
            result.L8 = x.L8 + y.L8;
            result.L9 = x.L9 + y.L9;
        }
    }

    public static void Subtract(in FieldElement25519 x, in FieldElement25519 y, out FieldElement25519 result)
    {
        unchecked
        {
            result.L0 = x.L0 - y.L0;
            result.L1 = x.L1 - y.L1;
            result.L2 = x.L2 - y.L2;
            result.L3 = x.L3 - y.L3;
            result.L4 = x.L4 - y.L4;
            result.L5 = x.L5 - y.L5;
            result.L6 = x.L6 - y.L6;
            result.L7 = x.L7 - y.L7;
            result.L8 = x.L8 - y.L8;
            result.L9 = x.L9 - y.L9;
        }
    }

    /// <summary>x * y. Suffix d doubles (two odd limbs: 2^ceil rounds up twice), w multiplies by 19 (2^255 = 19 mod p).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(in FieldElement25519 x, in FieldElement25519 y, out FieldElement25519 result)
    {
        unchecked
        {
            long x0 = x.L0, x1 = x.L1, x2 = x.L2, x3 = x.L3, x4 = x.L4;
            long x5 = x.L5, x6 = x.L6, x7 = x.L7, x8 = x.L8, x9 = x.L9;
            long y0 = y.L0, y1 = y.L1, y2 = y.L2, y3 = y.L3, y4 = y.L4;
            long y5 = y.L5, y6 = y.L6, y7 = y.L7, y8 = y.L8, y9 = y.L9;
            long x1d = 2 * x1, x3d = 2 * x3, x5d = 2 * x5, x7d = 2 * x7, x9d = 2 * x9;
            long y1w = 19 * y1, y2w = 19 * y2, y3w = 19 * y3, y4w = 19 * y4;
            long y5w = 19 * y5, y6w = 19 * y6, y7w = 19 * y7, y8w = 19 * y8, y9w = 19 * y9;
            long r0 = (x0 * y0) + (x1d * y9w) + (x2 * y8w) + (x3d * y7w) + (x4 * y6w)
                + (x5d * y5w) + (x6 * y4w) + (x7d * y3w) + (x8 * y2w) + (x9d * y1w);
            long r1 = (x0 * y1) + (x1 * y0) + (x2 * y9w) + (x3 * y8w) + (x4 * y7w)
                + (x5 * y6w) + (x6 * y5w) + (x7 * y4w) + (x8 * y3w) + (x9 * y2w);
            long r2 = (x0 * y2) + (x1d * y1) + (x2 * y0) + (x3d * y9w) + (x4 * y8w)
                + (x5d * y7w) + (x6 * y6w) + (x7d * y5w) + (x8 * y4w) + (x9d * y3w);
            long r3 = (x0 * y3) + (x1 * y2) + (x2 * y1) + (x3 * y0) + (x4 * y9w)
                + (x5 * y8w) + (x6 * y7w) + (x7 * y6w) + (x8 * y5w) + (x9 * y4w);
            long r4 = (x0 * y4) + (x1d * y3) + (x2 * y2) + (x3d * y1) + (x4 * y0)
                + (x5d * y9w) + (x6 * y8w) + (x7d * y7w) + (x8 * y6w) + (x9d * y5w);
            long r5 = (x0 * y5) + (x1 * y4) + (x2 * y3) + (x3 * y2) + (x4 * y1)
                + (x5 * y0) + (x6 * y9w) + (x7 * y8w) + (x8 * y7w) + (x9 * y6w);
            long r6 = (x0 * y6) + (x1d * y5) + (x2 * y4) + (x3d * y3) + (x4 * y2)
                + (x5d * y1) + (x6 * y0) + (x7d * y9w) + (x8 * y8w) + (x9d * y7w);
            long r7 = (x0 * y7) + (x1 * y6) + (x2 * y5) + (x3 * y4) + (x4 * y3)
                + (x5 * y2) + (x6 * y1) + (x7 * y0) + (x8 * y9w) + (x9 * y8w);
            long r8 = (x0 * y8) + (x1d * y7) + (x2 * y6) + (x3d * y5) + (x4 * y4)
                + (x5d * y3) + (x6 * y2) + (x7d * y1) + (x8 * y0) + (x9d * y9w);
            long r9 = (x0 * y9) + (x1 * y8) + (x2 * y7) + (x3 * y6) + (x4 * y5)
                + (x5 * y4) + (x6 * y3) + (x7 * y2) + (x8 * y1) + (x9 * y0);
            Carry(r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, out result);
        }
    }

    /// <summary>x * x. Suffixes as in <see cref="Multiply"/>, and q multiplies by 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Square(in FieldElement25519 x, out FieldElement25519 result)
    {
        unchecked
        {
            long x0 = x.L0, x1 = x.L1, x2 = x.L2, x3 = x.L3, x4 = x.L4;
            long x5 = x.L5, x6 = x.L6, x7 = x.L7, x8 = x.L8, x9 = x.L9;
            long x0d = 2 * x0, x1d = 2 * x1, x2d = 2 * x2, x3d = 2 * x3, x4d = 2 * x4, x5d = 2 * x5;
            long x6d = 2 * x6, x7d = 2 * x7, x8d = 2 * x8, x9d = 2 * x9;
            long x1q = 4 * x1, x3q = 4 * x3, x5q = 4 * x5, x7q = 4 * x7;
            long x5w = 19 * x5, x6w = 19 * x6, x7w = 19 * x7, x8w = 19 * x8, x9w = 19 * x9;
            long r0 = (x0 * x0) + (x1q * x9w) + (x2d * x8w) + (x3q * x7w) + (x4d * x6w) + (x5d * x5w);
            long r1 = (x0d * x1) + (x2d * x9w) + (x3d * x8w) + (x4d * x7w) + (x5d * x6w);
            long r2 = (x0d * x2) + (x1d * x1) + (x3q * x9w) + (x4d * x8w) + (x5q * x7w) + (x6 * x6w);
            long r3 = (x0d * x3) + (x1d * x2) + (x4d * x9w) + (x5d * x8w) + (x6d * x7w);
            long r4 = (x0d * x4) + (x1q * x3) + (x2 * x2) + (x5q * x9w) + (x6d * x8w) + (x7d * x7w);
            long r5 = (x0d * x5) + (x1d * x4) + (x2d * x3) + (x6d * x9w) + (x7d * x8w);
            long r6 = (x0d * x6) + (x1q * x5) + (x2d * x4) + (x3d * x3) + (x7q * x9w) + (x8 * x8w);
            long r7 = (x0d * x7) + (x1d * x6) + (x2d * x5) + (x3d * x4) + (x8d * x9w);
            long r8 = (x0d * x8) + (x1q * x7) + (x2d * x6) + (x3q * x5) + (x4 * x4) + (x9d * x9w);
            long r9 = (x0d * x9) + (x1d * x8) + (x2d * x7) + (x3d * x6) + (x4d * x5);
            Carry(r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, out result);
        }
    }

    /// <summary>x * factor, for a public factor below 2^17.</summary>
    public static void MultiplySmall(in FieldElement25519 x, long factor, out FieldElement25519 result)
    {
        unchecked
        {
            Carry(
                x.L0 * factor,
                x.L1 * factor,
                x.L2 * factor,
                x.L3 * factor,
                x.L4 * factor,
                x.L5 * factor,
                x.L6 * factor,
                x.L7 * factor,
                x.L8 * factor,
                x.L9 * factor,
                out result);
        }
    }

    /// <summary>Exchanges x and y when <paramref name="swap"/> is 1, leaves them when it is 0: cswap of RFC 7748, section 5.</summary>
    public static void ConditionalSwap(long swap, ref FieldElement25519 x, ref FieldElement25519 y)
    {
        unchecked
        {
            long mask = -swap;
            Span<long> left = MemoryMarshal.Cast<FieldElement25519, long>(new Span<FieldElement25519>(ref x));
            Span<long> right = MemoryMarshal.Cast<FieldElement25519, long>(new Span<FieldElement25519>(ref y));
            for (int i = 0; i < left.Length && i < right.Length; i++)
            {
                long difference = mask & (left[i] ^ right[i]);
                left[i] ^= difference;
                right[i] ^= difference;
            }
        }
    }

    /// <summary>1 / x as x^(p - 2), and 0 for 0. p - 2 = 2^255 - 21 = (2^250 - 1) * 2^5 + 11.</summary>
    public static void Invert(in FieldElement25519 x, out FieldElement25519 result)
    {
        Span<long> limbs = stackalloc long[4 * Limbs];
        Span<FieldElement25519> work = MemoryMarshal.Cast<long, FieldElement25519>(limbs);
        ref FieldElement25519 power11 = ref work[0];
        ref FieldElement25519 low = ref work[1]; // x^(2^n - 1) for the n of the last step
        ref FieldElement25519 mid = ref work[2];
        ref FieldElement25519 t = ref work[3];

        Square(x, out mid); // x^2
        SquareTimes(mid, 2, out t); // x^8
        Multiply(t, x, out low); // x^9
        Multiply(low, mid, out power11); // x^11
        Square(power11, out t); // x^22
        Multiply(t, low, out low); // x^31: n = 5
        SquareTimes(low, 5, out t);
        Multiply(t, low, out low); // n = 10
        SquareTimes(low, 10, out t);
        Multiply(t, low, out mid); // n = 20
        SquareTimes(mid, 20, out t);
        Multiply(t, mid, out t); // n = 40
        SquareTimes(t, 10, out t);
        Multiply(t, low, out low); // n = 50
        SquareTimes(low, 50, out t);
        Multiply(t, low, out mid); // n = 100
        SquareTimes(mid, 100, out t);
        Multiply(t, mid, out t); // n = 200
        SquareTimes(t, 50, out t);
        Multiply(t, low, out t); // n = 250
        SquareTimes(t, 5, out t);
        Multiply(t, power11, out result);

        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(limbs));
    }

    private static void SquareTimes(in FieldElement25519 x, int times, out FieldElement25519 result)
    {
        Square(x, out result);
        unchecked
        {
            for (int i = 1; i < times; i++)
            {
                Square(result, out result);
            }
        }
    }

    // Brings limbs below 2^62 down to reduced ones; what leaves limb 9 has weight 2^255 and enters limb 0 times 19.
    // Two chains run side by side; each carry rounds to the nearest, so limbs end up on both sides of zero.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Carry(
        long r0, long r1, long r2, long r3, long r4, long r5, long r6, long r7, long r8, long r9, out FieldElement25519 result)
    {
        unchecked
        {
            long carry;
            carry = (r0 + Half26) >> 26;
            r1 += carry;
            r0 -= carry << 26;
            carry = (r4 + Half26) >> 26;
            r5 += carry;
            r4 -= carry << 26;
            carry = (r1 + Half25) >> 25;
            r2 += carry;
            r1 -= carry << 25;
            carry = (r5 + Half25) >> 25;
            r6 += carry;
            r5 -= carry << 25;
            carry = (r2 + Half26) >> 26;
            r3 += carry;
            r2 -= carry << 26;
            carry = (r6 + Half26) >> 26;
            r7 += carry;
            r6 -= carry << 26;
            carry = (r3 + Half25) >> 25;
            r4 += carry;
            r3 -= carry << 25;
            carry = (r7 + Half25) >> 25;
            r8 += carry;
            r7 -= carry << 25;
            carry = (r4 + Half26) >> 26;
            r5 += carry;
            r4 -= carry << 26;
            carry = (r8 + Half26) >> 26;
            r9 += carry;
            r8 -= carry << 26;
            carry = (r9 + Half25) >> 25;
            r0 += 19 * carry;
            r9 -= carry << 25;
            carry = (r0 + Half26) >> 26;
            r1 += carry;
            r0 -= carry << 26;

            result.L0 = r0;
            result.L1 = r1;
            result.L2 = r2;
            result.L3 = r3;
            result.L4 = r4;
            result.L5 = r5;
            result.L6 = r6;
            result.L7 = r7;
            result.L8 = r8;
            result.L9 = r9;
        }
    }
}
