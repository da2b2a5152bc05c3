using System.Runtime.CompilerServices;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: FIPS 203, section 4.3; tables of appendix A with ζ = 17.

/// <summary>The number-theoretic transform of ML-KEM and multiplication in its domain.</summary>
internal static class MlKemNtt
{
    private const uint InverseOf128 = 3303;

    /// <summary>ζ^BitRev7(i) mod q, used from i = 1.</summary>
    public static ReadOnlySpan<ushort> Zetas =>
    [
           1, 1729, 2580, 3289, 2642,  630, 1897,  848, 1062, 1919,  193,  797, 2786, 3260,  569, 1746,
         296, 2447, 1339, 1476, 3046,   56, 2240, 1333, 1426, 2094,  535, 2882, 2393, 2879, 1974,  821,
         289,  331, 3253, 1756, 1197, 2304, 2277, 2055,  650, 1977, 2513,  632, 2865,   33, 1320, 1915,
        2319, 1435,  807,  452, 1438, 2868, 1534, 2402, 2647, 2617, 1481,  648, 2474, 3110, 1227,  910,
          17, 2761,  583, 2649, 1637,  723, 2288, 1100, 1409, 2662, 3281,  233,  756, 2156, 3015, 3050,
        1703, 1651, 2789, 1789, 1847,  952, 1461, 2687,  939, 2308, 2437, 2388,  733, 2337,  268,  641,
        1584, 2298, 2037, 3220,  375, 2549, 2090, 1645, 1063,  319, 2773,  757, 2099,  561, 2466, 2594,
        2804, 1092,  403, 1026, 1143, 2150, 2775,  886, 1722, 1212, 1874, 1029, 2110, 2935,  885, 2154,
    ];

    /// <summary>ζ^(2 BitRev7(i) + 1) mod q.</summary>
    public static ReadOnlySpan<ushort> Gammas =>
    [
          17, 3312, 2761,  568,  583, 2746, 2649,  680, 1637, 1692,  723, 2606, 2288, 1041, 1100, 2229,
        1409, 1920, 2662,  667, 3281,   48,  233, 3096,  756, 2573, 2156, 1173, 3015,  314, 3050,  279,
        1703, 1626, 1651, 1678, 2789,  540, 1789, 1540, 1847, 1482,  952, 2377, 1461, 1868, 2687,  642,
         939, 2390, 2308, 1021, 2437,  892, 2388,  941,  733, 2596, 2337,  992,  268, 3061,  641, 2688,
        1584, 1745, 2298, 1031, 2037, 1292, 3220,  109,  375, 2954, 2549,  780, 2090, 1239, 1645, 1684,
        1063, 2266,  319, 3010, 2773,  556,  757, 2572, 2099, 1230,  561, 2768, 2466,  863, 2594,  735,
        2804,  525, 1092, 2237,  403, 2926, 1026, 2303, 1143, 2186, 2150, 1179, 2775,  554,  886, 2443,
        1722, 1607, 1212, 2117, 1874, 1455, 1029, 2300, 2110, 1219, 2935,  394,  885, 2444, 2154, 1175,
    ];

    /// <summary>Algorithm 9, NTT, in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transform(Span<ushort> f)
    {
        unchecked
        {
            int i = 1;
            for (int length = 128; length >= 2; length >>= 1)
            {
                for (int start = 0; start < MlKemField.N; start += 2 * length)
                {
                    uint zeta = Zetas[i++];
                    Span<ushort> low = f.Slice(start, length);
                    Span<ushort> high = f.Slice(start + length, length);
                    for (int j = 0; j < low.Length && j < high.Length; j++)
                    {
                        uint t = MlKemField.Reduce(zeta * high[j]);
                        uint a = low[j];
                        high[j] = (ushort)MlKemField.Subtract(a, t);
                        low[j] = (ushort)MlKemField.Add(a, t);
                    }
                }
            }
        }
    }

    /// <summary>Algorithm 10, the inverse NTT, in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void InverseTransform(Span<ushort> f)
    {
        unchecked
        {
            int i = 127;
            for (int length = 2; length <= 128; length <<= 1)
            {
                for (int start = 0; start < MlKemField.N; start += 2 * length)
                {
                    uint zeta = Zetas[i--];
                    Span<ushort> low = f.Slice(start, length);
                    Span<ushort> high = f.Slice(start + length, length);
                    for (int j = 0; j < low.Length && j < high.Length; j++)
                    {
                        uint t = low[j];
                        uint b = high[j];
                        low[j] = (ushort)MlKemField.Add(t, b);
                        high[j] = (ushort)MlKemField.Reduce(zeta * MlKemField.Subtract(b, t));
                    }
                }
            }

            for (int j = 0; j < MlKemField.N; j++)
            {
                f[j] = (ushort)MlKemField.Reduce(f[j] * InverseOf128);
            }
        }
    }

    /// <summary>Algorithms 11 and 12, MultiplyNTTs, added to <paramref name="sum"/> without the last reduction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyAccumulate(ReadOnlySpan<ushort> f, ReadOnlySpan<ushort> g, Span<uint> sum)
    {
        f = f[..MlKemField.N];
        g = g[..MlKemField.N];
        sum = sum[..MlKemField.N];
        unchecked
        {
            for (int i = 0; i < MlKemField.N / 2; i++)
            {
                uint a0 = f[2 * i];
                uint a1 = f[(2 * i) + 1];
                uint b0 = g[2 * i];
                uint b1 = g[(2 * i) + 1];
                sum[2 * i] += (a0 * b0) + (MlKemField.Reduce(a1 * b1) * Gammas[i]);
                sum[(2 * i) + 1] += (a0 * b1) + (a1 * b0);
            }
        }
    }

    /// <summary>Reduces a sum of at most three products, which is below <see cref="MlKemField.ReduceLimit"/>, and clears it.</summary>
    public static void ReduceSum(Span<uint> sum, Span<ushort> result)
    {
        unchecked
        {
            for (int i = 0; i < MlKemField.N; i++)
            {
                result[i] = (ushort)MlKemField.Reduce(sum[i]);
                sum[i] = 0;
            }
        }
    }

    /// <summary>Coefficient-wise addition; the same in both domains.</summary>
    public static void Add(Span<ushort> f, ReadOnlySpan<ushort> g)
    {
        unchecked
        {
            for (int i = 0; i < MlKemField.N; i++)
            {
                f[i] = (ushort)MlKemField.Add(f[i], g[i]);
            }
        }
    }
}
