using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Digests;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: FIPS 202, sections 6.1 and 6.2.

/// <summary>SHA3-256 and SHAKE256 of the platform where it supports them, otherwise of BouncyCastle (macOS, Windows before Windows 11 24H2).</summary>
internal static class Sha3
{
    /// <summary>Length of a SHA3-256 hash, in bytes.</summary>
    public const int HashSize = SHA3_256.HashSizeInBytes;

    /// <summary>Computes the SHA3-256 hash of the data.</summary>
    public static void Hash256(ReadOnlySpan<byte> data, Span<byte> hash)
    {
        if (hash.Length != HashSize)
        {
            throw new ArgumentException("A SHA3-256 hash is 32 bytes.", nameof(hash));
        }

        if (SHA3_256.IsSupported)
        {
            Platform.Hash256(data, hash);
        }
        else
        {
            Portable.Hash256(data, hash);
        }
    }

    /// <summary>Fills the output with SHAKE256 of the data.</summary>
    public static void FillShake256(ReadOnlySpan<byte> data, Span<byte> output)
    {
        if (Shake256.IsSupported)
        {
            Platform.FillShake256(data, output);
        }
        else
        {
            Portable.FillShake256(data, output);
        }
    }

    /// <summary>The platform's implementation.</summary>
    internal static class Platform
    {
        public static void Hash256(ReadOnlySpan<byte> data, Span<byte> hash) => _ = SHA3_256.HashData(data, hash);

        public static void FillShake256(ReadOnlySpan<byte> data, Span<byte> output) => Shake256.HashData(data, output);
    }

    /// <summary>BouncyCastle's implementation. Reading the result clears the state of the sponge.</summary>
    internal static class Portable
    {
        private const int Strength = 256;

        public static void Hash256(ReadOnlySpan<byte> data, Span<byte> hash)
        {
            Sha3Digest digest = new(Strength);
            digest.BlockUpdate(data);
            _ = digest.DoFinal(hash);
        }

        public static void FillShake256(ReadOnlySpan<byte> data, Span<byte> output)
        {
            ShakeDigest digest = new(Strength);
            digest.BlockUpdate(data);
            _ = digest.OutputFinal(output);
        }
    }
}
