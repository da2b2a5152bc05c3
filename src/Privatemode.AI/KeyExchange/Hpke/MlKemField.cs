using System.Runtime.CompilerServices;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: FIPS 203, section 2.4.1 (arithmetic modulo q) and section 4.2.1 (Compress, Decompress).
// A coefficient is kept as an integer from 0 to q - 1.

/// <summary>Arithmetic modulo q = 3329 without division, branch or select.</summary>
/// <remarks>Never / or %: before the JIT optimises, they are a div instruction, whose time depends on the secret (KyberSlash).</remarks>
internal static class MlKemField
{
    /// <summary>Coefficients of a polynomial.</summary>
    public const int N = 256;

    /// <summary>The modulus, q.</summary>
    public const uint Q = 3329;

    /// <summary>Inputs of <see cref="Reduce"/> must stay below this; six products of two coefficients do.</summary>
    public const uint ReduceLimit = 1u << 26;

    // floor(x / q) = floor(x * M / 2^38) with M = ceil(2^38 / q): exact while x * (M * q - 2^38) < 2^38, and M * q - 2^38 < 2^12.
    private const int ReciprocalShift = 38;
    private const ulong Reciprocal = ((1UL << ReciprocalShift) + Q - 1) / Q;

    /// <summary>x mod q, for x below <see cref="ReduceLimit"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Reduce(uint x) => unchecked(x - (Q * Quotient(x)));

    /// <summary>a + b mod q.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Add(uint a, uint b) => unchecked(ReduceOnce(a + b));

    /// <summary>a - b mod q.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Subtract(uint a, uint b) => unchecked(ReduceOnce(a + Q - b));

    /// <summary>x mod q, for x below 2q.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ReduceOnce(uint x)
    {
        unchecked
        {
            uint difference = x - Q;
            uint maskWhenNegative = (uint)((int)difference >> 31);
            return difference + (Q & maskWhenNegative);
        }
    }

    /// <summary>Equation 4.7, Compress_d: x * 2^d / q to the nearest integer, modulo 2^d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Compress(uint x, int d) => unchecked(Quotient((x << d) + (Q >> 1)) & ((1u << d) - 1));

    /// <summary>Equation 4.8, Decompress_d: y * q / 2^d to the nearest integer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decompress(uint y, int d) => unchecked(((y * Q) + (1u << (d - 1))) >> d);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Quotient(uint x) => unchecked((uint)((x * Reciprocal) >> ReciprocalShift));
}
