using System.Text;
using System.Text.Encodings.Web;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Pipeline;

/// <summary>Applies <see cref="RemoteMediaPolicy"/> to the images a body names by URL.</summary>
internal sealed class MediaResolver(RemoteMediaPolicy policy, ImageFetcher? fetcher)
{
    /// <summary>Images named by URL are fetched by this process.</summary>
    public bool FetchesHere => policy == RemoteMediaPolicy.FetchHereAndInline;

    /// <summary>Settles the images of a body: refuses them, lets them pass, or puts what they name in their place.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">The policy refuses images by URL, or the URL is not https.</exception>
    /// <exception cref="PrivatemodeServiceException">An image could not be fetched.</exception>
    /// <exception cref="PrivatemodeConfigurationException">With its images the body is larger than the service takes.</exception>
    public async ValueTask ResolveAsync(EndpointRule rule, PlainBody body, bool async, CancellationToken cancellationToken)
    {
        if (rule.Stream == StreamKind.Messages)
        {
            DemandSources(body);
        }

        IReadOnlyList<(int Start, int Length)> images = RemoteMedia.Find(body.Bytes.Span, body.Index);

        // From the last to the first, so that positions before it stay true.
        for (int i = images.Count - 1; i >= 0; i--)
        {
            (int start, int length) = images[i];
            string url = TextOf(body.Bytes.Span.Slice(start, length));
            Demand(url);
            if (policy == RemoteMediaPolicy.FetchHereAndInline)
            {
                string data = await fetcher!.FetchAsync(url, async, cancellationToken).ConfigureAwait(false);
                body.Bytes.Replace(start, length, Quoted(data));
                DemandRoom(rule, body);
            }
        }

        if (images.Count > 0)
        {
            _ = body.Index.Read(body.Bytes.Span);
        }
    }

    /// <summary>Anthropic-style images name their address in another place, and cannot be put in as one.</summary>
    private void DemandSources(PlainBody body)
    {
        foreach ((int start, int length) in RemoteMedia.FindSources(body.Bytes.Span, body.Index))
        {
            Demand(TextOf(body.Bytes.Span.Slice(start, length)));
            if (FetchesHere)
            {
                throw new PrivatemodeWouldLeakException(
                    "remote-media", "The request names an image by URL, and on this endpoint images are not fetched here. Put the image into the request.");
            }
        }
    }

    /// <summary>After each image: a short prompt can name many large ones.</summary>
    private static void DemandRoom(EndpointRule rule, PlainBody body)
    {
        if (body.Bytes.Length > rule.PlainLimit)
        {
            throw new PrivatemodeConfigurationException(
                "body",
                $"With the images it names by URL the request is larger than {rule.PlainLimit} bytes, more than the service takes. Send fewer at once.");
        }
    }

    private void Demand(string url)
    {
        if (policy == RemoteMediaPolicy.Refuse)
        {
            throw new PrivatemodeWouldLeakException(
                "remote-media",
                $"The request names an image by URL. Put the image into the request, or opt in with " +
                    $"{nameof(RemoteMediaPolicy)}.{nameof(RemoteMediaPolicy.FetchHereAndInline)} " +
                $"(this process fetches it) or {nameof(RemoteMediaPolicy)}.{nameof(RemoteMediaPolicy.LetTheServiceFetch)} (the enclave fetches it).");
        }

        if (!url.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
        {
            throw new PrivatemodeWouldLeakException(
                "remote-media", "The request names an image by an address that is not https. Put the image into the request.");
        }
    }

    private static string TextOf(ReadOnlySpan<byte> rawString)
    {
        using PooledBytes text = new(rawString.Length);
        JsonText.AppendUnescaped(rawString, text);
        return Encoding.UTF8.GetString(text.Span);
    }

    private static byte[] Quoted(string text) => Encoding.UTF8.GetBytes($"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"");
}
