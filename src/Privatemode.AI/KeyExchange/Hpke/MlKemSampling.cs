using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: FIPS 203, section 4.2.2 (Algorithms 7 and 8) with XOF = SHAKE128 and PRF = SHAKE256 of section 4.1; η1 = η2 = 2.

/// <summary>Random polynomials of ML-KEM from a seed.</summary>
internal static class MlKemSampling
{
    private const int Eta = 2;
    private const int PrfOutputSize = 64 * Eta;
    private const int CoefficientsPerWord = 8;

    /// <summary>Algorithm 7, SampleNTT, over ρ ‖ j ‖ i. Rejects by branching: everything here is public.</summary>
    public static void SampleNtt(ReadOnlySpan<byte> rho, byte j, byte i, Span<ushort> polynomial)
    {
        Span<ulong> lanes = stackalloc ulong[KeccakPermutation.Lanes];
        Span<byte> block = stackalloc byte[Shake128.Rate];
        KeccakSponge xof = Shake128.Start(lanes);
        xof.Absorb(rho);
        xof.Absorb([j, i]);

        unchecked
        {
            int count = 0;
            while (count < MlKemField.N)
            {
                xof.Squeeze(block);
                count = TakeCandidates(block, polynomial, count);
            }
        }
    }

    /// <summary>Algorithm 8, SamplePolyCBD_2, over PRF(seed, N). Every step is the same for every secret.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SamplePolyCbd(ReadOnlySpan<byte> seed, byte n, Span<ushort> polynomial)
    {
        Span<byte> random = stackalloc byte[PrfOutputSize];
        try
        {
            Shake256.HashData(seed, [n], random);
            unchecked
            {
                for (int i = 0; i < MlKemField.N / CoefficientsPerWord; i++)
                {
                    // Each pair of bits becomes its sum; two neighbouring sums are x and y of one coefficient.
                    uint word = BinaryPrimitives.ReadUInt32LittleEndian(random[(4 * i)..]);
                    uint sums = (word & 0x55555555) + ((word >> 1) & 0x55555555);
                    for (int j = 0; j < CoefficientsPerWord; j++)
                    {
                        uint x = (sums >> (4 * j)) & 3;
                        uint y = (sums >> ((4 * j) + 2)) & 3;
                        polynomial[(CoefficientsPerWord * i) + j] = (ushort)MlKemField.Subtract(x, y);
                    }
                }
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(random);
        }
    }

    // Steps 5 to 15: three bytes hold two 12-bit candidates, of which those below q are taken.
    private static int TakeCandidates(ReadOnlySpan<byte> block, Span<ushort> polynomial, int count)
    {
        unchecked
        {
            for (; block.Length >= 3 && count < MlKemField.N; block = block[3..])
            {
                int d1 = block[0] | ((block[1] & 0x0F) << 8);
                int d2 = (block[1] >> 4) | (block[2] << 4);
                if (d1 < MlKemField.Q)
                {
                    polynomial[count++] = (ushort)d1;
                }

                if (d2 < MlKemField.Q && count < MlKemField.N)
                {
                    polynomial[count++] = (ushort)d2;
                }
            }

            return count;
        }
    }
}
