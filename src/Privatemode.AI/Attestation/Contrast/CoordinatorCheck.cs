namespace Privatemode.AI.Attestation.Contrast;

/// <summary>One line of what was proved, or deliberately not looked at.</summary>
/// <param name="Check">Stable name.</param>
/// <param name="Passed">False: not checked. A check that fails leaves no list but an exception.</param>
/// <param name="Reason">Why it was not checked, or what a passed one found; null when the name says all.</param>
internal sealed record CoordinatorCheck(string Check, bool Passed, string? Reason);
