namespace Privatemode.AI;

/// <summary>Represents one difference between what a deployment showed and what was demanded of it.</summary>
public sealed record VerificationMismatch
{
    /// <summary>Gets the stable name of the check that failed, for example <c>snp-vmpl</c>.</summary>
    public required string Check { get; init; }

    /// <summary>Gets what the check demands, or <see langword="null"/> if it has no simple form.</summary>
    public string? Expected { get; init; }

    /// <summary>Gets what the deployment showed, or <see langword="null"/> if it has no simple form.</summary>
    public string? Found { get; init; }
}
