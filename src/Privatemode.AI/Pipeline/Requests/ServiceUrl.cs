using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>Checks whether the service's own parser accepts the URL of an image.</summary>
/// <remarks>
/// The service parses the URL after decryption (Go, net/url). If the parser fails, the service returns an unencrypted error that quotes the whole
/// URL, which contains the image if it is a <c>data:</c> URL. So every URL that the parser might refuse is refused here, and a few more.
/// </remarks>
internal static class ServiceUrl
{
    private static readonly SearchValues<byte> HexDigits = MemberNames.Bytes(MemberNames.HexDigits);
    // No zone, and no embedded IPv4 address: the platform accepts leading zeros there, and the service's parser does not.
    private static readonly SearchValues<byte> AddressBytes = MemberNames.Bytes(MemberNames.HexDigits + ":");
    private static readonly SearchValues<byte> UserInfoBytes = MemberNames.Bytes(MemberNames.LettersAndDigits + "-._~!$&'()*+,;=:%");
    private static readonly SearchValues<byte> NotPlain = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(i => (byte)i), 0x7F, (byte)'#', (byte)'?']);
    private static readonly SearchValues<byte> NotInHosts = SearchValues.Create(" \"#%/:<>?@[\\]^`{|}"u8);

    /// <summary>Whether a UTF-8 URL is a <c>data:</c> URL, which contains the content itself.</summary>
    public static bool IsData(ReadOnlySpan<byte> url) => url.Length >= 5 && Ascii.EqualsIgnoreCase(url[..5], "data:"u8);

    public static bool IsHttps(ReadOnlySpan<byte> url) => url.Length >= 8 && Ascii.EqualsIgnoreCase(url[..8], "https://"u8);

    /// <summary>Whether the service can parse a URL for which <see cref="IsData"/> or <see cref="IsHttps"/> is true.</summary>
    public static bool IsParsable(ReadOnlySpan<byte> url)
    {
        // Base64 contains none of these characters, so an image is read once and not four times.
        if (!url.ContainsAny(NotPlain))
        {
            return IsParsableStart(url);
        }

        if (url.ContainsAnyInRange((byte)0, (byte)0x1F) || url.Contains((byte)0x7F))
        {
            return false;
        }

        int fragment = url.IndexOf((byte)'#');
        if (fragment >= 0 && !HasValidEscapes(url[fragment..]))
        {
            return false;
        }

        url = fragment < 0 ? url : url[..fragment];
        int query = url.IndexOf((byte)'?');
        return IsParsableStart(query < 0 ? url : url[..query]);
    }

    /// <summary>Whether the service can parse a URL that has no control characters, fragment or query.</summary>
    private static bool IsParsableStart(ReadOnlySpan<byte> url) =>
        // A path that does not begin with a slash is accepted unchanged.
        IsData(url) ? !url["data:".Length..].StartsWith("/"u8) : IsHttps(url) && IsAuthorityAndPath(url["https://".Length..]);

    private static bool IsAuthorityAndPath(ReadOnlySpan<byte> rest)
    {
        int slash = rest.IndexOf((byte)'/');
        ReadOnlySpan<byte> host = slash < 0 ? rest : rest[..slash];
        int at = host.LastIndexOf((byte)'@');
        if (at >= 0 && (host[..at].ContainsAnyExcept(UserInfoBytes) || !HasValidEscapes(host[..at])))
        {
            return false;
        }

        return (slash < 0 || HasValidEscapes(rest[slash..])) && IsHostAndPort(host[(at + 1)..]);
    }

    private static bool IsHostAndPort(ReadOnlySpan<byte> host)
    {
        ReadOnlySpan<byte> port = default;
        if (host.StartsWith("["u8))
        {
            int end = host.IndexOf((byte)']');
            if (end < 0 || host[1..end].ContainsAnyExcept(AddressBytes) || !IPAddress.TryParse(Encoding.UTF8.GetString(host[1..end]), out IPAddress? address)
                || address.AddressFamily != AddressFamily.InterNetworkV6)
            {
                return false;
            }

            port = host[(end + 1)..];
        }
        else
        {
            int colon = host.IndexOf((byte)':');
            port = colon < 0 ? default : host[colon..];
            host = colon < 0 ? host : host[..colon];
            if (host.IsEmpty || host.ContainsAny(NotInHosts))
            {
                return false;
            }
        }

        return port.IsEmpty || (port[0] == (byte)':' && !port[1..].ContainsAnyExceptInRange((byte)'0', (byte)'9'));
    }

    /// <summary>Whether two hexadecimal digits follow every percent sign.</summary>
    private static bool HasValidEscapes(ReadOnlySpan<byte> text)
    {
        int percent;
        while ((percent = text.IndexOf((byte)'%')) >= 0)
        {
            text = text[(percent + 1)..];
            if (text.Length < 2 || text[..2].ContainsAnyExcept(HexDigits))
            {
                return false;
            }
        }

        return true;
    }
}
