namespace Privatemode.AI.Attestation.Contrast;

/// <summary>One line of what was proved, accepted with a warning, or deliberately not looked at.</summary>
/// <param name="Check">Stable name.</param>
/// <param name="Outcome">A check that fails throws, so there is no outcome for it.</param>
/// <param name="Reason">Why it was not checked, or what was found; null when the name says all.</param>
internal sealed record CoordinatorCheck(string Check, VerificationOutcome Outcome, string? Reason);
