namespace Privatemode.AI.Attestation.Tdx;

/// <summary>Makes the exceptions of this room, so that each says what was wrong and what to do.</summary>
internal static class TdxFailure
{
    /// <summary>The evidence itself is no proof.</summary>
    public static PrivatemodeVerificationException Quote(string check, string what, string? expected = null, string? found = null) =>
        new(check, $"The TDX quote {what}. It proves nothing. Do not send anything.")
        {
            Expected = expected,
            Found = found,
        };

    /// <summary>What Intel says about the platform cannot be believed, or does not belong to the quote.</summary>
    public static PrivatemodeVerificationException Collateral(string check, string what, string? expected = null, string? found = null) =>
        new(check, $"{what}. Without it the TDX quote proves nothing. Do not send anything.")
        {
            Expected = expected,
            Found = found,
        };

    /// <summary>The platform is genuine, but not in a state that Intel vouches for.</summary>
    public static PrivatemodeVerificationException Platform(string check, string what, string? expected = null, string? found = null) =>
        new(check, $"The TDX platform {what}. Do not send anything.")
        {
            Expected = expected,
            Found = found,
        };

    /// <summary>Bytes as lower-case hex.</summary>
    public static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);
}
