using System.Buffers.Binary;
using System.Security.Cryptography;
using Org.BouncyCastle.Asn1.X9;
using Org.BouncyCastle.Crypto.EC;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Math.EC;
using ECPoint = Org.BouncyCastle.Math.EC.ECPoint;

namespace Privatemode.AI.Testing.Evidence.Sev;

// Reference: AMD 56860, tables ID_BLOCK and ID_AUTH_INFO. The deployment "signs" each block with the constant (r, s) = (2, 1) and gives
// the firmware the key under which that verifies: Q = r⁻¹(sR − zG), where R is a point with x = 2 and z the hash of the block.

/// <summary>The ID block of a guest, and the digest of the key with which it is signed, as the firmware reports it.</summary>
internal static class IdBlock
{
    private const int KeySize = 0x404;
    private const int CoordinateSize = 0x48;

    private static readonly X9ECParameters P384 = CustomNamedCurves.GetByName("P-384");
    private static readonly BigInteger Half = BigInteger.Two.ModInverse(P384.N); // r⁻¹ for r = 2
    private static readonly ECPoint Commitment = P384.Curve.DecodePoint([2, .. new byte[47], 2]); // R, the one with the even y

    /// <summary>Writes the block, 96 bytes: launch digest, family 1, image 2, version 1, guest SVN 2, policy.</summary>
    public static byte[] Write(ReadOnlySpan<byte> launchDigest, ulong policy)
    {
        byte[] block = new byte[0x60];
        launchDigest.CopyTo(block);
        block[0x30] = 1;
        block[0x40] = 2;
        block[0x50] = 1;
        block[0x54] = 2;
        BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(0x58), policy);
        return block;
    }

    /// <summary>Computes SHA-384 over the public key in the firmware's layout.</summary>
    public static byte[] KeyDigest(ReadOnlySpan<byte> launchDigest, ulong policy) => SHA384.HashData(Encode(RecoverKey(launchDigest, policy)));

    /// <summary>Recovers the public key from the signature: of the two possible keys, the one with the smaller x, then the smaller y.</summary>
    public static (BigInteger X, BigInteger Y) RecoverKey(ReadOnlySpan<byte> launchDigest, ulong policy)
    {
        BigInteger z = new(1, SHA384.HashData(Write(launchDigest, policy)));
        BigInteger minusHash = z.Multiply(Half).Negate().Mod(P384.N);
        (BigInteger X, BigInteger Y) first = Sum(minusHash, Commitment);
        (BigInteger X, BigInteger Y) second = Sum(minusHash, Commitment.Negate());
        return first.CompareTo(second) <= 0 ? first : second;

        // -zG/2 + R/2
        static (BigInteger X, BigInteger Y) Sum(BigInteger minusHash, ECPoint commitment)
        {
            ECPoint key = ECAlgorithms.SumOfTwoMultiplies(P384.G, minusHash, commitment, Half).Normalize();
            return (key.AffineXCoord.ToBigInteger(), key.AffineYCoord.ToBigInteger());
        }
    }

    private static byte[] Encode((BigInteger X, BigInteger Y) point)
    {
        byte[] key = new byte[KeySize];
        key[0] = 2; // curve P-384
        WriteLittleEndian(point.X, key.AsSpan(4, CoordinateSize));
        WriteLittleEndian(point.Y, key.AsSpan(4 + CoordinateSize, CoordinateSize));
        return key;
    }

    private static void WriteLittleEndian(BigInteger value, Span<byte> destination)
    {
        byte[] bytes = value.ToByteArrayUnsigned();
        bytes.CopyTo(destination);
        destination[..bytes.Length].Reverse();
    }
}
