using System.Net;
using System.Net.Sockets;

namespace Privatemode.AI.Pipeline;

/// <summary>Fetches images for <see cref="RemoteMediaPolicy.FetchHereAndInline"/>: https, public addresses, image types, bounded size and
/// time.</summary>
/// <remarks>
/// URLs often come from users. Addresses that are not public are refused when the connection is made, after name resolution and on
/// every redirect, so that a prompt cannot make a server read from its own network.
/// </remarks>
internal sealed class ImageFetcher : IDisposable
{
    public const int SizeLimit = 20 * 1024 * 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;
    private readonly TimeProvider _time;

    public ImageFetcher(TimeProvider time)
        : this(time, new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
            UseCookies = false,
            UseProxy = false,
            MaxAutomaticRedirections = 5,
            ConnectCallback = ConnectToPublicAddressAsync,
        })
    {
    }

    /// <summary>With another handler: only for tests.</summary>
    internal ImageFetcher(TimeProvider time, HttpMessageHandler handler)
    {
        _time = time;
        _http = new HttpClient(new InterruptibleHandler(handler)) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };
    }

    /// <summary>The image as a <c>data:</c> URL.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">The URL is not https.</exception>
    /// <exception cref="PrivatemodeServiceException">The image could not be fetched, is none, or is too large.</exception>
    public async ValueTask<string> FetchAsync(string url, bool async, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? address) || address.Scheme != Uri.UriSchemeHttps)
        {
            throw new PrivatemodeWouldLeakException(
                "remote-media", "An image is named by an address that is not https. Put the image into the request.");
        }

        using CancellationTokenSource deadline = new(Timeout, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, address);
            using HttpResponseMessage response = async
                ? await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false)
                : _http.Send(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            string type = response.Content.Headers.ContentType?.MediaType ?? "";
            if (!response.IsSuccessStatusCode || !type.StartsWith("image/", StringComparison.OrdinalIgnoreCase))
            {
                throw Failed($"its host answered with status {(int)response.StatusCode} and no image");
            }

            return $"data:{type};base64,{await ReadAsync(response, async, either.Token).ConfigureAwait(false)}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failed("its host did not answer in time");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or ObjectDisposedException)
        {
            throw Failed("its host could not be reached, or has no public address");
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Whether an address is on the public internet: not loopback, private, link-local, multicast or reserved.</summary>
    internal static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return IsPublic(address.MapToIPv4());
        }

        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            // Global unicast (RFC 4291) without the transition prefixes 2001::/23 and 2002::/16, which can wrap private IPv4.
            Span<byte> bytes = stackalloc byte[16];
            _ = address.TryWriteBytes(bytes, out _);
            return (bytes[0] & 0xe0) == 0x20 && !(bytes[0] == 0x20 && bytes[1] == 0x02) && !(bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 2);
        }

        Span<byte> v4 = stackalloc byte[4];
        return address.TryWriteBytes(v4, out _) && (v4[0], v4[1]) switch
        {
            (0 or 10 or 127 or >= 224, _) => false,
            (100, >= 64 and <= 127) => false,
            (169, 254) => false,
            (172, >= 16 and <= 31) => false,
            (192, 168) => false,
            (192, 0) => false,
            (198, 18 or 19) => false,
            _ => true,
        };
    }

    private static async ValueTask<string> ReadAsync(HttpResponseMessage response, bool async, CancellationToken cancellationToken)
    {
        Stream stream = async
            ? await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false)
            : response.Content.ReadAsStream(cancellationToken);
        using CancellationTokenRegistration closing = cancellationToken.Register(static state => ((Stream)state!).Dispose(), stream);
        using MemoryStream image = new();
        byte[] buffer = new byte[64 * 1024];
        int read;
        while ((read = async ? await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) : stream.Read(buffer)) > 0)
        {
            if (image.Length + read > SizeLimit)
            {
                throw Failed($"it is larger than {SizeLimit} bytes");
            }

            image.Write(buffer, 0, read);
        }

        return Convert.ToBase64String(image.GetBuffer(), 0, (int)image.Length);
    }

    private static async ValueTask<Stream> ConnectToPublicAddressAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellationToken).ConfigureAwait(false);
        IPAddress[] allowed = [.. addresses.Where(IsPublic)];
        if (allowed.Length == 0)
        {
            throw new HttpRequestException("The host has no public address.");
        }

        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static PrivatemodeServiceException Failed(string why) =>
        new(PrivatemodeServiceFailure.InvalidRequest, $"An image of the request could not be fetched: {why}. Put the image into the request.");
}
