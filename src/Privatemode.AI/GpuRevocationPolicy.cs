namespace Privatemode.AI;

/// <summary>Specifies which revocation states of the service's GPUs are accepted. See <see cref="VerificationOptions.GpuRevocation"/>.</summary>
/// <remarks>The states are those of NVIDIA's OCSP service for GPU, driver and VBIOS. The enclave enforces the policy.</remarks>
public sealed class GpuRevocationPolicy
{
    internal static readonly TimeSpan LongestRevokedGrace = TimeSpan.FromDays(365);

    private GpuRevocationPolicy(bool acceptsUnknown, TimeSpan revokedGrace)
    {
        AcceptsUnknown = acceptsUnknown;
        RevokedGrace = revokedGrace;
    }

    /// <summary>Gets the policy that accepts only GPUs whose certificates are known to be good. This is the default.</summary>
    public static GpuRevocationPolicy Strict { get; } = new(acceptsUnknown: false, TimeSpan.Zero);

    /// <summary>Gets a value that indicates whether a state that could not be determined is accepted.</summary>
    public bool AcceptsUnknown { get; }

    /// <summary>Gets the time for which a certificate is still accepted after its revocation.</summary>
    /// <value>Zero if a revoked certificate is never accepted.</value>
    public TimeSpan RevokedGrace { get; }

    /// <summary>Returns a policy that accepts GPUs whose state is unknown, and revoked ones for a time. This is less secure.</summary>
    /// <param name="revokedGrace">The time after the revocation, from zero (revoked GPUs are never accepted) to 365 days. The reference proxy's default is 48
    /// hours.</param>
    /// <returns>The policy.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="revokedGrace"/> is negative or longer than 365 days.</exception>
    public static GpuRevocationPolicy AcceptUnknownOrRecentlyRevoked(TimeSpan revokedGrace)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(revokedGrace, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(revokedGrace, LongestRevokedGrace);
        return new GpuRevocationPolicy(acceptsUnknown: true, revokedGrace);
    }
}
