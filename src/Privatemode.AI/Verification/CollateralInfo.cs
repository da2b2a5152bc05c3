namespace Privatemode.AI;

/// <summary>Represents the validity of one piece of collateral, such as a certificate or a revocation list, that was used in a verification.</summary>
public sealed record CollateralInfo
{
    /// <summary>Gets the name of the collateral for people to read, for example <c>AMD revocation list</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the time at which the collateral was issued, or <see langword="null"/> if the verification does not depend on it.</summary>
    public DateTimeOffset? IssuedAt { get; init; }

    /// <summary>Gets the last time at which the collateral is valid.</summary>
    public required DateTimeOffset ValidUntil { get; init; }
}
