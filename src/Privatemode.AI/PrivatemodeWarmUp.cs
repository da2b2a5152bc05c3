namespace Privatemode.AI;

/// <summary>What happens when a host starts, so that the first call does not have to wait for verification and key exchange.</summary>
public enum PrivatemodeWarmUp
{
    /// <summary>Both begin with the host, which does not wait for them. A failure is logged as a warning (<c>WarmUpFailed</c>), and the first call tries
    /// again. The default.</summary>
    Background,

    /// <summary>The host waits for both, and does not start when one of them fails. Not with <see cref="PrivatemodeOptions.ApiKeyAccessor"/>, unless it
    /// has a key outside of calls. They take <see cref="PrivatemodeOptions.ResponseTimeout"/> at most.</summary>
    Required,

    /// <summary>Nothing; the first call waits.</summary>
    None,
}
