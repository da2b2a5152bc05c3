using System.Text;
using Privatemode.AI.Internal;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Benchmarks.Wire;

/// <summary>A mesh CA that is taken as it is.</summary>
internal sealed class FixedMesh(string meshCaPem)
{
    /// <summary>The name of the secret service.</summary>
    public const string SecretServiceName = "secret-service";

    private readonly VerifiedMesh _mesh = new(
        MeshCertificateAuthority.FromPem(Encoding.UTF8.GetBytes(meshCaPem)), new SecretServiceNames([SecretServiceName]), null!,
        ValidityPeriod.Of(TimeSpan.FromDays(1), TimeProvider.System));

    public ValueTask<VerifiedMesh> GetAsync(VerifiedMesh? rejected, string apiKey, bool async, CancellationToken cancellationToken) => new(_mesh);
}
