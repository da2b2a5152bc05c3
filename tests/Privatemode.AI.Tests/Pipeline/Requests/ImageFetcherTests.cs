using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.AI;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Requests;

public sealed class ImageFetcherTests
{
    private static readonly TimeSpan Total = TimeSpan.FromMinutes(10);

    private readonly FakeHandler _host = new() { Answer = _ => Image("image/png", [1, 2, 3]) };

    [Theory]
    [InlineData("93.184.216.34", true)]
    [InlineData("2606:2800:220:1:248:1893:25c8:1946", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.8.9.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("100.128.0.1", true)]
    [InlineData("169.254.169.254", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("192.0.0.170", false)]
    [InlineData("198.18.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("::ffff:93.184.216.34", true)]
    [InlineData("fe80::1", false)]
    [InlineData("fc00::1", false)]
    [InlineData("fd00:ec2::254", false)]
    [InlineData("ff02::1", false)]
    [InlineData("2002:a00:1::1", false)]
    [InlineData("2001:0:1::1", false)]
    [InlineData("64:ff9b::a00:1", false)]
    public void IsPublic_Address_IsJudged(string address, bool isPublic) => Assert.Equal(isPublic, ImageFetcher.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task Fetch_AddressOfThisMachine_IsNotConnectedTo(string host)
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using CancellationTokenSource stopping = new();
        Task<TcpClient> connected = listener.AcceptTcpClientAsync(stopping.Token).AsTask();
        using ImageFetcher fetcher = ImageFetcher.ForPublicAddresses(TimeProvider.System, Total);
        Task<FetchedImage> fetching = FetchAsync(fetcher, $"https://{host}:{((IPEndPoint)listener.LocalEndpoint).Port}/a.png", async: true);
        Assert.Same(fetching, await Task.WhenAny(fetching, connected).OrTimeout());
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => fetching);
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connected);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fetch_Image_ComesWithItsType(bool async)
    {
        using ImageFetcher fetcher = new(TimeProvider.System, Total, _host);
        FetchedImage image = await FetchAsync(fetcher, "https://example.com/a.png", async);
        Assert.Equal("image/png", image.Type);
        Assert.Equal([1, 2, 3], image.Content.ToArray());
        HttpRequestMessage request = Assert.Single(_host.Requests);
        Assert.Empty(request.Headers);
    }

    [Theory]
    [InlineData("http://example.com/a.png")]
    [InlineData("ftp://example.com/a.png")]
    [InlineData("file:///etc/passwd")]
    [InlineData("a.png")]
    [InlineData("https://exa mple.com/a.png")]
    [InlineData("https://1.2.3.4.5:99999/a.png")]
    public async Task Resolve_AddressThatIsNotHttps_FetchesNoneOfThem(string url)
    {
        using ImageFetcher fetcher = new(TimeProvider.System, Total, _host);
        PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(
            () => ResolveAsync(fetcher, ["https://example.com/a.png", url]));
        Assert.Equal("remote-media", exception.ErrorType);
        Assert.Empty(_host.Requests);
    }

    [Fact]
    public async Task Resolve_MoreImagesThanABodyMayHold_StopsFetching()
    {
        _host.Answer = _ => Image("image/png", new byte[100_000]);
        using ImageFetcher fetcher = new(TimeProvider.System, Total, _host);
        string parts = string.Join(",", Enumerable.Repeat("""{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}""", 30));
        using JsonRequestBody body = new(PooledBytes.Copy(Encoding.UTF8.GetBytes($$"""{"messages":[{"role":"user","content":[{{parts}}]}]}""")));
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => new RemoteMediaResolver(RemoteMediaPolicy.FetchLocally, fetcher)
                .ResolveAsync(EndpointRules.ChatCompletions with { PlaintextLimit = 500_000 }, body, async: true, default).AsTask());
        Assert.Equal("body", exception.Member);
        Assert.InRange(_host.Requests.Count, 3, 8);
    }

    [Fact]
    public async Task Resolve_MoreImagesThanOneRequestMayName_FetchesNone()
    {
        using ImageFetcher fetcher = new(TimeProvider.System, Total, _host);
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => ResolveAsync(fetcher, 33));
        Assert.Equal("messages", exception.Member);
        Assert.Empty(_host.Requests);
        await ResolveAsync(fetcher, 32);
        Assert.Equal(32, _host.Requests.Count);
    }

    [Fact]
    public async Task Resolve_ManyImages_FetchesFourAtATime()
    {
        int running = 0;
        TaskCompletionSource<int> most = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using AsyncHandler host = new(async cancellationToken =>
        {
            int now = Interlocked.Increment(ref running);
            if (now == 4)
            {
                most.TrySetResult(now);
            }

            // Nobody answers before four are asked, so that a fifth would be seen.
            await most.Task.WaitAsync(cancellationToken);
            await Task.Yield();
            _ = Interlocked.Decrement(ref running);
            return now <= 4 ? Image("image/png", [1]) : new HttpResponseMessage(HttpStatusCode.TooManyRequests);
        });
        using ImageFetcher fetcher = new(TimeProvider.System, Total, host);
        await ResolveAsync(fetcher, 32);
        Assert.Equal(4, await most.Task.OrTimeout());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fetch_ImagesThatAreTooLargeTogether_StopsFetching(bool async)
    {
        _host.Answer = _ => Image("image/png", new byte[400]);
        using ImageFetcher fetcher = new(TimeProvider.System, Total, _host);
        Uri[] addresses = [.. Enumerable.Range(0, 20).Select(i => new Uri($"https://example.com/{i}"))];
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => TestTimeouts.OnOwnThread(() => fetcher.FetchAllAsync(addresses, 1000, async, default).AsTask()).Unwrap());
        Assert.Equal("body", exception.Member);
        Assert.InRange(_host.Requests.Count, 3, 7);
    }

    [Fact]
    public async Task Fetch_ImagesThatTakeTooLongTogether_AreGivenUp()
    {
        ManualTimeProvider time = new();
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using AsyncHandler host = new(async cancellationToken =>
        {
            asked.TrySetResult();
            await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
            return Image("image/png", [1]);
        });
        using ImageFetcher fetcher = new(time, TimeSpan.FromSeconds(20), host);
        Task resolving = ResolveAsync(fetcher, 8);
        await asked.Task.OrTimeout();
        time.Advance(TimeSpan.FromSeconds(21));
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => resolving.OrTimeout());
        Assert.Contains("together", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("image/a#%zz")]
    [InlineData("image/a%zz")]
    [InlineData("image/")]
    public async Task Fetch_TypeThatWouldSpoilTheUrl_IsNoImage(string type)
    {
        _host.Answer = request =>
        {
            HttpResponseMessage answer = new(HttpStatusCode.OK) { Content = new ByteArrayContent([1]) };
            _ = answer.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            return answer;
        };
        using ImageFetcher fetcher = new(TimeProvider.System, Total, _host);
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => FetchAsync(fetcher, "https://example.com/a", async: true));
    }

