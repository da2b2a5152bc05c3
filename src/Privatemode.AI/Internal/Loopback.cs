namespace Privatemode.AI.Internal;

/// <summary>Whether an address is on this machine.</summary>
internal static class Loopback
{
    /// <summary>Whether a URL has a loopback address for its host, and not a name, which would have to be resolved.</summary>
    public static bool IsAddress(Uri url) => url.IsLoopback && url.HostNameType is (UriHostNameType.IPv4 or UriHostNameType.IPv6);
}
