namespace Privatemode.AI;

/// <summary>Specifies whether a host verifies the deployment and establishes a session when it starts, so that the first call does not wait.</summary>
public enum WarmUpMode
{
    /// <summary>The warm-up runs in the background while the host starts. A failure is logged as a warning (<c>WarmUpFailed</c>), and the first call
    /// tries again. This is the default.</summary>
    Background,

    /// <summary>The host waits for the warm-up, for <see cref="TransportOptions.ResponseTimeout"/> at most, and does not start if it fails. Do not use
    /// this value with an <see cref="PrivatemodeOptions.ApiKeyAccessor"/> that returns a key only inside calls.</summary>
    Required,

    /// <summary>There is no warm-up; the first call waits.</summary>
    None,
}
