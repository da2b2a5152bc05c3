using System.Text;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.Verification;

/// <summary><c>POST /privatemode/v1/attest</c>: a nonce out, the deployment's evidence back.</summary>
internal sealed class AttestEndpoint(ControlPlaneClient client)
{
    /// <param name="nonce">32 random bytes, new for every call.</param>
    /// <param name="apiKey">Goes into the Authorization header.</param>
    /// <param name="limit">Largest answer accepted, in bytes.</param>
    /// <param name="async">False when the caller is synchronous.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public ValueTask<HttpAnswer> PostAsync(ReadOnlyMemory<byte> nonce, string apiKey, int limit, bool async, CancellationToken cancellationToken)
    {
        byte[] body = Encoding.ASCII.GetBytes($"{{\"Nonce\":\"{Convert.ToBase64String(nonce.Span)}\"}}");
        return client.PostAsync("/privatemode/v1/attest", body, apiKey, limit, "the attestation", async, cancellationToken);
    }
}
