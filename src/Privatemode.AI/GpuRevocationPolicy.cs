namespace Privatemode.AI;

/// <summary>Which revocation states of the service's GPUs (NVIDIA OCSP: GPU, driver, VBIOS) are accepted. The enclave enforces it.</summary>
public sealed class GpuRevocationPolicy
{
    private GpuRevocationPolicy(bool acceptsUnknown, TimeSpan revokedGrace)
    {
        AcceptsUnknown = acceptsUnknown;
        RevokedGrace = revokedGrace;
    }

    /// <summary>Accepts only GPUs whose certificates are known to be good. The default.</summary>
    public static GpuRevocationPolicy Strict { get; } = new(acceptsUnknown: false, TimeSpan.Zero);

    /// <summary>True when a state that could not be determined is accepted.</summary>
    public bool AcceptsUnknown { get; }

    /// <summary>How long after its revocation a certificate is still accepted; zero means never.</summary>
    public TimeSpan RevokedGrace { get; }

    /// <summary>
    /// Gives up strictness: accepts GPUs whose state is unknown and, for <paramref name="revokedGrace"/> after the fact, revoked ones.
    /// The reference proxy's default is 48 hours.
    /// </summary>
    /// <param name="revokedGrace">From zero (never accept revoked) to 365 days.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative or longer than 365 days.</exception>
    public static GpuRevocationPolicy AcceptUnknownOrRecentlyRevoked(TimeSpan revokedGrace)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(revokedGrace, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(revokedGrace, TimeSpan.FromDays(365));
        return new GpuRevocationPolicy(acceptsUnknown: true, revokedGrace);
    }
}
