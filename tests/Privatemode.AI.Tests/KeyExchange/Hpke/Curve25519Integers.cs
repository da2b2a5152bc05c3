using System.Numerics;
using Privatemode.AI.KeyExchange.Hpke;

namespace Privatemode.AI.Tests.KeyExchange.Hpke;

/// <summary>The field of Curve25519 with arbitrary precision, to judge the limbs by.</summary>
internal static class Curve25519Integers
{
    private static readonly BigInteger P = BigInteger.Pow(2, 255) - 19;

    public static BigInteger Value(in FieldElement25519 x)
    {
        long[] limbs = [x.L0, x.L1, x.L2, x.L3, x.L4, x.L5, x.L6, x.L7, x.L8, x.L9];
        BigInteger value = 0;
        for (int i = 0; i < limbs.Length; i++)
        {
            value += limbs[i] * BigInteger.Pow(2, ((51 * i) + 1) / 2); // ceil(25.5 i)
        }

        return value;
    }

    public static BigInteger Reduce(BigInteger value) => ((value % P) + P) % P;

    public static BigInteger Written(in FieldElement25519 x)
    {
        byte[] bytes = new byte[FieldElement25519.Size];
        FieldElement25519.Write(x, bytes);
        return new BigInteger(bytes, isUnsigned: true);
    }
}
