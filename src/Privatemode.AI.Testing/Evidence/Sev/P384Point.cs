using System.Globalization;
using System.Numerics;

namespace Privatemode.AI.Testing.Evidence.Sev;

// Reference: FIPS 186-4, D.1.2.4 (curve P-384); Jacobian formulas for a = −3 ("dbl-2001-b" and "add-2007-bl" of the Explicit-Formulas
// Database). All values are public: nothing here runs in constant time.

/// <summary>A point of P-384 in Jacobian coordinates; Z = 0 is the neutral one.</summary>
internal readonly record struct P384Point(BigInteger X, BigInteger Y, BigInteger Z)
{
    public static BigInteger Prime { get; } = BigInteger.Pow(2, 384) - BigInteger.Pow(2, 128) - BigInteger.Pow(2, 96) + BigInteger.Pow(2, 32) - 1;

    public static BigInteger Order { get; } = Hex("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973");

    public static P384Point Generator { get; } = new(
        Hex("aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"),
        Hex("3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"),
        BigInteger.One);

    private static BigInteger B { get; } = Hex("b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef");

    /// <summary>One of the two points with this x.</summary>
    public static P384Point FromX(BigInteger x)
    {
        BigInteger square = Reduce(x * x * x - 3 * x + B);
        BigInteger y = BigInteger.ModPow(square, (Prime + 1) / 4, Prime); // the prime is 3 modulo 4
        return Reduce(y * y - square).IsZero ? new P384Point(x, y, BigInteger.One) : throw new ArgumentException("No point has this x.", nameof(x));
    }

    public P384Point Negate() => this with { Y = Reduce(-Y) };

    public P384Point Multiply(BigInteger scalar)
    {
        P384Point result = default;
        for (long i = scalar.GetBitLength() - 1; i >= 0; i--)
        {
            result = result.Double();
            if (!(scalar >> (int)i).IsEven)
            {
                result = result.Add(this);
            }
        }

        return result;
    }

    public P384Point Add(P384Point other)
    {
        if (Z.IsZero || other.Z.IsZero)
        {
            return Z.IsZero ? other : this;
        }

        BigInteger z1z1 = Reduce(Z * Z);
        BigInteger z2z2 = Reduce(other.Z * other.Z);
        BigInteger u1 = Reduce(X * z2z2);
        BigInteger h = Reduce(other.X * z1z1 - u1);
        BigInteger s1 = Reduce(Reduce(Y * other.Z) * z2z2);
        BigInteger r = Reduce(2 * (Reduce(other.Y * Z) * z1z1 - s1));
        if (h.IsZero)
        {
            return r.IsZero ? Double() : default;
        }

        BigInteger i = Reduce(4 * h * h);
        BigInteger j = Reduce(h * i);
        BigInteger v = Reduce(u1 * i);
        BigInteger x = Reduce(r * r - j - 2 * v);
        BigInteger sum = Z + other.Z;
        return new P384Point(x, Reduce(r * (v - x) - 2 * s1 * j), Reduce(Reduce(sum * sum - z1z1 - z2z2) * h));
    }

    public (BigInteger X, BigInteger Y) ToAffine()
    {
        BigInteger inverse = BigInteger.ModPow(Z, Prime - 2, Prime);
        BigInteger square = Reduce(inverse * inverse);
        return (Reduce(X * square), Reduce(Reduce(Y * square) * inverse));
    }

    private P384Point Double()
    {
        BigInteger delta = Reduce(Z * Z);
        BigInteger gamma = Reduce(Y * Y);
        BigInteger beta = Reduce(X * gamma);
        BigInteger alpha = Reduce(3 * (X - delta) * (X + delta));
        BigInteger x = Reduce(alpha * alpha - 8 * beta);
        BigInteger sum = Y + Z;
        return new P384Point(x, Reduce(alpha * (4 * beta - x) - 8 * gamma * gamma), Reduce(sum * sum - gamma - delta));
    }

    private static BigInteger Reduce(BigInteger value)
    {
        BigInteger rest = value % Prime;
        return rest.Sign < 0 ? rest + Prime : rest;
    }

    private static BigInteger Hex(string text) => BigInteger.Parse("0" + text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
