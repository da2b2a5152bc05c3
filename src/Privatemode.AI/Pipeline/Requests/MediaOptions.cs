namespace Privatemode.AI;

/// <summary>Provides the options for images that requests name by URL. See <see cref="PrivatemodeOptions.Media"/>.</summary>
public sealed class MediaOptions
{
    internal const int DefaultMaxFetchedImages = 32;

    /// <summary>Gets or sets what happens to images that a request names by URL.</summary>
    /// <value>The default is <see cref="RemoteMediaPolicy.Refuse"/>.</value>
    public RemoteMediaPolicy Remote { get; set; }

    /// <summary>Gets or sets the maximum number of images that one request can name by URL.</summary>
    /// <value>From 1 to 1,000. The default is 32. The setting applies to <see cref="RemoteMediaPolicy.FetchLocally"/>.</value>
    /// <remarks>A request that names more images throws a <see cref="PrivatemodeRequestException"/> before the first image is fetched. An asynchronous call
    /// fetches four images at a time, a synchronous call one. An image can be at most 20 MiB, all images of a request together 48 MiB, and all must be fetched
    /// within <see cref="TransportOptions.ResponseTimeout"/>.</remarks>
    public int MaxFetchedImages { get; set; } = DefaultMaxFetchedImages;

    internal MediaOptions Clone() => (MediaOptions)MemberwiseClone();
}
