namespace Privatemode.AI;

/// <summary>Provides the options for images that requests reference by URL. See <see cref="PrivatemodeOptions.Media"/>.</summary>
public sealed class MediaOptions
{
    internal const int DefaultMaxFetchedImages = 32;

    /// <summary>Gets or sets a value that specifies how images that a request references by URL are handled.</summary>
    /// <value>The default is <see cref="RemoteMediaPolicy.Refuse"/>.</value>
    public RemoteMediaPolicy Remote { get; set; }

    /// <summary>Gets or sets the maximum number of images that this process fetches for one request.</summary>
    /// <value>From 1 to 1,000. The default is 32. The setting applies to <see cref="RemoteMediaPolicy.FetchLocally"/>.</value>
    /// <remarks>A call with more images throws a <see cref="PrivatemodeRequestException"/> before the first image is fetched. An asynchronous call fetches four
    /// images at a time, a synchronous call one. An image can have at most 20 MiB and must arrive within 30 seconds; all images of a request together can have
    /// at most 48 MiB and must arrive within <see cref="TransportOptions.ResponseTimeout"/>. On <c>/v1/messages</c>, images are not fetched, and a request
    /// that references one is refused.</remarks>
    public int MaxFetchedImages { get; set; } = DefaultMaxFetchedImages;

    internal MediaOptions Clone() => (MediaOptions)MemberwiseClone();
}

/// <summary>Specifies how images that a request references by URL are handled.</summary>
public enum RemoteMediaPolicy
{
    /// <summary>The call is refused before anything is sent. This is the default.</summary>
    /// <remarks>Fetching an image shows its host that the image is requested, and shows the network which host is contacted.</remarks>
    Refuse,

    /// <summary>This process fetches the image and sends it encrypted with the request.</summary>
    /// <remarks>The image's host sees a request from this machine, which is sent without a proxy and not with
    /// <see cref="TransportOptions.HttpMessageHandler"/>. Only https URLs, public addresses and image types are allowed, with at most 20 MiB per image, and
    /// 48 MiB and <see cref="MediaOptions.MaxFetchedImages"/> images per request.</remarks>
    FetchLocally,

    /// <summary>The URL is sent encrypted, and the deployment fetches the image.</summary>
    /// <remarks>The image's host sees a request from the service. Only https URLs are allowed. A URL that the service cannot parse is refused before
    /// anything is sent, because the error of the service would quote it in the clear.</remarks>
    FetchByService,
}
