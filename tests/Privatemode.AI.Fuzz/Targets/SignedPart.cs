using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace Privatemode.AI.Fuzz.Targets;

/// <summary>Bytes that somebody signed, or the signature itself, in a form that compares.</summary>
/// <param name="Key">Kind and digest, or kind and the two numbers of a signature.</param>
/// <param name="Twins">Other forms of the same signature: (r, n - s) verifies wherever (r, s) does.</param>
internal sealed record SignedPart(string Key, IReadOnlyList<string> Twins)
{
    private static readonly BigInteger[] Orders =
    [
        Parse("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"),
        Parse("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973"),
        Parse("01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409"),
    ];

    public static SignedPart Of(string kind, ReadOnlySpan<byte> bytes) => new($"{kind} {Convert.ToHexString(SHA256.HashData(bytes))}", []);

    /// <summary>A signature of ECDSA. Each number big-endian.</summary>
    public static SignedPart Signature(string kind, ReadOnlySpan<byte> r, ReadOnlySpan<byte> s)
    {
        string first = $"{kind} {Unsigned(r)}";
        BigInteger second = Unsigned(s);
        return new SignedPart($"{first} {second}", [.. Orders.Where(order => order > second).Select(order => $"{first} {order - second}")]);
    }

    private static BigInteger Unsigned(ReadOnlySpan<byte> number) => new(number, isUnsigned: true, isBigEndian: true);

    private static BigInteger Parse(string hex) => BigInteger.Parse("0" + hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
