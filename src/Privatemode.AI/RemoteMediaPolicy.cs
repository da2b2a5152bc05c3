namespace Privatemode.AI;

/// <summary>What happens to images that a prompt names by URL instead of carrying them.</summary>
public enum RemoteMediaPolicy
{
    /// <summary>The call is refused before anything is sent. The default: a URL tells its host, and everyone on the way, what is being
    /// looked at.</summary>
    Refuse,

    /// <summary>
    /// The image is fetched by this process and put into the request, encrypted. Its host sees this machine ask for it. Only https,
    /// public addresses and image types; at most 20 MiB each, 48 MiB and <see cref="MediaOptions.MaxFetchedImages"/> images per request.
    /// </summary>
    FetchHereAndInline,

    /// <summary>The URL is sent, encrypted, and the service fetches it from inside the enclave: its host sees the service ask. Only https.</summary>
    /// <remarks>A URL that the service cannot parse is refused before anything is sent: the service would answer with an error in the clear that
    /// quotes it.</remarks>
    LetTheServiceFetch,
}
