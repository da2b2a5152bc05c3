using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Privatemode.AI.AspNetCore.Gate;

/// <summary>Decides which host names and origins of requests are accepted.</summary>
/// <param name="hosts">The hosts of the options.</param>
/// <param name="origins">The origins of the options.</param>
internal sealed partial class HostRules(IEnumerable<string> hosts, IEnumerable<string> origins)
{
    private const string AnyBelow = "*.";

    private readonly string[] _hosts = [.. hosts.Where(host => !host.StartsWith(AnyBelow, StringComparison.Ordinal))];
    private readonly string[] _suffixes = [.. hosts.Where(host => host.StartsWith(AnyBelow, StringComparison.Ordinal)).Select(host => host[1..])];
    private readonly HashSet<string> _origins = [.. origins.Select(NormalizeOrigin)];

    /// <summary>Returns whether a host in the options is valid: a name, an address, or a name after <c>*.</c>, without a port.</summary>
    public static bool IsPattern(string? host)
    {
        string name = host?.StartsWith(AnyBelow, StringComparison.Ordinal) == true ? host[2..] : host ?? "";
        return name.Length <= 255 && (name.StartsWith('[')
            ? name.EndsWith(']') && name == host && IPAddress.TryParse(name, out _)
            : HostName().IsMatch(name));
    }

    /// <summary>Returns whether an origin in the options is valid: the scheme, the host and an optional port.</summary>
    public static bool IsOrigin(string? origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out Uri? address) && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp)
        && address.UserInfo.Length == 0 && origin.Count('/') == 2 && address.PathAndQuery == "/" && address.Fragment.Length == 0
        && address.Host.Length > 0 && !origin.AsSpan().ContainsAnyExceptInRange('!', '~') && !origin.Contains('*', StringComparison.Ordinal)
        && !origin.Contains('?', StringComparison.Ordinal) && !origin.Contains('#', StringComparison.Ordinal);

    /// <summary>Returns whether the host in the request is one of this proxy. A web page under another host name must not reach the proxy (DNS
    /// rebinding).</summary>
    /// <param name="request">The request.</param>
    /// <param name="isLocal">Whether the connection ends at a loopback address, where the names of loopback addresses are accepted too.</param>
    public bool AllowsHost(HttpRequest request, bool isLocal)
    {
        string host = request.Host.HasValue ? request.Host.Host : "";
        return (isLocal && host.ToUpperInvariant() is "LOCALHOST" or "127.0.0.1" or "[::1]")
            || _hosts.Any(allowed => host.Equals(allowed, StringComparison.OrdinalIgnoreCase))
            || _suffixes.Any(suffix => host.Length > suffix.Length && host.EndsWith(suffix, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Returns whether the web page that sends the request is accepted. Requests of programs have no origin.</summary>
    public bool AllowsOrigin(HttpRequest request)
    {
        IHeaderDictionary headers = request.Headers;
        return headers.Origin.Count switch
        {
            0 => !headers["Sec-Fetch-Site"].Contains("cross-site", StringComparer.OrdinalIgnoreCase),
            1 when headers.Origin[0] is { } origin && IsOrigin(origin) =>
                NormalizeOrigin(origin) is var known && (known == NormalizeOrigin($"{request.Scheme}://{request.Host}") || _origins.Contains(known)),
            _ => false,
        };
    }

    /// <summary>Returns the origin in lower case, without the default port of its scheme.</summary>
    private static string NormalizeOrigin(string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out Uri? address) ? address.GetLeftPart(UriPartial.Authority) : "";

    [GeneratedRegex(@"\A[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex HostName();
}
