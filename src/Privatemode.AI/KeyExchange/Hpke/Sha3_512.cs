namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: FIPS 202, section 6.1. Hash 64 bytes, rate 72 bytes, capacity 128 bytes.

/// <summary>SHA3-512, managed: macOS and older Windows have no SHA-3 of their own.</summary>
internal static class Sha3_512
{
    /// <summary>Length of the hash, in bytes.</summary>
    public const int HashSize = 64;

    private const int Rate = 72;

    /// <summary>Hashes <paramref name="first"/> followed by <paramref name="second"/>.</summary>
    public static void HashData(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> hash)
    {
        if (hash.Length != HashSize)
        {
            throw new ArgumentException("The destination must hold exactly 64 bytes.", nameof(hash));
        }

        KeccakSponge.Hash(Rate, KeccakSponge.Sha3Suffix, first, second, hash);
    }
}
