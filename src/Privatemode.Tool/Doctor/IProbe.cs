using System.Net;
using System.Net.Security;

namespace Privatemode.Tool.Doctor;

/// <summary>The access of the checks to the network and the machine, which tests can replace.</summary>
internal interface IProbe
{
    /// <summary>Resolves a name.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The name is unknown.</exception>
    Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken stop);

    /// <summary>Sends a request without credentials and content, through the proxy of the machine if it has one.</summary>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    Task<HostAnswer> AskAsync(Uri address, CancellationToken stop);

    /// <summary>The proxy that applies to an address, without its credentials; null for none.</summary>
    Uri? ProxyFor(Uri address);

    /// <summary>The free bytes of the disk with a directory; null if that is not known.</summary>
    long? FreeBytes(string directory);

    /// <summary>Whether AES and SHA-256 instructions can be used, and whether libsodium was loaded.</summary>
    (bool HasAes, bool HasSodium) Cryptography();
}

/// <summary>The result of one request to a host.</summary>
/// <param name="Status">The status; 0 if its certificate is not trusted.</param>
/// <param name="Date">The time of the host, or null.</param>
/// <param name="Server">The header Server, or null.</param>
/// <param name="Root">The name of the certificate at the top of the chain, or null without TLS.</param>
/// <param name="IsTrusted">Whether this machine trusts the chain.</param>
internal sealed record HostAnswer(int Status, DateTimeOffset? Date, string? Server, string? Root, bool IsTrusted);

/// <summary>The network and the machine.</summary>
internal sealed class NetworkProbe : IProbe
{
    public async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken stop) => await Dns.GetHostAddressesAsync(host, stop);

    public async Task<HostAnswer> AskAsync(Uri address, CancellationToken stop)
    {
        string? root = null;
        bool isTrusted = true;
        using SocketsHttpHandler handler = new() { AllowAutoRedirect = false, UseCookies = false };

        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, chain, errors) =>
        {
            root = chain?.ChainElements.LastOrDefault()?.Certificate.Subject;
            isTrusted = errors == SslPolicyErrors.None;
            return isTrusted;
        };
        using HttpClient client = new(handler);
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        try
        {
            using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
            return new HostAnswer((int)answer.StatusCode, answer.Headers.Date, answer.Headers.Server.ToString(), root, IsTrusted: true);
        }
        catch (HttpRequestException) when (!isTrusted)
        {
            return new HostAnswer(0, null, null, root, IsTrusted: false);
        }
    }

    public Uri? ProxyFor(Uri address) =>
        HttpClient.DefaultProxy.GetProxy(address) is { } proxy && proxy != address ? new UriBuilder(proxy) { UserName = "", Password = "" }.Uri : null;

    public long? FreeBytes(string directory)
    {
        try
        {
            return new DriveInfo(directory).AvailableFreeSpace;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    public (bool HasAes, bool HasSodium) Cryptography()
    {
        bool hasAes = System.Runtime.Intrinsics.X86.Aes.IsSupported || System.Runtime.Intrinsics.Arm.Aes.IsSupported;
        bool hasSodium = System.Runtime.InteropServices.NativeLibrary.TryLoad(
            "libsodium", typeof(NSec.Cryptography.Algorithm).Assembly, searchPath: null, out _);
        return (hasAes, hasSodium);
    }
}
