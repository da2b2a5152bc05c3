using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>An image, and its media type. Its bytes are part of a prompt, and are wiped when it is disposed.</summary>
internal sealed class FetchedImage(string type, PooledBytes content) : IDisposable
{
    public string Type => type;

    public ReadOnlySpan<byte> Content => content.Span;

    public void Dispose() => content.Dispose();
}

/// <summary>Fetches images for <see cref="RemoteMediaPolicy.FetchLocally"/>: https, public addresses, image types, with limits for size and
/// time.</summary>
/// <remarks>
/// URLs often come from users. Addresses that are not public are refused when the connection is made, after name resolution and on
/// every redirect, so that a prompt cannot make a server read from its own network.
/// </remarks>
internal sealed class ImageFetcher : IDisposable
{
    /// <summary>The maximum size of one image, in bytes.</summary>
    public const int SizeLimit = 20 * 1024 * 1024;

    /// <summary>The maximum size of all images of a request, in bytes: in base64, encrypted, in hexadecimal, it is the service's limit of 128 MiB.</summary>
    public const int TotalLimit = 48 * 1024 * 1024;

    private const int MaxConcurrentDownloads = 4;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private static readonly SearchValues<char> TypeCharacters = SearchValues.Create(MemberNames.LettersAndDigits + ".+-");

    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private readonly TimeSpan _totalTimeout;

    public ImageFetcher(TimeProvider time, TimeSpan totalTimeout, HttpMessageHandler handler)
    {
        (_time, _totalTimeout) = (time, totalTimeout);
        _http = new HttpClient(new InterruptibleHandler(handler)) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };
    }

    /// <summary>Creates a fetcher that connects to public addresses only.</summary>
    public static ImageFetcher ForPublicAddresses(TimeProvider time, TimeSpan totalTimeout) => new(time, totalTimeout, new SocketsHttpHandler
    {
        ActivityHeadersPropagator = null,
        UseCookies = false,
        UseProxy = false,
        MaxAutomaticRedirections = 5,
        ConnectCallback = ConnectToPublicAddressAsync,
    });

    /// <summary>Fetches the images of one request: four at the same time, or one after the other for a synchronous caller.</summary>
    /// <returns>The images in the order of their addresses; the caller disposes them.</returns>
    /// <param name="maxTotalSize">The maximum size of all images together, in bytes; never more than <see cref="TotalLimit"/>.</param>
    /// <exception cref="PrivatemodeServiceException">An image could not be fetched, is not an image, or is too large.</exception>
    /// <exception cref="PrivatemodeRequestException">Together, the images are larger than the service accepts.</exception>
    public async ValueTask<FetchedImage[]> FetchAllAsync(IReadOnlyList<Uri> addresses, int maxTotalSize, bool async, CancellationToken cancellationToken)
    {
        using CallDeadline deadline = new(_totalTimeout, _time, async, cancellationToken);
        ByteBudget budget = new(Math.Min(maxTotalSize, TotalLimit));
        FetchedImage?[] images = new FetchedImage?[addresses.Count];
        bool isComplete = false;
        try
        {
            if (async)
            {
                ParallelOptions parallel = new() { MaxDegreeOfParallelism = MaxConcurrentDownloads, CancellationToken = deadline.Token };
                await Parallel.ForAsync(0, images.Length, parallel, async (i, token) =>
                    images[i] = await FetchAsync(addresses[i], budget, async: true, token).ConfigureAwait(false)).ConfigureAwait(false);
            }
            else
            {
                for (int i = 0; i < images.Length; i++)
                {
                    images[i] = FetchAsync(addresses[i], budget, async: false, deadline.Token).Completed();
                }
            }

            isComplete = true;
            return images!;
        }
        catch (OperationCanceledException) when (deadline.HasPassed && !cancellationToken.IsCancellationRequested)
        {
            throw Failed("all images together did not arrive in time");
        }
        finally
        {
            // Each download has ended.
            foreach (FetchedImage? image in isComplete ? [] : images)
            {
                image?.Dispose();
            }
        }
    }

    private async ValueTask<FetchedImage> FetchAsync(Uri address, ByteBudget budget, bool async, CancellationToken cancellationToken)
    {
        using CallDeadline deadline = new(Timeout, _time, async, cancellationToken);
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, address);
            using HttpResponseMessage response = async
                ? await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token).ConfigureAwait(false)
                : _http.Send(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            string type = response.Content.Headers.ContentType?.MediaType ?? "";
            if (!response.IsSuccessStatusCode || !IsImage(type))
            {
                throw Failed($"its host answered with status {(int)response.StatusCode}, or not with an image");
            }

            return new FetchedImage(type, await ReadAsync(response, budget, async, deadline.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failed("its host did not answer in time");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or ObjectDisposedException)
        {
            // Thrown by a synchronous read whose stream was closed because of the timeout.
            cancellationToken.ThrowIfCancellationRequested();
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

    /// <summary>Whether a media type is an image type, and contains nothing that the service's parser cannot read in a URL.</summary>
    private static bool IsImage(string type) =>
        type.StartsWith("image/", StringComparison.OrdinalIgnoreCase) && !type.AsSpan("image/".Length).ContainsAnyExcept(TypeCharacters);

    private static async ValueTask<PooledBytes> ReadAsync(
        HttpResponseMessage response, ByteBudget budget, bool async, CancellationToken cancellationToken)
    {
        Stream stream = async
            ? await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false)
            : response.Content.ReadAsStream(cancellationToken);

        ImageBuffer image = new(budget);
        try
        {
            return await BoundedReader.TryReadAsync(stream, image, SizeLimit, async, cancellationToken).ConfigureAwait(false)
                ? image.Content
                : throw Failed($"it is larger than {SizeLimit} bytes");
        }
        catch
        {
            image.Content.Dispose();
            throw;
        }
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
        new(ServiceFailureReason.InvalidRequest, $"An image of the request could not be fetched: {why}. Put the image into the request.") { WasNotSent = true };

    /// <summary>The bytes of an image, which reduce the remaining total size.</summary>
    private sealed class ImageBuffer(ByteBudget budget) : IBufferWriter<byte>
    {
        private const int MinRead = 16 * 1024;

        public PooledBytes Content { get; } = new(64 * 1024);

        public Memory<byte> GetMemory(int sizeHint = 0) => Content.Free(Math.Max(sizeHint, MinRead));

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public void Advance(int count)
        {
            budget.Reserve(count);
            Content.Commit(count);
        }
    }

    /// <summary>The remaining total size of the images of a request.</summary>
    private sealed class ByteBudget(int total)
    {
        private int _left = total;

        /// <exception cref="PrivatemodeRequestException">The size exceeds the remaining total.</exception>
        public void Reserve(int count)
        {
            if (Interlocked.Add(ref _left, -count) < 0)
            {
                throw new PrivatemodeRequestException(
                    "body", "With the images that it references, the request is larger than the service accepts. Send fewer images in one request.");
            }
        }
    }
}
