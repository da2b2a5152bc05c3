using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Privatemode.AI.Attestation.Sev;

// References: SEV-SNP firmware ABI 1.58, tables 75 (ID block) and 78 (public key); SEC 1, section 4.1.6 (key recovery).
// Sizes in bytes: ID block 96, public key 1028, digest 48.

/// <summary>The ID key digest that the firmware reports for a machine launched the way Contrast launches it.</summary>
/// <remarks>
/// Contrast does not sign ID blocks: it takes the constant signature (r = 2, s = 1) and computes the key under which it is valid. The
/// firmware compares launch digest and guest policy with the ID block, so the digest of that key pins both, and the guest SVN.
/// It costs milliseconds: ask for it once per measurement and policy. Nothing in it is secret.
/// </remarks>
internal static class IdKeyDigest
{
    private const int LaunchDigestSize = 48;
    private const int BlockSize = 0x60;
    private const int KeySize = 0x404;
    private const int CoordinateSize = 0x48;
    private const byte FamilyId = 1;
    private const byte ImageId = 2;
    private const uint BlockVersion = 1;
    private const uint GuestSvn = 2;
    private const uint CurveP384 = 2;

    /// <summary>Digest of the key that the constant signature belongs to.</summary>
    /// <param name="launchDigest">The measurement, 48 bytes.</param>
    /// <param name="policy">The guest policy, all 64 bits.</param>
    public static byte[] Compute(ReadOnlySpan<byte> launchDigest, ulong policy)
    {
        (BigInteger x, BigInteger y) = RecoverKey(Block(launchDigest, policy));
        byte[] key = new byte[KeySize];
        BinaryPrimitives.WriteUInt32LittleEndian(key, CurveP384);
        _ = x.TryWriteBytes(key.AsSpan(4, CoordinateSize), out _, isUnsigned: true);
        _ = y.TryWriteBytes(key.AsSpan(4 + CoordinateSize, CoordinateSize), out _, isUnsigned: true);
        return SHA384.HashData(key);
    }

    /// <summary>The ID block the firmware checks the launch against.</summary>
    internal static byte[] Block(ReadOnlySpan<byte> launchDigest, ulong policy)
    {
        if (launchDigest.Length != LaunchDigestSize)
        {
            throw new ArgumentException("A launch digest has 48 bytes.", nameof(launchDigest));
        }

        byte[] block = new byte[BlockSize];
        launchDigest.CopyTo(block);
        block[0x30] = FamilyId;
        block[0x40] = ImageId;
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(0x50), BlockVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(0x54), GuestSvn);
        BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(0x58), policy);
        return block;
    }

    /// <summary>The public key under which (2, 1) signs the block: of both candidates the one with the smaller x, then the smaller y.</summary>
    /// <remarks>
    /// With R = (2, ±y), Q = (s·R - z·G)/r = ±A + B, where A = R/2 is constant and B = (-z/2)·G; both signs are possible.
    /// </remarks>
    internal static (BigInteger X, BigInteger Y) RecoverKey(ReadOnlySpan<byte> block)
    {
        BigInteger z = new(SHA384.HashData(block), isUnsigned: true, isBigEndian: true);
        BigInteger minusHalf = (IdKeyDigestPoint.Order - 1) >> 1; // twice this is -1 modulo the (odd) order
        IdKeyDigestPoint b = IdKeyDigestPoint.MultiplyGenerator(z * minusHalf % IdKeyDigestPoint.Order);
        (BigInteger X, BigInteger Y) first = b.Add(IdKeyDigestPoint.HalfOfR).ToAffine();
        (BigInteger X, BigInteger Y) second = b.Add(IdKeyDigestPoint.HalfOfR.Negate()).ToAffine();
        return first.CompareTo(second) < 0 ? first : second;
    }
}
