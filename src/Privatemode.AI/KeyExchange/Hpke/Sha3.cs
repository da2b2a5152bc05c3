using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Digests;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: FIPS 202, sections 6.1 and 6.2.

/// <summary>SHA3-256 and SHAKE256 of the platform where it supports them, otherwise of BouncyCastle (macOS, Windows before Windows 11 24H2).</summary>
internal static class Sha3
{
    /// <summary>Length of a SHA3-256 hash, in bytes.</summary>
    public const int HashSize = SHA3_256.HashSizeInBytes;

    private const int Strength = 256;

    /// <summary>Computes the SHA3-256 hash of the data.</summary>
    /// <exception cref="PlatformNotSupportedException"><see cref="PrimitiveProvider.Platform"/> on a platform without SHA-3.</exception>
    public static void Hash256(ReadOnlySpan<byte> data, Span<byte> hash, PrimitiveProvider provider)
    {
        if (hash.Length != HashSize)
        {
            throw new ArgumentException("A SHA3-256 hash is 32 bytes.", nameof(hash));
        }

        if (UsePlatform(provider, SHA3_256.IsSupported))
        {
            _ = SHA3_256.HashData(data, hash);
            return;
        }

        // DoFinal clears the state of the sponge.
        Sha3Digest digest = new(Strength);
        digest.BlockUpdate(data);
        _ = digest.DoFinal(hash);
    }

    /// <summary>Fills the output with SHAKE256 of the data.</summary>
    /// <exception cref="PlatformNotSupportedException"><see cref="PrimitiveProvider.Platform"/> on a platform without SHAKE.</exception>
    public static void FillShake256(ReadOnlySpan<byte> data, Span<byte> output, PrimitiveProvider provider)
    {
        if (UsePlatform(provider, Shake256.IsSupported))
        {
            Shake256.HashData(data, output);
            return;
        }

        ShakeDigest digest = new(Strength);
        digest.BlockUpdate(data);
        _ = digest.OutputFinal(output);
    }

    private static bool UsePlatform(PrimitiveProvider provider, bool isSupported) =>
        provider == PrimitiveProvider.Platform || (provider == PrimitiveProvider.Automatic && isSupported);
}
