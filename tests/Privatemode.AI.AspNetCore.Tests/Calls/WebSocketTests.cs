using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Privatemode.AI.AspNetCore.Tests.Hosting;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Calls;

/// <summary>Assistants try a WebSocket first. It is refused at once, before anything else is done, so that they go on with requests.</summary>
public sealed class WebSocketTests : ProxyTest
{
    private static readonly string Upgrade =
        $"GET {ResponsesPath} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
        $"Sec-WebSocket-Key: {Convert.ToBase64String(new byte[16])}\r\n";

    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HttpProtocols _protocols = HttpProtocols.Http1;

    protected override void ConfigureKestrel(KestrelServerOptions options) =>
        options.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = _protocols);

    /// <summary>No client of this class can verify the deployment before it is released.</summary>
    protected override void ConfigureDeployment(PrivatemodeTestDeploymentOptions options) =>
        options.BeforePart = async (path, part, stop) => await _released.Task.WaitAsync(stop);

    [Fact]
    public async Task Http11_BeforeTheDeploymentIsVerified_IsRefusedAtOnceAndAPostWorksThen()
    {
        using RawConnection connection = Connect();
        await connection.SendAsync(Upgrade + "\r\n");
        Assert.StartsWith("HTTP/1.1 426 ", await connection.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
        Assert.Empty(Deployment.Requests);
        await connection.PostAsync(ResponsesPath, ResponseBody(stream: true));
        _released.SetResult();
        Assert.Contains("response.completed", await connection.ReadUntilAsync("\r\n0\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Http11_WithABodyThatDoesNotCome_IsRefusedAtOnce()
    {
        using RawConnection connection = Connect();
        await connection.SendAsync(Upgrade + "Content-Length: 1000\r\n\r\nx");
        Assert.StartsWith("HTTP/1.1 426 ", await connection.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Http2_ExtendedConnect_IsRefusedAtOnceAndAPostOnTheSameConnectionWorksThen()
    {
        _protocols = HttpProtocols.Http2;
        (WebApplication app, Uri address) = await StartProxyAsync();
        int connections = 0;
        using SocketsHttpHandler handler = new()
        {
            ConnectCallback = async (context, stop) =>
            {
                connections++;
                Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, stop);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using HttpMessageInvoker invoker = new(handler);
        try
        {
            using ClientWebSocket webSocket = new();
            webSocket.Options.HttpVersion = HttpVersion.Version20;
            webSocket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            webSocket.Options.CollectHttpResponseDetails = true;
            _ = await Assert.ThrowsAsync<WebSocketException>(
                () => webSocket.ConnectAsync(new UriBuilder(address) { Scheme = "ws", Path = ResponsesPath }.Uri, invoker, CancellationToken.None).OrTimeout());
            Assert.Equal(HttpStatusCode.UpgradeRequired, webSocket.HttpStatusCode);
            Assert.Empty(Deployment.Requests);

            using HttpRequestMessage request = Post(new Uri(address, ResponsesPath).AbsoluteUri, ResponseBody());
            (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
            Task<HttpResponseMessage> asked = invoker.SendAsync(request, CancellationToken.None);
            _released.SetResult();
            using HttpResponseMessage answer = await asked.OrTimeout();
            Assert.Equal((HttpStatusCode.OK, 1), (answer.StatusCode, connections));
        }
        finally
        {
            await StopAsync(app);
        }
    }

    public override async Task DisposeAsync()
    {
        _ = _released.TrySetResult();
        await base.DisposeAsync();
    }
}
