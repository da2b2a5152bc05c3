using System.Globalization;
using System.Numerics;

namespace Privatemode.AI.Attestation.Sev;

// References: SEC 2, section 2.5.1 (secp384r1); the formulas dbl-2001-b and add-2007-bl of the Explicit-Formulas Database.

/// <summary>A point of P-384 in Jacobian coordinates: x = X/Z², y = Y/Z³, and Z = 0 is the point at infinity.</summary>
/// <remarks>Not constant-time, never to be used with secrets: it serves <see cref="IdKeyDigest"/>, where everything is public.</remarks>
internal readonly struct IdKeyDigestPoint(IdKeyDigestField x, IdKeyDigestField y, IdKeyDigestField z)
{
    private const int WindowBits = 4;
    private const int WindowCount = 384 / WindowBits;

    /// <summary>The number of points.</summary>
    public static readonly BigInteger Order = Hex(
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973");

    /// <summary>The point that doubled gives R = (2, even y), the constant half of Contrast's constant signature.</summary>
    public static readonly IdKeyDigestPoint HalfOfR = FromAffine(
        Hex("fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffe"),
        Hex("732152442fb6ee5c3e6ce1d920c059bc623563814d79042b903ce60f1d4487fccd450a86da03f3e6ed525d02017bfdb3"));

    /// <summary>The generator of the group.</summary>
    public static readonly IdKeyDigestPoint Generator = FromAffine(
        Hex("aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"),
        Hex("3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"));

    private static readonly IdKeyDigestPoint Infinity = new(IdKeyDigestField.From(1), IdKeyDigestField.From(1), default);

    private readonly IdKeyDigestField _x = x;
    private readonly IdKeyDigestField _y = y;
    private readonly IdKeyDigestField _z = z;

    public bool IsInfinity => _z.IsZero;

    public static IdKeyDigestPoint FromAffine(BigInteger x, BigInteger y) =>
        new(IdKeyDigestField.From(x), IdKeyDigestField.From(y), IdKeyDigestField.From(1));

    /// <summary>scalar · G, four bits at a time.</summary>
    public static IdKeyDigestPoint MultiplyGenerator(BigInteger scalar)
    {
        IdKeyDigestPoint[] multiples = new IdKeyDigestPoint[1 << WindowBits];
        multiples[0] = Infinity;
        for (int i = 1; i < multiples.Length; i++)
        {
            multiples[i] = multiples[i - 1].Add(Generator);
        }

        IdKeyDigestPoint result = Infinity;
        for (int window = WindowCount - 1; window >= 0; window--)
        {
            for (int bit = 0; bit < WindowBits; bit++)
            {
                result = result.Double();
            }

            result = result.Add(multiples[(int)((scalar >> (window * WindowBits)) & (multiples.Length - 1))]);
        }

        return result;
    }

    public IdKeyDigestPoint Negate() => new(_x, -_y, _z);

    public IdKeyDigestPoint Add(in IdKeyDigestPoint other)
    {
        if (IsInfinity || other.IsInfinity)
        {
            return IsInfinity ? other : this;
        }

        IdKeyDigestField z1z1 = _z * _z;
        IdKeyDigestField z2z2 = other._z * other._z;
        IdKeyDigestField u1 = _x * z2z2;
        IdKeyDigestField s1 = _y * other._z * z2z2;
        IdKeyDigestField h = (other._x * z1z1) - u1;
        IdKeyDigestField r = (other._y * _z * z1z1) - s1;
        if (h.IsZero)
        {
            return r.IsZero ? Double() : Infinity;
        }

        IdKeyDigestField hh = h * h;
        IdKeyDigestField hhh = h * hh;
        IdKeyDigestField v = u1 * hh;
        IdKeyDigestField x = (r * r) - hhh - v - v;
        return new IdKeyDigestPoint(x, (r * (v - x)) - (s1 * hhh), _z * other._z * h);
    }

    public IdKeyDigestPoint Double()
    {
        IdKeyDigestField zz = _z * _z;
        IdKeyDigestField yy = _y * _y;
        IdKeyDigestField xyy = _x * yy;
        IdKeyDigestField slope = (_x - zz) * (_x + zz);
        slope = slope + slope + slope;
        IdKeyDigestField xyy2 = xyy + xyy;
        IdKeyDigestField xyy4 = xyy2 + xyy2;
        IdKeyDigestField x = (slope * slope) - xyy4 - xyy4;
        IdKeyDigestField yy2 = yy + yy;
        IdKeyDigestField yyyy4 = yy2 * yy2;
        IdKeyDigestField yz = _y * _z;
        return new IdKeyDigestPoint(x, (slope * (xyy4 - x)) - yyyy4 - yyyy4, yz + yz);
    }

    /// <summary>The affine coordinates; those of the point at infinity, which is no key, are (0, 0).</summary>
    public (BigInteger X, BigInteger Y) ToAffine()
    {
        BigInteger prime = IdKeyDigestField.Prime;
        IdKeyDigestField inverse = IdKeyDigestField.From(BigInteger.ModPow(_z.ToInteger(), prime - 2, prime));
        IdKeyDigestField square = inverse * inverse;
        return ((_x * square).ToInteger(), (_y * square * inverse).ToInteger());
    }

    private static BigInteger Hex(string digits) => BigInteger.Parse("0" + digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
