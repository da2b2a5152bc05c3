using System.Net.Http.Headers;
using System.Text;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Transport;

/// <summary>Calls to the gateway that carry no content: attestation and secret exchange. Bounded in size and time, no redirects.</summary>
/// <param name="http">Sends.</param>
/// <param name="service">Scheme, host and port.</param>
/// <param name="protocolVersion">The protocol spoken.</param>
/// <param name="time">The clock.</param>
/// <param name="key">What errors call the API key.</param>
internal sealed class ControlPlaneClient(BoundedHttp http, Uri service, string protocolVersion, TimeProvider time, string key = KeyRefusal.AnyKey)
{
    /// <summary>Posts JSON once and returns a 200 answer.</summary>
    /// <param name="path">At the service.</param>
    /// <param name="body">JSON.</param>
    /// <param name="apiKey">Goes into the Authorization header.</param>
    /// <param name="limit">Largest answer accepted, in bytes.</param>
    /// <param name="purpose">What is being done, for messages: <c>the key exchange</c>.</param>
    /// <param name="async">False when the caller is synchronous.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PrivatemodeConfigurationException">The service rejects the API key (401).</exception>
    /// <exception cref="PrivatemodeServiceException">Anything else than a complete 200 answer.</exception>
    public async ValueTask<HttpAnswer> PostAsync(
        string path, ReadOnlyMemory<byte> body, string apiKey, int limit, string purpose, bool async, CancellationToken cancellationToken)
    {
        HttpRequestMessage request = new(HttpMethod.Post, new Uri(service, path)) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.Authorization, "Bearer " + apiKey);
        _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.Version, protocolVersion);
        _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.Client, ProtocolHeaders.ClientValue);
        HttpAnswer answer = await http.SendAsync(request, limit, purpose, async, cancellationToken).ConfigureAwait(false);
        return answer.Status == 200 ? answer : throw Refusal(answer, purpose);
    }

    private PrivatemodeException Refusal(HttpAnswer answer, string purpose)
    {
        int status = answer.Status;
        string text = Encoding.UTF8.GetString(answer.Body);
        if (status == 401)
        {
            return KeyRefusal.Rejected(key);
        }

        // Third parties report the words; the gateway's source is not public.
        bool speaksOfVersion = status < 500 && text.Contains("client version", StringComparison.OrdinalIgnoreCase);
        (ServiceFailureReason reason, string advice) = status switch
        {
            _ when speaksOfVersion || status == 426 => (ServiceFailureReason.ClientTooOld, $"it requires a newer client. {ClientTooOld.Advice}"),
            429 => (ServiceFailureReason.RateLimited, "too many requests. Wait, then retry."),
            408 or >= 500 => (ServiceFailureReason.Unavailable, "it is overloaded or restarting. Retry later."),
            402 or 403 => (ServiceFailureReason.Other, KeyRefusal.NotAllowed(key)),
            _ => (ServiceFailureReason.Other, "see ServerMessage. Check Endpoint and update this package."),
        };
        return new PrivatemodeServiceException(reason, $"The service refused {purpose} with status {status}: {advice}")
        {
            Status = status,
            ConcernsKey = status is 400 or 402 or 403 or 429 && reason != ServiceFailureReason.ClientTooOld,
            ServerMessage = text.Length == 0 ? null : ForeignText.Printable(text),
            RetryAfter = answer.RetryAfter(time.GetUtcNow()),
        };
    }
}
