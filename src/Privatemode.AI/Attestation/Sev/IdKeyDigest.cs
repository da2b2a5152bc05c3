using System.Buffers.Binary;
using System.Security.Cryptography;
using Org.BouncyCastle.Asn1.X9;
using Org.BouncyCastle.Crypto.EC;
using Org.BouncyCastle.Math;
using ECPoint = Org.BouncyCastle.Math.EC.ECPoint;

namespace Privatemode.AI.Attestation.Sev;

// References: SEV-SNP firmware ABI 1.58, tables 75 (ID block) and 78 (public key); SEC 1, section 4.1.6 (key recovery).
// Sizes in bytes: ID block 96, public key 1028, digest 48.

/// <summary>The ID key digest that the firmware reports for a machine that Contrast launched.</summary>
/// <remarks>
/// Contrast does not sign ID blocks: it uses the constant signature (r = 2, s = 1) and computes the key under which it is valid. The
/// firmware compares launch digest and guest policy with the ID block, so the digest of that key pins both, and the guest SVN.
/// Computing it takes about a millisecond: call it once per measurement and policy. Nothing in it is secret.
/// </remarks>
internal static class IdKeyDigest
{
    private const int LaunchDigestSize = 48;
    private const int BlockSize = 0x60;
    private const int KeySize = 0x404;
    private const int CoordinateSize = 0x48;
    private const int FieldSize = 48;
    private const byte FamilyId = 1;
    private const byte ImageId = 2;
    private const uint BlockVersion = 1;
    private const uint GuestSvn = 2;
    private const uint CurveP384 = 2;

    private static readonly X9ECParameters P384 = CustomNamedCurves.GetByName("P-384");
    private static readonly BigInteger Half = BigInteger.Two.ModInverse(P384.N); // 1/r
    private static readonly ECPoint HalfOfR = PointWithX(2).Multiply(Half).Normalize(); // s·R/r

    /// <summary>Computes the digest of the key to which the constant signature belongs.</summary>
    /// <param name="launchDigest">The measurement, 48 bytes.</param>
    /// <param name="policy">The guest policy, all 64 bits.</param>
    public static byte[] Compute(ReadOnlySpan<byte> launchDigest, ulong policy)
    {
        (byte[] x, byte[] y) = RecoverKey(Block(launchDigest, policy));
        byte[] key = new byte[KeySize];
        BinaryPrimitives.WriteUInt32LittleEndian(key, CurveP384);
        WriteReversed(x, key.AsSpan(4));
        WriteReversed(y, key.AsSpan(4 + CoordinateSize));
        return SHA384.HashData(key);
    }

    /// <summary>The ID block with which the firmware compares the launch.</summary>
    internal static byte[] Block(ReadOnlySpan<byte> launchDigest, ulong policy)
    {
        if (launchDigest.Length != LaunchDigestSize)
        {
            throw new ArgumentException("A launch digest must have 48 bytes.", nameof(launchDigest));
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

    /// <summary>The public key under which (2, 1) signs the block: of both candidates, the one with the smaller x, then the smaller y.</summary>
    /// <remarks>
    /// With R = (2, ±y), Q = (s·R - z·G)/r = ±A + B, where A = R/2 is constant and B = (-z/2)·G; both signs are possible.
    /// The coordinates are big-endian, 48 bytes each.
    /// </remarks>
    internal static (byte[] X, byte[] Y) RecoverKey(ReadOnlySpan<byte> block)
    {
        BigInteger z = new(1, SHA384.HashData(block));
        ECPoint b = P384.G.Multiply(z.Multiply(Half).Mod(P384.N)).Negate();
        (byte[] X, byte[] Y) first = Coordinates(b.Add(HalfOfR));
        (byte[] X, byte[] Y) second = Coordinates(b.Subtract(HalfOfR));
        int order = first.X.AsSpan().SequenceCompareTo(second.X);
        order = order == 0 ? first.Y.AsSpan().SequenceCompareTo(second.Y) : order;
        return order < 0 ? first : second;
    }

    // The point at infinity is not a key: its coordinates are zero here.
    private static (byte[] X, byte[] Y) Coordinates(ECPoint point)
    {
        ECPoint affine = point.Normalize();
        return affine.IsInfinity ? (new byte[FieldSize], new byte[FieldSize]) : (affine.AffineXCoord.GetEncoded(), affine.AffineYCoord.GetEncoded());
    }

    // SEC 1, section 2.3.3: a compressed point with an even y begins with 2.
    private static ECPoint PointWithX(byte x) => P384.Curve.DecodePoint([2, .. new byte[FieldSize - 1], x]);

    private static void WriteReversed(byte[] bigEndian, Span<byte> destination)
    {
        bigEndian.CopyTo(destination);
        destination[..bigEndian.Length].Reverse();
    }
}

/// <summary>Caches the few ID key digests that a client needs, because each takes milliseconds. Thread-safe.</summary>
internal sealed class IdKeyDigestCache
{
    /// <summary>The maximum number of digests, which is more than any deployment needs. When the cache is full, it is cleared.</summary>
    public const int Capacity = 16;

    private readonly Dictionary<(string Measurement, ulong Policy), byte[]> _digests = [];
    private readonly Lock _lock = new();

    /// <summary>Returns the same as <see cref="IdKeyDigest.Compute"/>.</summary>
    public ReadOnlyMemory<byte> Get(ReadOnlySpan<byte> launchDigest, ulong policy)
    {
        (string, ulong) key = (Convert.ToHexString(launchDigest), policy);
        lock (_lock)
        {
            if (_digests.TryGetValue(key, out byte[]? known))
            {
                return known;
            }

            if (_digests.Count == Capacity)
            {
                _digests.Clear();
            }

            byte[] digest = IdKeyDigest.Compute(launchDigest, policy);
            _digests.Add(key, digest);
            return digest;
        }
    }
}
