namespace Privatemode.AI;

/// <summary>Specifies how images that a request names by URL are handled.</summary>
public enum RemoteMediaPolicy
{
    /// <summary>The call is refused before anything is sent. This is the default.</summary>
    /// <remarks>Fetching a URL reveals the image to its host and to the network on the way.</remarks>
    Refuse,

    /// <summary>This process fetches the image, and the request contains it encrypted.</summary>
    /// <remarks>The image's host sees a request from this machine. Only https URLs, public addresses and image types are allowed, with at most 20 MiB per
    /// image, and 48 MiB and <see cref="MediaOptions.MaxFetchedImages"/> images per request.</remarks>
    FetchLocally,

    /// <summary>The URL is sent encrypted, and the service fetches the image from inside the enclave.</summary>
    /// <remarks>The image's host sees a request from the service. Only https URLs are allowed. A URL that the service cannot parse is refused before
    /// anything is sent, because the error of the service would quote it in the clear.</remarks>
    FetchByService,
}
