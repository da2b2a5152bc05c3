namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: FIPS 202, section 6.2. Output of any length, rate 136 bytes, capacity 64 bytes.

/// <summary>SHAKE256, managed: the platform's cannot be squeezed piece by piece everywhere, and macOS has none.</summary>
internal static class Shake256
{
    private const int Rate = 136;

    /// <summary>Fills the output from <paramref name="first"/> followed by <paramref name="second"/>.</summary>
    public static void HashData(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> output) =>
        KeccakSponge.Hash(Rate, KeccakSponge.ShakeSuffix, first, second, output);
}
