namespace Privatemode.AI;

/// <summary>Specifies which revocation states of the service's GPUs are accepted. See <see cref="VerificationOptions.GpuRevocation"/>.</summary>
/// <remarks>The states are those of NVIDIA's OCSP service for GPU, driver and VBIOS. The deployment enforces the policy.</remarks>
public sealed class GpuRevocationPolicy
{
    internal static readonly TimeSpan MaxGracePeriod = TimeSpan.FromDays(365);

    private GpuRevocationPolicy(bool acceptsUnknownStatus, TimeSpan gracePeriod)
    {
        AcceptsUnknownStatus = acceptsUnknownStatus;
        RevocationGracePeriod = gracePeriod;
    }

    /// <summary>Gets the policy that accepts only GPUs whose certificates are known to be good. This is the default.</summary>
    public static GpuRevocationPolicy Strict { get; } = new(acceptsUnknownStatus: false, TimeSpan.Zero);

    /// <summary>Gets a value that indicates whether a GPU is accepted if its revocation status could not be determined.</summary>
    public bool AcceptsUnknownStatus { get; }

    /// <summary>Gets the time for which a certificate is still accepted after its revocation.</summary>
    /// <value>Zero if a revoked certificate is never accepted.</value>
    public TimeSpan RevocationGracePeriod { get; }

    /// <summary>Returns a policy that accepts GPUs whose status is unknown, and revoked ones for a time. This is less secure.</summary>
    /// <param name="gracePeriod">The time after the revocation, from zero (revoked GPUs are never accepted, but those with an unknown status are) to 365 days.
    /// The default of Privatemode's own proxy is 48 hours.</param>
    /// <returns>The policy.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="gracePeriod"/> is negative or longer than 365 days.</exception>
    public static GpuRevocationPolicy AcceptUnknownOrRecentlyRevoked(TimeSpan gracePeriod)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(gracePeriod, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(gracePeriod, MaxGracePeriod);
        return new GpuRevocationPolicy(acceptsUnknownStatus: true, gracePeriod);
    }
}
