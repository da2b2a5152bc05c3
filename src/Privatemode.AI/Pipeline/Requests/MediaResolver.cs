using System.Buffers.Text;
using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>Applies <see cref="RemoteMediaPolicy"/> to the images a body names by URL.</summary>
/// <param name="policy">The policy.</param>
/// <param name="fetcher">Fetches images; null unless the policy says so.</param>
/// <param name="mostImages">How many images one request may name, when they are fetched here.</param>
internal sealed class MediaResolver(RemoteMediaPolicy policy, ImageFetcher? fetcher, int mostImages = MediaOptions.DefaultMaxFetchedImages)
{
    private const string Refused = "remote-media";

    /// <summary>Images named by URL are fetched by this process.</summary>
    public bool FetchesHere => policy == RemoteMediaPolicy.FetchLocally;

    /// <summary>Settles the images of a body: refuses them, lets them pass, or puts what they name in their place.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">The policy refuses images by URL, or the URL is not one the service can parse.</exception>
    /// <exception cref="PrivatemodeServiceException">An image could not be fetched.</exception>
    /// <exception cref="PrivatemodeRequestException">There are too many images, or with them the body is larger than the service takes.</exception>
    public async ValueTask ResolveAsync(EndpointRule rule, PlainBody body, bool async, CancellationToken cancellationToken)
    {
        if (rule.Stream == StreamKind.Messages)
        {
            DemandSources(body);
        }

        IReadOnlyList<MediaUrl> images = RemoteMedia.Find(body.Bytes.Span, body.Index);
        foreach (MediaUrl image in images)
        {
            Demand(image);
        }

        if (images.Count > 0 && FetchesHere)
        {
            await InlineAsync(rule, body, images, async, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask InlineAsync(EndpointRule rule, PlainBody body, IReadOnlyList<MediaUrl> images, bool async, CancellationToken cancellationToken)
    {
        if (images.Count > mostImages)
        {
            throw new PrivatemodeRequestException(
                "messages",
                $"The request names {images.Count} images by URL, and at most {mostImages} are fetched for one request. Send fewer at once, or raise " +
                    $"{OptionNames.MaxFetchedImages}.");
        }

        Uri[] addresses = [.. images.Select(image => AddressOf(body, image))];

        // What the images take in base64 has to fit the room the body has left.
        int room = (int)((long)Math.Max(0, rule.PlainLimit - body.Bytes.Length) * 3 / 4);
        FetchedImage[] fetched = await fetcher!.FetchAllAsync(addresses, room, async, cancellationToken).ConfigureAwait(false);

        // From the last to the first, so that positions before it stay true.
        for (int i = images.Count - 1; i >= 0; i--)
        {
            body.Bytes.Replace(images[i].Start, images[i].Length, DataUrl(fetched[i]));
        }

        _ = body.Index.Read(body.Bytes.Span);
    }

    /// <summary>Anthropic-style images name their address in another place, and cannot be put in as one.</summary>
    private void DemandSources(PlainBody body)
    {
        foreach (MediaUrl image in RemoteMedia.FindSources(body.Bytes.Span, body.Index))
        {
            Demand(image);
            if (FetchesHere)
            {
                throw new PrivatemodeWouldLeakException(
                    Refused, $"{image.Place} names an image by URL, and on this endpoint images are not fetched here. Put the image into the request.");
            }
        }
    }

    private void Demand(MediaUrl image)
    {
        if (policy == RemoteMediaPolicy.Refuse && !image.IsData)
        {
            throw new PrivatemodeWouldLeakException(
                Refused,
                $"{image.Place} names an image by URL. Put the image into the request, or opt in with " +
                    $"{nameof(RemoteMediaPolicy)}.{nameof(RemoteMediaPolicy.FetchLocally)} " +
                    $"(this process fetches it) or {nameof(RemoteMediaPolicy)}.{nameof(RemoteMediaPolicy.FetchByService)} (the enclave fetches it).");
        }

        if (!image.IsData && !image.IsHttps)
        {
            throw new PrivatemodeWouldLeakException(
                Refused, $"{image.Place} names an image by an address that is not https. Put the image into the request.");
        }

        if (!image.IsParsable)
        {
            throw new PrivatemodeWouldLeakException(
                Refused,
                $"{image.Place} has an image URL that the service cannot parse; its error would quote the URL in the clear. Correct the URL: no control " +
                    "characters or line breaks, a valid host, and two hexadecimal digits after each percent sign of the path and the fragment.");
        }
    }

    private static Uri AddressOf(PlainBody body, MediaUrl image) =>
        Uri.TryCreate(TextOf(body.Bytes.Span.Slice(image.Start, image.Length)), UriKind.Absolute, out Uri? address) && address.Scheme == Uri.UriSchemeHttps
            ? address
            : throw new PrivatemodeWouldLeakException(Refused, $"{image.Place} has an image URL that cannot be parsed. Correct the URL.");

    private static string TextOf(ReadOnlySpan<byte> rawString)
    {
        using PooledBytes text = new(rawString.Length);
        JsonText.AppendUnescaped(rawString, text);
        return Encoding.UTF8.GetString(text.Span);
    }

    /// <summary>A raw JSON string. Neither the type nor base64 has anything in it that JSON would have to escape.</summary>
    private static byte[] DataUrl(FetchedImage image)
    {
        byte[] head = Encoding.ASCII.GetBytes($"\"data:{image.Type};base64,");
        byte[] url = new byte[head.Length + Base64.GetMaxEncodedToUtf8Length(image.Content.Length) + 1];
        head.CopyTo(url, 0);
        _ = Base64.EncodeToUtf8(image.Content.Span, url.AsSpan(head.Length), out _, out int written);
        url[head.Length + written] = (byte)'"';
        return url[..(head.Length + written + 1)];
    }
}
