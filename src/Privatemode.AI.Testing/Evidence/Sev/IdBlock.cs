using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Privatemode.AI.Testing.Evidence.Sev;

// Reference: AMD 56860, tables ID_BLOCK and ID_AUTH_INFO. The deployment "signs" each block with the constant (r, s) = (2, 1) and gives
// the firmware the key under which that verifies: Q = r⁻¹(sR − zG), where R is a point with x = 2 and z the hash of the block.

/// <summary>The ID block of a guest and the digest of the key it is signed with, as the firmware reports it.</summary>
internal static class IdBlock
{
    private const int KeySize = 0x404;
    private const int CoordinateSize = 0x48;

    private static readonly BigInteger Half = (P384Point.Order + 1) / 2; // r⁻¹ for r = 2
    private static readonly Lazy<P384Point> Commitment = new(() => P384Point.FromX(2).Multiply(Half)); // r⁻¹sR

    /// <summary>The block, 96 bytes: launch digest, family 1, image 2, version 1, guest SVN 2, policy.</summary>
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

    /// <summary>SHA-384 over the public key as the firmware lays it out.</summary>
    public static byte[] KeyDigest(ReadOnlySpan<byte> launchDigest, ulong policy) => SHA384.HashData(Encode(RecoverKey(launchDigest, policy)));

    /// <summary>The key: of the two that fit, the one with the smaller x, then the smaller y.</summary>
    public static (BigInteger X, BigInteger Y) RecoverKey(ReadOnlySpan<byte> launchDigest, ulong policy)
    {
        BigInteger z = new(SHA384.HashData(Write(launchDigest, policy)), isUnsigned: true, isBigEndian: true);
        P384Point hash = P384Point.Generator.Multiply(P384Point.Order - z * Half % P384Point.Order);
        P384Point commitment = Commitment.Value;
        (BigInteger X, BigInteger Y) first = hash.Add(commitment).ToAffine();
        (BigInteger X, BigInteger Y) second = hash.Add(commitment.Negate()).ToAffine();
        return first.CompareTo(second) <= 0 ? first : second;
    }

    private static byte[] Encode((BigInteger X, BigInteger Y) point)
    {
        byte[] key = new byte[KeySize];
        key[0] = 2; // curve P-384
        _ = point.X.TryWriteBytes(key.AsSpan(4, CoordinateSize), out _, isUnsigned: true);
        _ = point.Y.TryWriteBytes(key.AsSpan(4 + CoordinateSize, CoordinateSize), out _, isUnsigned: true);
        return key;
    }
}
