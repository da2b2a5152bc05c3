namespace Privatemode.AI;

/// <summary>Represents one difference between what a deployment showed and what a check of the verification expects.</summary>
public sealed record VerificationMismatch
{
    /// <summary>Gets the stable name of the check that failed, for example <c>snp-vmpl</c>.</summary>
    /// <value>The same form as <see cref="PrivatemodeException.ErrorType"/>.</value>
    public required string Check { get; init; }

    /// <summary>Gets what the check expects, or <see langword="null"/> if it has no simple form.</summary>
    public string? Expected { get; init; }

    /// <summary>Gets what the deployment showed, or <see langword="null"/> if it has no simple form.</summary>
    public string? Found { get; init; }
}
