using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: RFC 9180, section 4 (LabeledExtract, LabeledExpand) over HKDF-SHA256 of RFC 5869. Nh = 32 bytes.

/// <summary>HKDF with HPKE's labels. The platform's span overloads leave no copy of a secret behind.</summary>
internal static class HpkeKdf
{
    /// <summary>Length of an extracted key, Nh, in bytes.</summary>
    public const int HashSize = SHA256.HashSizeInBytes;

    private static ReadOnlySpan<byte> Version => "HPKE-v1"u8;

    /// <summary>LabeledExtract(salt, label, ikm). Here a secret is only ever the salt.</summary>
    public static void LabeledExtract(
        ReadOnlySpan<byte> suiteId, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> label, ReadOnlySpan<byte> ikm, Span<byte> key)
    {
        // Never empty, which matters: the platform's HKDF.Extract fails on an empty ikm span.
        byte[] labeledIkm = [.. Version, .. suiteId, .. label, .. ikm];
        if (HKDF.Extract(HashAlgorithmName.SHA256, labeledIkm, salt, key) != HashSize)
        {
            throw new CryptographicException("HKDF-SHA256 gave a key of another length than 32 bytes.");
        }
    }

    /// <summary>LabeledExpand(prk, label, info, L) with L = the length of the output, from 1 to 255 * 32 bytes.</summary>
    public static void LabeledExpand(
        ReadOnlySpan<byte> suiteId, ReadOnlySpan<byte> key, ReadOnlySpan<byte> label, ReadOnlySpan<byte> info, Span<byte> output)
    {
        Span<byte> length = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(length, checked((ushort)output.Length));
        byte[] labeledInfo = [.. length, .. Version, .. suiteId, .. label, .. info];
        HKDF.Expand(HashAlgorithmName.SHA256, key, output, labeledInfo);
    }
}
