namespace Privatemode.AI;

/// <summary>Represents one check of a verification report.</summary>
public sealed record VerificationCheck
{
    /// <summary>Gets the stable name of the check, for example <c>snp-measurement</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the outcome of the check.</summary>
    public required VerificationOutcome Outcome { get; init; }

    /// <summary>Gets what was found, or why the check was not made; <see langword="null"/> if there is nothing to add.</summary>
    public string? Detail { get; init; }
}
