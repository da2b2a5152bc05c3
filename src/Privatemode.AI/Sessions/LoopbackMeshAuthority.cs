using System.Text;
using Privatemode.AI.KeyExchange;

namespace Privatemode.AI.Sessions;

/// <summary>Takes the mesh CA from <see cref="InsecureLoopbackTrust"/>; the client makes sure that the endpoint is loopback.</summary>
internal sealed class LoopbackMeshAuthority(InsecureLoopbackTrust trust) : IMeshAuthority
{
    public ValueTask<MeshCertificateAuthority> GetAsync(bool fresh, bool async, CancellationToken cancellationToken) =>
        new(MeshCertificateAuthority.FromPem(Encoding.UTF8.GetBytes(trust.CurrentMeshCaPem())));
}
