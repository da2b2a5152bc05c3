using Curve = Org.BouncyCastle.Math.EC.Rfc7748.X25519;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: RFC 7748, sections 5 and 6.1. Scalar, u-coordinate and result: 32 bytes each, little-endian.

/// <summary>X25519, implemented by BouncyCastle because .NET 10 does not have it.</summary>
/// <remarks>BouncyCastle's functions on spans are used instead of its key objects, which would keep copies of the scalar.</remarks>
internal static class X25519
{
    /// <summary>Length of a scalar, in bytes.</summary>
    public const int ScalarSize = Curve.ScalarSize;

    /// <summary>Length of a u-coordinate, in bytes: public keys and shared secrets.</summary>
    public const int PointSize = Curve.PointSize;

    /// <summary>Computes the public key of a scalar.</summary>
    public static void ComputePublicKey(ReadOnlySpan<byte> scalar, Span<byte> publicKey)
    {
        ThrowIfWrongLength(scalar.Length, publicKey.Length, PointSize);
        Curve.ScalarMultBase(scalar, publicKey);
    }

    /// <summary>Computes the shared secret; false if it is all zero because the peer's point has a small order.</summary>
    public static bool TryAgree(ReadOnlySpan<byte> scalar, ReadOnlySpan<byte> peer, Span<byte> sharedSecret)
    {
        ThrowIfWrongLength(scalar.Length, peer.Length, sharedSecret.Length);
        return Curve.CalculateAgreement(scalar, peer, sharedSecret);
    }

    // BouncyCastle accepts longer spans and ignores the rest.
    private static void ThrowIfWrongLength(int scalar, int point, int result)
    {
        if (scalar != ScalarSize || point != PointSize || result != PointSize)
        {
            throw new ArgumentException("Scalars, points and shared secrets of X25519 are 32 bytes.");
        }
    }
}
