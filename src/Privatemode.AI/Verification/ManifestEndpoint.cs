using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.Verification;

/// <summary>The file that says what the service runs now. It is not signed: whoever controls its host controls what it says.</summary>
internal sealed class ManifestEndpoint(PublicDownloads downloads, Uri address, TimeProvider time)
{
    /// <summary>Where the service publishes it.</summary>
    public static Uri Production { get; } = new("https://cdn.confidential.cloud/privatemode/v2/manifest.json");

    /// <summary>The file's exact bytes as they are now.</summary>
    /// <exception cref="PrivatemodeServiceException">It could not be had.</exception>
    public async ValueTask<byte[]> GetAsync(int limit, bool async, CancellationToken cancellationToken)
    {
        // The query defeats caches on the way.
        Uri now = new UriBuilder(address) { Query = $"t={time.GetUtcNow().ToUnixTimeMilliseconds()}" }.Uri;
        HttpAnswer answer = await downloads.GetAsync(now, limit, "the manifest", async, cancellationToken).ConfigureAwait(false);
        return answer.Body;
    }
}
