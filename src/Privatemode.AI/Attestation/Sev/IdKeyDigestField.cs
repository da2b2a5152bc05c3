using System.Numerics;
using System.Runtime.CompilerServices;

namespace Privatemode.AI.Attestation.Sev;

// References: SEC 2, section 2.5.1 (the prime of secp384r1); P. L. Montgomery, "Modular multiplication without trial division".

/// <summary>A number modulo the prime of P-384, times 2^384 (Montgomery form), in six limbs, the lowest first.</summary>
/// <remarks>Not constant-time: see <see cref="IdKeyDigestPoint"/>. BigInteger would take ten times as long.</remarks>
[InlineArray(Limbs)]
internal struct IdKeyDigestField
{
    private const int Limbs = 6;
    private const int LimbBits = 64;

    /// <summary>-1/p modulo 2^64.</summary>
    private const ulong MinusInverse = 0x0000_0001_0000_0001;

    private ulong _limb;

    public static BigInteger Prime { get; } =
        BigInteger.Pow(2, 384) - BigInteger.Pow(2, 128) - BigInteger.Pow(2, 96) + BigInteger.Pow(2, 32) - 1;

    private static ReadOnlySpan<ulong> PrimeLimbs =>
    [
        0x0000_0000_FFFF_FFFF, 0xFFFF_FFFF_0000_0000, 0xFFFF_FFFF_FFFF_FFFE,
        0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF,
    ];

    public readonly bool IsZero
    {
        get
        {
            ReadOnlySpan<ulong> limbs = this;
            return !limbs.ContainsAnyExcept(0ul);
        }
    }

    /// <summary>From an integer of zero or more.</summary>
    public static IdKeyDigestField From(BigInteger value)
    {
        BigInteger rest = (value << (Limbs * LimbBits)) % Prime;
        IdKeyDigestField result = default;
        for (int i = 0; i < Limbs; i++)
        {
            result[i] = (ulong)(rest & ulong.MaxValue);
            rest >>= LimbBits;
        }

        return result;
    }

    /// <summary>The integer, less than the prime.</summary>
    public readonly BigInteger ToInteger()
    {
        IdKeyDigestField one = default;
        one[0] = 1;
        IdKeyDigestField plain = this * one; // takes the factor 2^384 away
        BigInteger result = BigInteger.Zero;
        for (int i = Limbs - 1; i >= 0; i--)
        {
            result = (result << LimbBits) | plain[i];
        }

        return result;
    }

    // Optimised at once: this runs a few thousand times for one digest, and a process rarely needs a second one.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static IdKeyDigestField operator *(in IdKeyDigestField left, in IdKeyDigestField right)
    {
        unchecked
        {
            ReadOnlySpan<ulong> a = left;
            ReadOnlySpan<ulong> prime = PrimeLimbs;
            Span<ulong> sum = stackalloc ulong[Limbs + 1];
            sum.Clear();
            for (int i = 0; i < Limbs; i++)
            {
                ulong carry = 0;
                for (int j = 0; j < Limbs; j++)
                {
                    sum[j] = MultiplyAdd(a[j], right[i], sum[j], ref carry);
                }

                ulong high = sum[Limbs] + carry;
                ulong overflow = high < carry ? 1ul : 0;
                ulong factor = sum[0] * MinusInverse;
                carry = 0;
                _ = MultiplyAdd(factor, prime[0], sum[0], ref carry);
                for (int j = 1; j < Limbs; j++)
                {
                    sum[j - 1] = MultiplyAdd(factor, prime[j], sum[j], ref carry);
                }

                sum[Limbs - 1] = high + carry;
                sum[Limbs] = overflow + (sum[Limbs - 1] < carry ? 1ul : 0);
            }

            return Reduce(sum[..Limbs], sum[Limbs]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static IdKeyDigestField operator +(in IdKeyDigestField left, in IdKeyDigestField right)
    {
        unchecked
        {
            Span<ulong> sum = stackalloc ulong[Limbs];
            ulong carry = 0;
            for (int i = 0; i < Limbs; i++)
            {
                ulong partial = left[i] + carry;
                carry = partial < carry ? 1ul : 0;
                sum[i] = partial + right[i];
                carry += sum[i] < partial ? 1ul : 0;
            }

            return Reduce(sum, carry);
        }
    }

    public static IdKeyDigestField operator -(in IdKeyDigestField left, in IdKeyDigestField right) => left + -right;

    public static IdKeyDigestField operator -(in IdKeyDigestField value)
    {
        IdKeyDigestField result = value;
        if (!value.IsZero)
        {
            PrimeLimbs.CopyTo(result);
            _ = Subtract(result, value);
        }

        return result;
    }

    // Low 64 bits of a · b + addend + carry; the rest is the next carry.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong MultiplyAdd(ulong a, ulong b, ulong addend, ref ulong carry)
    {
        unchecked
        {
            ulong high = Math.BigMul(a, b, out ulong low);
            low += addend;
            high += low < addend ? 1ul : 0;
            low += carry;
            high += low < carry ? 1ul : 0;
            carry = high;
            return low;
        }
    }

    // A number less than twice the prime.
    private static IdKeyDigestField Reduce(ReadOnlySpan<ulong> limbs, ulong carry)
    {
        IdKeyDigestField result = default;
        limbs.CopyTo(result);
        IdKeyDigestField reduced = result;
        ulong borrow = Subtract(reduced, PrimeLimbs);
        return carry == 0 && borrow != 0 ? result : reduced;
    }

    private static ulong Subtract(Span<ulong> from, ReadOnlySpan<ulong> amount)
    {
        unchecked
        {
            ulong borrow = 0;
            for (int i = 0; i < Limbs; i++)
            {
                ulong partial = from[i] - amount[i];
                ulong next = from[i] < amount[i] ? 1ul : 0;
                next += partial < borrow ? 1ul : 0;
                from[i] = partial - borrow;
                borrow = next;
            }

            return borrow;
        }
    }
}
