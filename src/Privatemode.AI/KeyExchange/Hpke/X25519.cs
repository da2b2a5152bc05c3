using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: RFC 7748, section 5 (the function and its Montgomery ladder) and section 6.1 (Diffie-Hellman).
// Scalar, u-coordinate and result: 32 bytes each, little-endian.

/// <summary>X25519, managed: .NET 10 has none.</summary>
internal static class X25519
{
    /// <summary>Length of a scalar, in bytes.</summary>
    public const int ScalarSize = 32;

    /// <summary>Length of a u-coordinate, in bytes: public keys and shared secrets.</summary>
    public const int PointSize = FieldElement25519.Size;

    // (486662 - 2) / 4
    private const long A24 = 121665;

    private const int WorkElements = 14;

    // u = 9
    private static ReadOnlySpan<byte> BasePoint =>
    [
        9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    /// <summary>X25519(scalar, 9).</summary>
    public static void ComputePublicKey(ReadOnlySpan<byte> scalar, Span<byte> publicKey) => ScalarMultiply(scalar, BasePoint, publicKey);

    /// <summary>X25519(scalar, peer); false when the result is all zero, because the peer's point has a small order.</summary>
    /// <remarks>All bytes are looked at before the verdict, which the peer learns anyway.</remarks>
    public static bool TryAgree(ReadOnlySpan<byte> scalar, ReadOnlySpan<byte> peer, Span<byte> sharedSecret)
    {
        ScalarMultiply(scalar, peer, sharedSecret);
        uint any = 0;
        foreach (byte value in sharedSecret)
        {
            any |= value;
        }

        return any != 0;
    }

    /// <summary>The function of section 5, without the check for zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ScalarMultiply(ReadOnlySpan<byte> scalar, ReadOnlySpan<byte> u, Span<byte> result)
    {
        if (scalar.Length != ScalarSize || u.Length != PointSize || result.Length != PointSize)
        {
            throw new ArgumentException("X25519 takes and gives 32 bytes.");
        }

        Span<byte> k = stackalloc byte[ScalarSize];
        Span<long> limbs = stackalloc long[WorkElements * FieldElement25519.Limbs];
        Span<FieldElement25519> work = MemoryMarshal.Cast<long, FieldElement25519>(limbs);
        try
        {
            DecodeScalar(scalar, k);
            Climb(k, u, work);
            ref FieldElement25519 x2 = ref work[1];
            ref FieldElement25519 z2 = ref work[2];
            FieldElement25519.Invert(z2, out z2);
            FieldElement25519.Multiply(x2, z2, out x2);
            FieldElement25519.Write(x2, result);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(k);
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(limbs));
        }
    }

    // decodeScalar25519
    private static void DecodeScalar(ReadOnlySpan<byte> scalar, Span<byte> k)
    {
        scalar.CopyTo(k);
        unchecked
        {
            k[0] &= 0b1111_1000;
            k[31] &= 0b0111_1111;
            k[31] |= 0b0100_0000;
        }
    }

    // The loop of section 5 with its names; every variable lives in work, so that it can be cleared.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Climb(ReadOnlySpan<byte> k, ReadOnlySpan<byte> u, Span<FieldElement25519> work)
    {
        ref FieldElement25519 x1 = ref work[0];
        ref FieldElement25519 x2 = ref work[1];
        ref FieldElement25519 z2 = ref work[2];
        ref FieldElement25519 x3 = ref work[3];
        ref FieldElement25519 z3 = ref work[4];

        unchecked
        {
            FieldElement25519.Read(u, out x1);
            x2 = default;
            x2.L0 = 1;
            z2 = default;
            x3 = x1;
            z3 = x2;
            long swap = 0;
            for (int t = 254; t >= 0; t--)
            {
                long bit = (k[t >> 3] >> (t & 7)) & 1;
                swap ^= bit;
                FieldElement25519.ConditionalSwap(swap, ref x2, ref x3);
                FieldElement25519.ConditionalSwap(swap, ref z2, ref z3);
                swap = bit;
                Step(work);
            }

            FieldElement25519.ConditionalSwap(swap, ref x2, ref x3);
            FieldElement25519.ConditionalSwap(swap, ref z2, ref z3);
        }
    }

    private static void Step(Span<FieldElement25519> work)
    {
        work = work[..WorkElements];
        ref FieldElement25519 x1 = ref work[0];
        ref FieldElement25519 x2 = ref work[1];
        ref FieldElement25519 z2 = ref work[2];
        ref FieldElement25519 x3 = ref work[3];
        ref FieldElement25519 z3 = ref work[4];
        ref FieldElement25519 a = ref work[5];
        ref FieldElement25519 aa = ref work[6];
        ref FieldElement25519 b = ref work[7];
        ref FieldElement25519 bb = ref work[8];
        ref FieldElement25519 e = ref work[9];
        ref FieldElement25519 c = ref work[10];
        ref FieldElement25519 d = ref work[11];
        ref FieldElement25519 da = ref work[12];
        ref FieldElement25519 cb = ref work[13];

        FieldElement25519.Add(x2, z2, out a);
        FieldElement25519.Square(a, out aa);
        FieldElement25519.Subtract(x2, z2, out b);
        FieldElement25519.Square(b, out bb);
        FieldElement25519.Subtract(aa, bb, out e);
        FieldElement25519.Add(x3, z3, out c);
        FieldElement25519.Subtract(x3, z3, out d);
        FieldElement25519.Multiply(d, a, out da);
        FieldElement25519.Multiply(c, b, out cb);
        FieldElement25519.Add(da, cb, out x3);
        FieldElement25519.Square(x3, out x3);
        FieldElement25519.Subtract(da, cb, out z3);
        FieldElement25519.Square(z3, out z3);
        FieldElement25519.Multiply(x1, z3, out z3);
        FieldElement25519.Multiply(aa, bb, out x2);
        FieldElement25519.MultiplySmall(e, A24, out z2);
        FieldElement25519.Add(aa, z2, out z2);
        FieldElement25519.Multiply(e, z2, out z2);
    }
}
