namespace Privatemode.AI.Internal;

/// <summary>Determines whether an address is on this machine.</summary>
internal static class Loopback
{
    /// <summary>Whether the host of a URL is a loopback address, and not a name, which would have to be resolved.</summary>
    public static bool IsAddress(Uri url) => url.IsLoopback && url.HostNameType is (UriHostNameType.IPv4 or UriHostNameType.IPv6);
}
