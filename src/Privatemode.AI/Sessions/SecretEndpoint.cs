using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.Sessions;

/// <summary><c>POST /privatemode/v1/secret</c>: our public key out, the secret service's answer back.</summary>
internal sealed class SecretEndpoint(ControlPlaneClient client)
{
    private const int AnswerLimit = 64 * 1024;

    /// <summary>Posts once. It must never be resent as it is: the service refuses a public key it already holds.</summary>
    public async ValueTask<byte[]> PostAsync(ReadOnlyMemory<byte> body, string apiKey, bool async, CancellationToken cancellationToken)
    {
        HttpAnswer answer = await client.PostAsync(
            "/privatemode/v1/secret", body, apiKey, AnswerLimit, "the key exchange", async, cancellationToken).ConfigureAwait(false);
        return answer.Body;
    }
}
