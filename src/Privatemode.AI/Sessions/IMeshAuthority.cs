using Privatemode.AI.KeyExchange;

namespace Privatemode.AI.Sessions;

/// <summary>Where a session gets the mesh CA it trusts.</summary>
internal interface IMeshAuthority
{
    /// <summary>The mesh CA to trust now.</summary>
    /// <param name="fresh">Do not use what was established before: it did not work.</param>
    /// <param name="async">False when the caller is synchronous; see <see cref="SyncOrAsync"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="PrivatemodeVerificationException">The deployment did not prove itself.</exception>
    ValueTask<MeshCertificateAuthority> GetAsync(bool fresh, bool async, CancellationToken cancellationToken);
}
