namespace Privatemode.AI;

/// <summary>One thing that a deployment showed and that is not what was demanded.</summary>
/// <param name="Check">Stable name of the check that failed, for example <c>snp-vmpl</c>.</param>
/// <param name="Expected">What the check demands; null when it has no simple form.</param>
/// <param name="Found">What the deployment showed; null when it has no simple form.</param>
public sealed record VerificationMismatch(string Check, string? Expected, string? Found);
