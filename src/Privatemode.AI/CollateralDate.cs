namespace Privatemode.AI;

/// <summary>Represents the validity of one piece of collateral that the evidence was verified with.</summary>
public sealed record CollateralDate
{
    /// <summary>Gets the name of the collateral, for example <c>AMD revocation list</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the time at which it was issued, or <see langword="null"/> if the verification does not depend on it.</summary>
    public DateTimeOffset? IssuedAt { get; init; }

    /// <summary>Gets the last time at which it is valid.</summary>
    public required DateTimeOffset ValidUntil { get; init; }
}
