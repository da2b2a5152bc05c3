namespace Privatemode.AI.Attestation.Sev;

/// <summary>The room's exceptions, worded alike.</summary>
internal static class SevFailure
{
    /// <param name="check">One of <see cref="SevChecks"/>.</param>
    /// <param name="what">What is wrong, a sentence without its full stop.</param>
    /// <param name="expected">What the check demands.</param>
    /// <param name="found">What was found instead.</param>
    public static PrivatemodeVerificationException Create(string check, string what, string? expected = null, string? found = null) =>
        new(check, $"{what}. Do not send anything.")
        {
            Expected = expected,
            Found = found,
        };
}
