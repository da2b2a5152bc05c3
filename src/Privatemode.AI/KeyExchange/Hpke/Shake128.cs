namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: FIPS 202, section 6.2. Output of any length, rate 168 bytes, capacity 32 bytes.

/// <summary>SHAKE128, managed: the platform's cannot be squeezed piece by piece everywhere, and macOS has none.</summary>
internal static class Shake128
{
    /// <summary>Bytes absorbed or squeezed per permutation.</summary>
    public const int Rate = 168;

    /// <summary>Starts an output of several pieces over the caller's lanes.</summary>
    public static KeccakSponge Start(Span<ulong> lanes) => new(lanes, Rate, KeccakSponge.ShakeSuffix);
}
