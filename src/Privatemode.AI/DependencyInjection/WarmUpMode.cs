namespace Privatemode.AI;

/// <summary>Specifies whether a host verifies the deployment and establishes a session when it starts.</summary>
/// <remarks>Without a warm-up, the first call waits for both.</remarks>
public enum WarmUpMode
{
    /// <summary>The host starts while the warm-up runs in the background. This is the default.</summary>
    /// <remarks>A failure is logged as a warning (<c>WarmUpFailed</c>), and the first call tries again.</remarks>
    Background,

    /// <summary>The host waits for the warm-up, at most for <see cref="TransportOptions.ResponseTimeout"/>, and does not start if it fails.</summary>
    /// <remarks>Do not use this value with a <see cref="PrivatemodeOptions.ApiKeyAccessor"/> that returns an API key only inside calls.</remarks>
    Required,

    /// <summary>There is no warm-up; the first call waits.</summary>
    Disabled,
}
