namespace Privatemode.AI;

/// <summary>Something evidence was judged by.</summary>
/// <param name="Name">What it is, for example <c>AMD revocation list</c>.</param>
/// <param name="IssuedAt">When it was issued; null when that does not matter.</param>
/// <param name="ValidUntil">The last moment at which it counts.</param>
public sealed record CollateralDate(string Name, DateTimeOffset? IssuedAt, DateTimeOffset ValidUntil);