    [Fact]
    public async Task Fetch_WhatIsNoImage_IsAnError()
    {
        foreach (HttpResponseMessage answer in (
            HttpResponseMessage[])[Image("text/html", [1]), new(HttpStatusCode.NotFound), new(HttpStatusCode.Found)])
        {
            _host.Answer = _ => answer;
            using ImageFetcher fetcher = new(TimeProvider.System, Total, _host);
            PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(
                () => FetchAsync(fetcher, "https://secret.example/", async: true));
            Assert.Equal((ServiceFailureReason.InvalidRequest, true), (exception.Reason, exception.WasNotSent));
            Assert.DoesNotContain("secret.example", exception.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Fetch_ImageLargerThanTheLimit_IsAnError()
    {
        _host.Answer = _ => Image("image/png", new byte[ImageFetcher.SizeLimit + 1]);
        using ImageFetcher fetcher = new(TimeProvider.System, Total, _host);
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => FetchAsync(fetcher, "https://example.com/", async: true));
    }

    [Fact]
    public async Task Fetch_HostThatCannotBeReached_IsAnError()
    {
        _host.Answer = _ => throw new HttpRequestException("no route to secret.example");
        using ImageFetcher fetcher = new(TimeProvider.System, Total, _host);
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => FetchAsync(fetcher, "https://example.com/", async: false));
        Assert.DoesNotContain("secret.example", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fetch_ByTheRealHandler_RefusesPrivateAddresses()
    {
        using ImageFetcher fetcher = ImageFetcher.ForPublicAddresses(TimeProvider.System, Total);
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => FetchAsync(fetcher, "https://127.0.0.1:1/a.png", async: true).OrTimeout());
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => FetchAsync(fetcher, "https://localhost:1/a.png", async: true).OrTimeout());
    }

    [Fact]
    public async Task Resolve_ImagesByUrl_AreInTheBody()
    {
        using ImageFetcher fetcher = new(TimeProvider.System, Total, _host);
        using JsonRequestBody body = Body(["https://example.com/first.png", "https://example.com/a/much/longer/address/second.png?with=query"]);
        await new RemoteMediaResolver(RemoteMediaPolicy.FetchLocally, fetcher)
            .ResolveAsync(EndpointRules.ChatCompletions, body, async: true, default).AsTask().OrTimeout();
        Assert.Equal(
            """{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AQID"}},"""
                + """{"type":"image_url","image_url":{"url":"data:image/png;base64,AQID"}}]}]}""",
            Encoding.UTF8.GetString(body.Bytes.Span));
        Assert.Equal(2, _host.Requests.Count);
    }

    [Fact]
    public async Task Chat_ImageByUrlWithFetching_IsFetchedBeforeAnythingIsSent()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        await using PrivatemodeClient client = deployment.CreateClient(options => options.Media.Remote = RemoteMediaPolicy.FetchLocally);
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => client.AsIChatClient("gemma-3-27b")
            .GetResponseAsync([new ChatMessage(ChatRole.User, [new UriContent("https://127.0.0.1:1/a.png", "image/png")])]).OrTimeout());
        Assert.Contains("no public address", exception.Message, StringComparison.Ordinal);
        Assert.Equal(1, deployment.KeyExchangeCount);
        Assert.Empty(deployment.Requests);
    }

    [Fact]
    public async Task Chat_ImageByUrl_IsRefusedByDefaultAndNamesTheWaysOut()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        await using PrivatemodeClient client = deployment.CreateClient();
        PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => client.AsIChatClient("gemma-3-27b")
            .GetResponseAsync([new ChatMessage(ChatRole.User, [new UriContent("https://example.com/first.png", "image/png")])]).OrTimeout());
        Assert.Contains(nameof(RemoteMediaPolicy.FetchLocally), exception.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(RemoteMediaPolicy.FetchByService), exception.Message, StringComparison.Ordinal);
        Assert.Empty(deployment.AllRequests);
    }

    [Fact]
    public async Task Chat_ImageByUrlWithTheServiceFetching_PassesTheUrlOnEncrypted()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        await using PrivatemodeClient client = deployment.CreateClient(options => options.Media.Remote = RemoteMediaPolicy.FetchByService);
        await client.AsIChatClient("gemma-3-27b")
            .GetResponseAsync([new ChatMessage(ChatRole.User, [new UriContent("https://example.com/first.png", "image/png")])]).OrTimeout();
        Assert.Contains("https://example.com/first.png", deployment.Requests[0].DecryptedBody, StringComparison.Ordinal);
        Assert.DoesNotContain("example.com", deployment.Requests[0].WireBodyText, StringComparison.Ordinal);
    }

    private static Task ResolveAsync(ImageFetcher fetcher, int images, bool async = true) =>
        ResolveAsync(fetcher, [.. Enumerable.Range(0, images).Select(i => $"https://example.com/{i}.png")], async);

    private static async Task ResolveAsync(ImageFetcher fetcher, string[] urls, bool async = true)
    {
        using JsonRequestBody body = Body(urls);
        await new RemoteMediaResolver(RemoteMediaPolicy.FetchLocally, fetcher)
            .ResolveAsync(EndpointRules.ChatCompletions, body, async, default).AsTask().OrTimeout();
    }

    private static JsonRequestBody Body(string[] urls)
    {
        string parts = string.Join(",", urls.Select(url => $$$"""{"type":"image_url","image_url":{"url":"{{{url}}}"}}"""));
        return new(PooledBytes.Copy(Encoding.UTF8.GetBytes($$"""{"messages":[{"role":"user","content":[{{parts}}]}]}""")));
    }

    private static async Task<FetchedImage> FetchAsync(ImageFetcher fetcher, string url, bool async)
    {
        Uri[] addresses = [new(url)];
        return Assert.Single(async
            ? await fetcher.FetchAllAsync(addresses, int.MaxValue, async: true, CancellationToken.None).AsTask().OrTimeout()
            : fetcher.FetchAllAsync(addresses, int.MaxValue, async: false, CancellationToken.None).Completed());
    }

    private static HttpResponseMessage Image(string type, byte[] bytes) => new(HttpStatusCode.OK)
    {
        Content = new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue(type) } },
    };

    private sealed class AsyncHandler(Func<CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => answer(cancellationToken);
    }
}
