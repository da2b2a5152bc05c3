using Privatemode.AI.Internal;
using Privatemode.AI.KeyExchange;

namespace Privatemode.AI.Verification;

/// <summary>A mesh CA that may be trusted, and why.</summary>
/// <param name="Authority">The CA.</param>
/// <param name="SecretService">How the secret service is named in it.</param>
/// <param name="Deployment">What was proved; null only where a test gives the CA itself.</param>
/// <param name="Verdict">How long that counts; null where nothing was proved.</param>
internal sealed record TrustedMesh(
    MeshCertificateAuthority Authority, SecretServiceNames SecretService, VerifiedDeployment? Deployment, Lifetime? Verdict = null);
