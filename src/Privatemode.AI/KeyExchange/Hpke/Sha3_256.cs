namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: FIPS 202, section 6.1. Hash 32 bytes, rate 136 bytes, capacity 64 bytes.

/// <summary>SHA3-256, managed: macOS and older Windows have no SHA-3 of their own.</summary>
internal static class Sha3_256
{
    /// <summary>Length of the hash, in bytes.</summary>
    public const int HashSize = 32;

    private const int Rate = 136;

    /// <summary>Starts a hash of several pieces over the caller's lanes.</summary>
    public static KeccakSponge Start(Span<ulong> lanes) => new(lanes, Rate, KeccakSponge.Sha3Suffix);

    /// <summary>Hashes <paramref name="first"/> followed by <paramref name="second"/>.</summary>
    public static void HashData(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> hash)
    {
        if (hash.Length != HashSize)
        {
            throw new ArgumentException("The destination must hold exactly 32 bytes.", nameof(hash));
        }

        KeccakSponge.Hash(Rate, KeccakSponge.Sha3Suffix, first, second, hash);
    }
}
