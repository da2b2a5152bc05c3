using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.Verification;

/// <summary>Downloads public files: manifest, certificates, revocation lists, Intel's collateral. No credentials are sent to these hosts.</summary>
internal sealed class PublicDownloads(BoundedHttpClient http, TimeProvider time)
{
    private static readonly TimeSpan[] PausesBetweenTries = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3)];
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(10);

    /// <summary>Downloads a file, and retries while the host is unavailable or busy.</summary>
    /// <param name="limit">The maximum size in bytes.</param>
    /// <param name="what">The name of the file in messages: <c>AMD's revocation list</c>.</param>
    /// <exception cref="PrivatemodeServiceException">The file could not be retrieved. This does not mean that verification failed.</exception>
    public ValueTask<HttpAnswer> GetAsync(Uri address, int limit, string what, bool async, CancellationToken cancellationToken) =>
        RetryAfter.RepeatAsync(
            () => TryGetAsync(address, limit, what, async, cancellationToken), PausesBetweenTries, IsWorthAnotherTry, time, async, cancellationToken);

    private static bool IsWorthAnotherTry(PrivatemodeServiceException exception) =>
        exception.Reason is ServiceFailureReason.Unreachable or ServiceFailureReason.Unavailable or ServiceFailureReason.RateLimited &&
        !(exception.RetryAfter > MaxPause);

    private async ValueTask<HttpAnswer> TryGetAsync(Uri address, int limit, string what, bool async, CancellationToken cancellationToken)
    {
        HttpRequestMessage request = new(HttpMethod.Get, address);
        HttpAnswer answer = await http.SendAsync(request, limit, $"the download of {what}", async, cancellationToken).ConfigureAwait(false);
        if (answer.Status is 200 or 203)
        {
            return answer;
        }

        (ServiceFailureReason reason, string advice) = answer.Status switch
        {
            429 => (ServiceFailureReason.RateLimited, "Wait, then retry. Set Verification.CollateralDirectory to store what was downloaded."),
            408 or >= 500 => (ServiceFailureReason.Unavailable, "Retry later."),
            _ => (ServiceFailureReason.Other, "Check the network, and Verification.CollateralEndpoint if it is set."),
        };
        throw new PrivatemodeServiceException(reason, $"{address.Host} did not return {what} (status {answer.Status}). {advice}")
        {
            Status = answer.Status,
            RetryAfter = answer.RetryAfter,
            WasNotSent = true,
        };
    }
}

/// <summary>Downloads the manifest that the service publishes. It is not signed, so who controls the host controls its content.</summary>
internal sealed class ManifestEndpoint(PublicDownloads downloads, Uri address, TimeProvider time)
{
    /// <summary>The address at which the service publishes it.</summary>
    public static Uri Production { get; } = new("https://cdn.confidential.cloud/privatemode/v2/manifest.json");

    /// <summary>Downloads the current bytes of the file.</summary>
    /// <exception cref="PrivatemodeServiceException">It could not be retrieved.</exception>
    public async ValueTask<byte[]> GetAsync(int limit, bool async, CancellationToken cancellationToken)
    {
        // The query prevents answers from caches on the way.
        Uri now = new UriBuilder(address) { Query = $"t={time.GetUtcNow().ToUnixTimeMilliseconds()}" }.Uri;
        HttpAnswer answer = await downloads.GetAsync(now, limit, "the manifest", async, cancellationToken).ConfigureAwait(false);
        return answer.Body;
    }
}
