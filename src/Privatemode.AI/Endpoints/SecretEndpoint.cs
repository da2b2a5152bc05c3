using System.Net.Http.Headers;

namespace Privatemode.AI.Endpoints;

/// <summary><c>POST /privatemode/v1/secret</c>: our public key out, the secret service's answer back.</summary>
internal sealed class SecretEndpoint(ControlPlaneClient client)
{
    private const int AnswerLimit = 64 * 1024;

    /// <summary>Posts once. It must never be resent as it is: the service refuses a public key it already holds.</summary>
    public ValueTask<byte[]> PostAsync(ReadOnlyMemory<byte> body, string apiKey, bool async, CancellationToken cancellationToken)
    {
        HttpRequestMessage request = new(HttpMethod.Post, client.AddressOf("/privatemode/v1/secret")) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return client.SendAsync(request, apiKey, AnswerLimit, async, cancellationToken);
    }
}
