using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: FIPS 202, section 3: Keccak-p[1600, 24], which is Keccak-f[1600].
// State: 1600 bits, 25 lanes of 64 bits; lane (x, y) of section 3.1.2 is at index x + 5y.

/// <summary>The permutation under SHA-3 and SHAKE.</summary>
internal static class KeccakPermutation
{
    /// <summary>Number of 64-bit lanes in the state.</summary>
    public const int Lanes = 25;

    private const int Rounds = 24;

    // Section 3.2.5, Algorithm 6: RC[i] of each round.
    private static ReadOnlySpan<ulong> RoundConstants =>
    [
        0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000,
        0x000000000000808B, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
        0x000000000000008A, 0x0000000000000088, 0x0000000080008009, 0x000000008000000A,
        0x000000008000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003,
        0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
        0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
    ];

    /// <summary>Section 3.3, Algorithm 7: all 24 rounds, in place.</summary>
    public static void Permute(Span<ulong> state)
    {
        Span<ulong> scratch = stackalloc ulong[Lanes];
        unchecked
        {
            for (int round = 0; round < Rounds; round += 2)
            {
                Round(state, scratch, RoundConstants[round]);
                Round(scratch, state, RoundConstants[round + 1]);
            }
        }

        // The permutation can be run backwards, so the scratch is as secret as the state.
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(scratch));
    }

    // One round, from a to b. π moves every lane, so each plane of b is built from five lanes of a: their addresses and the
    // rotations are the tables of sections 3.2.2 (ρ) and 3.2.3 (π) written out.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Round(ReadOnlySpan<ulong> a, Span<ulong> b, ulong roundConstant)
    {
        a = a[..Lanes];
        b = b[..Lanes];

        // θ, section 3.2.1: C[x] is the parity of a column, D[x] is added to every lane of it.
        ulong c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
        ulong c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
        ulong c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
        ulong c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
        ulong c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
        ulong d0 = c4 ^ BitOperations.RotateLeft(c1, 1);
        ulong d1 = c0 ^ BitOperations.RotateLeft(c2, 1);
        ulong d2 = c1 ^ BitOperations.RotateLeft(c3, 1);
        ulong d3 = c2 ^ BitOperations.RotateLeft(c4, 1);
        ulong d4 = c3 ^ BitOperations.RotateLeft(c0, 1);

        // ρ and π, then χ plane by plane.
        Chi(
            b[..5],
            a[0] ^ d0,
            BitOperations.RotateLeft(a[6] ^ d1, 44),
            BitOperations.RotateLeft(a[12] ^ d2, 43),
            BitOperations.RotateLeft(a[18] ^ d3, 21),
            BitOperations.RotateLeft(a[24] ^ d4, 14));
        Chi(
            b[5..10],
            BitOperations.RotateLeft(a[3] ^ d3, 28),
            BitOperations.RotateLeft(a[9] ^ d4, 20),
            BitOperations.RotateLeft(a[10] ^ d0, 3),
            BitOperations.RotateLeft(a[16] ^ d1, 45),
            BitOperations.RotateLeft(a[22] ^ d2, 61));
        Chi(
            b[10..15],
            BitOperations.RotateLeft(a[1] ^ d1, 1),
            BitOperations.RotateLeft(a[7] ^ d2, 6),
            BitOperations.RotateLeft(a[13] ^ d3, 25),
            BitOperations.RotateLeft(a[19] ^ d4, 8),
            BitOperations.RotateLeft(a[20] ^ d0, 18));
        Chi(
            b[15..20],
            BitOperations.RotateLeft(a[4] ^ d4, 27),
            BitOperations.RotateLeft(a[5] ^ d0, 36),
            BitOperations.RotateLeft(a[11] ^ d1, 10),
            BitOperations.RotateLeft(a[17] ^ d2, 15),
            BitOperations.RotateLeft(a[23] ^ d3, 56));
        Chi(
            b[20..25],
            BitOperations.RotateLeft(a[2] ^ d2, 62),
            BitOperations.RotateLeft(a[8] ^ d3, 55),
            BitOperations.RotateLeft(a[14] ^ d4, 39),
            BitOperations.RotateLeft(a[15] ^ d0, 41),
            BitOperations.RotateLeft(a[21] ^ d1, 2));

        // ι, section 3.2.5.
        b[0] ^= roundConstant;
    }

    // Section 3.2.4.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Chi(Span<ulong> plane, ulong b0, ulong b1, ulong b2, ulong b3, ulong b4)
    {
        plane[0] = b0 ^ (~b1 & b2);
        plane[1] = b1 ^ (~b2 & b3);
        plane[2] = b2 ^ (~b3 & b4);
        plane[3] = b3 ^ (~b4 & b0);
        plane[4] = b4 ^ (~b0 & b1);
    }
}
