using Privatemode.AI.Internal;

namespace Privatemode.AI.Verification;

/// <summary>Where a session gets the mesh CA it trusts.</summary>
internal interface IMeshAuthority
{
    /// <summary>The mesh CA to trust now.</summary>
    /// <param name="rejected">What was handed out before and did not work; null the first time.</param>
    /// <param name="apiKey">Whose call needs it.</param>
    /// <param name="async">False when the caller is synchronous; see <see cref="SyncOrAsync"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="PrivatemodeVerificationException">The deployment did not prove itself.</exception>
    ValueTask<TrustedMesh> GetAsync(TrustedMesh? rejected, string apiKey, bool async, CancellationToken cancellationToken);
}
