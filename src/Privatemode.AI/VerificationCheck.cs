namespace Privatemode.AI;

/// <summary>One line of a verification report.</summary>
/// <param name="Name">Stable name, for example <c>snp-measurement</c>.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Detail">What was found, or why nobody looked; null when the name says all.</param>
public sealed record VerificationCheck(string Name, VerificationOutcome Outcome, string? Detail);
