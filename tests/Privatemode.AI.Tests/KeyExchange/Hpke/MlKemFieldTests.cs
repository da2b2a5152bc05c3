using System.Numerics;
using Privatemode.AI.KeyExchange.Hpke;

namespace Privatemode.AI.Tests.KeyExchange.Hpke;

public class MlKemFieldTests
{
    private const int Q = (int)MlKemField.Q;

    [Fact]
    public void Reduce_EveryInputBelowTheLimit_IsTheRemainder()
    {
        uint expected = 0;
        for (uint x = 0; x < MlKemField.ReduceLimit; x++)
        {
            if (MlKemField.Reduce(x) != expected)
            {
                Assert.Fail($"Reduce({x}) = {MlKemField.Reduce(x)}, expected {expected}");
            }

            expected = expected == MlKemField.Q - 1 ? 0 : expected + 1;
        }
    }

    [Fact]
    public void ReduceLimit_SixProductsOfTwoCoefficients_Fit() =>
        Assert.True(6UL * (MlKemField.Q - 1) * (MlKemField.Q - 1) < MlKemField.ReduceLimit);

    [Fact]
    public void AddAndSubtract_EveryPair_AreModuloQ()
    {
        for (int a = 0; a < Q; a++)
        {
            for (int b = 0; b < Q; b++)
            {
                if (MlKemField.Add((uint)a, (uint)b) != (a + b) % Q || MlKemField.Subtract((uint)a, (uint)b) != (a - b + Q) % Q)
                {
                    Assert.Fail($"{a} and {b}");
                }
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(MlKem768.Dv)]
    [InlineData(MlKem768.Du)]
    public void CompressAndDecompress_EveryValue_RoundAsFips203Says(int d)
    {
        for (uint x = 0; x < Q; x++)
        {
            // Equation 4.7 with exact integers: round(2^d x / q) = floor((2^(d+1) x + q) / 2q).
            Assert.Equal((((x << (d + 1)) + Q) / (2 * Q)) & ((1 << d) - 1), MlKemField.Compress(x, d));
        }

        for (uint y = 0; y < 1u << d; y++)
        {
            Assert.Equal((uint)(((2 * y * Q) + (1 << d)) >> (d + 1)), MlKemField.Decompress(y, d));
            Assert.Equal(y, MlKemField.Compress(MlKemField.Decompress(y, d), d));
        }
    }

    // FIPS 203, section 4.3 and appendix A.
    [Fact]
    public void Tables_EveryEntry_IsThePowerOf17()
    {
        Assert.Equal(128, MlKemNtt.Zetas.Length);
        Assert.Equal(128, MlKemNtt.Gammas.Length);
        for (int i = 0; i < 128; i++)
        {
            Assert.Equal((int)BigInteger.ModPow(17, BitRev7(i), Q), MlKemNtt.Zetas[i]);
            Assert.Equal((int)BigInteger.ModPow(17, (2 * BitRev7(i)) + 1, Q), MlKemNtt.Gammas[i]);
        }
    }

    [Fact]
    public void InverseTransform_AfterTransform_GivesThePolynomialBack()
    {
        ushort[] polynomial = [.. Enumerable.Range(0, MlKemField.N).Select(i => (ushort)(i * i * 31 % Q))];
        ushort[] copy = [.. polynomial];

        MlKemNtt.Transform(copy);
        Assert.NotEqual(polynomial, copy);
        MlKemNtt.InverseTransform(copy);

        Assert.Equal(polynomial, copy);
    }

    private static int BitRev7(int value)
    {
        int reversed = 0;
        for (int bit = 0; bit < 7; bit++)
        {
            reversed |= ((value >> bit) & 1) << (6 - bit);
        }

        return reversed;
    }
}
