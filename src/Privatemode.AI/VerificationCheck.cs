namespace Privatemode.AI;

/// <summary>One line of a verification report.</summary>
/// <param name="Name">Stable name, for example <c>snp-measurement</c>.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Detail">What was found, or why the check was not made; <see langword="null"/> if there is nothing to add.</param>
public sealed record VerificationCheck(string Name, VerificationOutcome Outcome, string? Detail);
