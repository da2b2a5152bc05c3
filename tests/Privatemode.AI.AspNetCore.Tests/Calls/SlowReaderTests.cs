using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.AspNetCore.Tests.Hosting;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Calls;

/// <summary>A caller that does not read holds back the service, and not an answer in the memory of the proxy.</summary>
public sealed class SlowReaderTests : ProxyTest
{
    private const int Events = 400;
    private const int EventLength = 64 * 1024;

    private readonly TaskCompletionSource _allSent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HttpProtocols _protocols = HttpProtocols.Http1;
    private volatile TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;

    protected override void ConfigureKestrel(KestrelServerOptions options)
    {
        options.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = _protocols);
        options.Limits.MinResponseDataRate = null;
    }

    protected override void ConfigureServices(IServiceCollection services) =>
        services.Configure<SocketTransportOptions>(transport => transport.CreateBoundListenSocket = endpoint =>
        {
            Socket socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            socket.SendBufferSize = 64 * 1024;
            return socket;
        });

    protected override void ConfigureDeployment(PrivatemodeTestDeploymentOptions options)
    {
        options.RecordRequests = false;
        options.BeforeStreamEvent = (index, stop) =>
        {
            _ = Interlocked.Exchange(ref _count, index);
            Interlocked.Exchange(ref _sent, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            if (index >= Events)
            {
                _ = _allSent.TrySetResult();
            }

            return default;
        };
    }

    [Theory]
    [InlineData(HttpProtocols.Http1, ChatPath)]
    [InlineData(HttpProtocols.Http2, ChatPath)]
    [InlineData(HttpProtocols.Http1, MessagesPath)]
    public async Task Caller_ThatStopsReading_HoldsTheServiceBackAndThenGetsTheWholeAnswer(HttpProtocols protocols, string path)
    {
        _protocols = protocols;
        Deployment.Model.Reply(string.Join(' ', Enumerable.Repeat(new string('Q', EventLength - 1), Events)));
        (WebApplication app, Uri address) = await StartProxyAsync();
        try
        {
            using HttpClient http = NewSlowHttp(address);
            using HttpRequestMessage request = Post(path, path == ChatPath ? ChatBody(stream: true) : MessageBody(stream: true));
            request.Version = protocols == HttpProtocols.Http2 ? HttpVersion.Version20 : HttpVersion.Version11;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
            using HttpResponseMessage answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).OrTimeout();
            await using Stream stream = await answer.Content.ReadAsStreamAsync();
            await StalledAsync();

            // Buffers of the operating system on both sides of the proxy are a part of it.
            Assert.InRange(Volatile.Read(ref _count), 1, Events / 2);
            (long texts, string end) = await ReadAsync(stream);
            Assert.Equal((long)Events * (EventLength - 1), texts);
            Assert.Contains(path == ChatPath ? "data: [DONE]\n\n" : "event: message_stop\n", end, StringComparison.Ordinal);
        }
        finally
        {
            await StopAsync(app);
        }
    }

    /// <summary>Waits until the service has sent nothing for a second, or everything.</summary>
    private async Task StalledAsync()
    {
        while (!_allSent.Task.IsCompleted)
        {
            try
            {
                await _sent.Task.WaitAsync(TimeSpan.FromSeconds(1));
            }
            catch (TimeoutException)
            {
                return;
            }
        }
    }

    /// <summary>How much text there was, and the last bytes.</summary>
    private static async Task<(long Texts, string End)> ReadAsync(Stream stream)
    {
        byte[] buffer = new byte[256 * 1024];
        byte[] end = [];
        long texts = 0;
        while (await stream.ReadAsync(buffer).AsTask().OrTimeout() is > 0 and int count)
        {
            texts += buffer.AsSpan(0, count).Count((byte)'Q');
            end = [.. end.Concat(buffer[..count]).TakeLast(300)];
        }

        return (texts, Encoding.UTF8.GetString(end));
    }

    private static HttpClient NewSlowHttp(Uri address) => new(new SocketsHttpHandler
    {
        InitialHttp2StreamWindowSize = 65_535,
        ConnectCallback = async (context, stop) =>
        {
            Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = 64 * 1024 };
            await socket.ConnectAsync(context.DnsEndPoint, stop);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = address,
        Timeout = Timeout.InfiniteTimeSpan,
    };
}
