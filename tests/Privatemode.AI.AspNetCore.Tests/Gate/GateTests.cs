using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Privatemode.AI.AspNetCore.Tests.Hosting;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Gate;

/// <summary>Which requests are served at all: by where they come from, their host, their origin and their key. On raw connections where that matters.</summary>
public sealed class GateTests : ProxyTest
{
    private const string CallerKey = "a-caller-key-of-the-tests";
    private static readonly IPAddress Remote = IPAddress.Parse("192.0.2.7");

    private Action<KestrelServerOptions>? _kestrel;
    private bool _isRemote;

    [Theory]
    [InlineData("localhost")]
    [InlineData("localhost:8080")]
    [InlineData("LocalHost")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:1")]
    [InlineData("[::1]")]
    [InlineData("[::1]:8080")]
    [InlineData("proxy.example.org")]
    [InlineData("a.b.internal.example.org:99")]
    public async Task Host_OfThisProxy_IsServed(string host) => Assert.Equal(200, await StatusAsync($"HEAD / HTTP/1.1\r\nHost: {host}\r\n\r\n"));

    [Theory]
    [InlineData("evil.example")]
    [InlineData("evil.example:8080")]
    [InlineData("localhost.evil.example")]
    [InlineData("localhost.")]
    [InlineData("127.0.0.1.evil.example")]
    [InlineData("127.0.0.2")]
    [InlineData("127.1")]
    [InlineData("0.0.0.0")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("192.0.2.7")]
    [InlineData("internal.example.org")]
    [InlineData("evilinternal.example.org")]
    [InlineData("proxy.example.org.evil.example")]
    [InlineData("")]
    public async Task Host_OfAnotherName_IsRefused(string host) => Assert.Equal(403, await StatusAsync($"HEAD / HTTP/1.1\r\nHost: {host}\r\n\r\n"));

    [Theory]
    [InlineData("HEAD / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")]
    [InlineData("HEAD / HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n\r\n")]
    [InlineData("HEAD / HTTP/1.1\r\nHost: localhost, evil.example\r\n\r\n")]
    [InlineData("HEAD / HTTP/1.1\r\nHost: evil.example@localhost\r\n\r\n")]
    [InlineData("HEAD / HTTP/1.1\r\nHost: [::]\r\n\r\n")]
    [InlineData("HEAD / HTTP/1.1\r\n\r\n")]
    [InlineData("HEAD / HTTP/1.0\r\n\r\n")]
    [InlineData("HEAD http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n")]
    [InlineData("HEAD http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("HEAD http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n\r\n")]
    public async Task Host_OddForms_AreNotServed(string request) => Assert.InRange(await StatusAsync(request), 400, 403);

    [Fact]
    public async Task Host_OfAnotherName_SendsNothingToTheService()
    {
        using RawConnection connection = Connect();
        string body = ChatBody();
        await connection.SendAsync(
            $"POST {ChatPath} HTTP/1.1\r\nHost: evil.example\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        string answer = await connection.ReadUntilAsync("}}");

        Assert.StartsWith("HTTP/1.1 403", answer, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"forbidden\"", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(Deployment.Requests, request => request.IsInference);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Origin: http://localhost:5000\r\n")]
    [InlineData("Origin: https://chat.example.org\r\n")]
    [InlineData("Origin: https://CHAT.example.org\r\n")]
    [InlineData("Origin: https://chat.example.org\r\nSec-Fetch-Site: cross-site\r\n")]
    [InlineData("Sec-Fetch-Site: same-origin\r\n")]
    [InlineData("Sec-Fetch-Site: none\r\n")]
    public async Task Origin_OfThisProxyOrListed_IsServed(string header) =>
        Assert.Equal(200, await StatusAsync($"HEAD / HTTP/1.1\r\nHost: localhost:5000\r\n{header}\r\n"));

    [Theory]
    [InlineData("Origin: https://evil.example\r\n")]
    [InlineData("Origin: null\r\n")]
    [InlineData("Origin:\r\n")]
    [InlineData("Origin: http://localhost\r\n")]
    [InlineData("Origin: https://localhost:5000\r\n")]
    [InlineData("Origin: http://localhost:5001\r\n")]
    [InlineData("Origin: http://chat.example.org\r\n")]
    [InlineData("Origin: https://chat.example.org:444\r\n")]
    [InlineData("Origin: https://chat.example.org.evil.example\r\n")]
    [InlineData("Origin: https://chat.example.org/path\r\n")]
    [InlineData("Origin: https://chat.example.org@evil.example\r\n")]
    [InlineData("Origin: https://chat.example.org, https://evil.example\r\n")]
    [InlineData("Origin: https://chat.example.org\r\nOrigin: https://evil.example\r\n")]
    [InlineData("Origin: file://\r\n")]
    [InlineData("Sec-Fetch-Site: cross-site\r\n")]
    public async Task Origin_OfAnotherPage_IsRefused(string header) =>
        Assert.Equal(403, await StatusAsync($"HEAD / HTTP/1.1\r\nHost: localhost:5000\r\n{header}\r\n"));

    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("evil.example", 403)]
    public async Task Http2_HostIsCheckedToo(string host, int status)
    {
        _kestrel = options => options.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        (WebApplication app, Uri address) = await StartProxyAsync();
        using HttpClient http = NewHttp(address);
        using HttpRequestMessage request = new(HttpMethod.Head, "/")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Host = host;

        using HttpResponseMessage answer = await http.SendAsync(request).OrTimeout();

        Assert.Equal((status, HttpVersion.Version20), ((int)answer.StatusCode, answer.Version));
        await StopAsync(app);
    }

    [Fact]
    public async Task IPv6_LoopbackConnection_IsLocal()
    {
        _kestrel = options => options.Listen(IPAddress.IPv6Loopback, 0);
        (WebApplication app, Uri address) = await StartProxyAsync();
        using RawConnection connection = RawConnection.Open(address);
        await connection.SendAsync($"HEAD / HTTP/1.1\r\nHost: {address.Authority}\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200", await connection.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
        await StopAsync(app);
    }

    /// <summary>Callers on other machines: TLS and keys, or the options that say otherwise.</summary>
    [Theory]
    [InlineData(false, false, false, false, 403)]
    [InlineData(true, false, false, false, 403)]
    [InlineData(false, true, false, false, 403)]
    [InlineData(true, true, false, false, 200)]
    [InlineData(false, true, true, false, 200)]
    [InlineData(true, false, false, true, 200)]
    [InlineData(false, false, true, false, 403)]
    [InlineData(false, false, false, true, 403)]
    [InlineData(false, false, true, true, 200)]
    public async Task RemoteCaller_NeedsTlsAndKeys(bool tls, bool keys, bool allowUnencrypted, bool allowAny, int status)
    {
        using X509Certificate2 certificate = Certificate();
        _isRemote = true;
        _kestrel = options => options.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (tls)
            {
                _ = listen.UseHttps(certificate);
            }
        });
        (WebApplication app, Uri address) = await StartProxyAsync(options =>
        {
            options.DangerousAllowUnencryptedRemoteCallers = allowUnencrypted;
            options.DangerousAllowAnyRemoteCaller = allowAny;
            if (keys)
            {
                options.CallerKeys.Add(CallerKey);
            }
        });
        using SocketsHttpHandler handler = new();
#pragma warning disable CA5359 // The certificate of this test.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        using HttpClient http = new(handler) { BaseAddress = address };
        using HttpRequestMessage request = new(HttpMethod.Get, "/healthz");
        request.Headers.Host = "proxy.example.org";

        // What a proxy in front claims is never believed.
        _ = request.Headers.TryAddWithoutValidation("X-Forwarded-Proto", "https");
        _ = request.Headers.TryAddWithoutValidation("X-Forwarded-For", "127.0.0.1");
        using HttpResponseMessage answer = await http.SendAsync(request).OrTimeout();

        Assert.Equal(status, (int)answer.StatusCode);
        await StopAsync(app);
    }

    [Fact]
    public async Task RemoteCaller_LoopbackNames_AreNotThoseOfTheProxy()
    {
        _isRemote = true;
        (WebApplication app, Uri address) = await StartProxyAsync(options =>
        {
            options.DangerousAllowUnencryptedRemoteCallers = true;
            options.DangerousAllowAnyRemoteCaller = true;
        });

        Assert.Equal(403, await StatusAsync("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n", address));
        Assert.Equal(200, await StatusAsync("HEAD / HTTP/1.1\r\nHost: proxy.example.org\r\n\r\n", address));
        await StopAsync(app);
    }

    [Theory]
    [InlineData(false, 403)]
    [InlineData(true, 200)]
    public async Task Probe_OfAnotherMachine_NeedsItsOption(bool isAllowed, int status)
    {
        _isRemote = true;
        (WebApplication app, Uri address) = await StartProxyAsync(options =>
        {
            options.DangerousAllowUnencryptedRemoteCallers = true;
            options.CallerKeys.Add(CallerKey);
            options.AllowAnyHostForHealthChecks = isAllowed;
        });

        // Kubernetes names the address of the pod.
        Assert.Equal(status, await StatusAsync("GET /healthz HTTP/1.1\r\nHost: 10.1.2.3:8080\r\n\r\n", address));
        Assert.Equal(403, await StatusAsync("GET /verification HTTP/1.1\r\nHost: 10.1.2.3:8080\r\n\r\n", address));
        await StopAsync(app);
    }

    [Fact]
    public async Task Probe_OfThisMachine_MayUseAnyName() => Assert.Equal(200, await StatusAsync("GET /healthz HTTP/1.1\r\nHost: anything\r\n\r\n"));

    /// <summary>The host does not start on an address that others can reach, unless it is protected.</summary>
    [Theory]
    [InlineData("", "DangerousAllowUnencryptedRemoteCallers DangerousAllowAnyRemoteCaller AllowedHosts")]
    [InlineData("keys", "DangerousAllowUnencryptedRemoteCallers AllowedHosts")]
    [InlineData("unencrypted hosts", "DangerousAllowAnyRemoteCaller")]
    [InlineData("any hosts", "DangerousAllowUnencryptedRemoteCallers")]
    [InlineData("unencrypted any", "AllowedHosts")]
    [InlineData("unencrypted keys hosts", "")]
    [InlineData("unencrypted any hosts", "")]
    [InlineData("unencrypted callers hosts", "")]
    public async Task Start_OnAnyAddress_NeedsProtection(string settings, string missing)
    {
        _kestrel = options => options.Listen(IPAddress.Any, 0);
        Exception? refused = await Record.ExceptionAsync(async () =>
        {
            (WebApplication app, _) = await StartProxyAsync(options =>
            {
                options.AllowedHosts.Clear();
                options.DangerousAllowUnencryptedRemoteCallers = settings.Contains("unencrypted", StringComparison.Ordinal);
                options.DangerousAllowAnyRemoteCaller = settings.Contains("any", StringComparison.Ordinal);
                options.UseCallerKeyAsApiKey = settings.Contains("callers", StringComparison.Ordinal);
                if (settings.Contains("keys", StringComparison.Ordinal))
                {
                    options.CallerKeys.Add(CallerKey);
                }

                if (settings.Contains("hosts", StringComparison.Ordinal))
                {
                    options.AllowedHosts.Add("proxy.example.org");
                }
            });
            await StopAsync(app);
        });

        string[] names = [.. (refused?.Message ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0].Split(':')[1])];
        Assert.Equal(missing.Split(' ', StringSplitOptions.RemoveEmptyEntries), names);
        Assert.True(refused is null or PrivatemodeConfigurationException);
    }

    [Theory]
    [InlineData("GET", "Connection: Upgrade\r\nUpgrade: websocket\r\n")]
    [InlineData("GET", "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n")]
    public async Task WebSocket_OnResponses_Is426AtOnceAndWithoutAKey(string method, string headers)
    {
        (WebApplication app, Uri address) = await StartProxyAsync(options => options.CallerKeys.Add(CallerKey));
        using RawConnection connection = RawConnection.Open(address);
        await connection.SendAsync($"{method} {ResponsesPath} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        string answer = await connection.ReadUntilAsync("\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 426", answer, StringComparison.Ordinal);
        Assert.Contains("Upgrade: HTTP/1.1", answer, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Content-Length: 0", answer, StringComparison.OrdinalIgnoreCase);

        // The connection can be used for the requests that follow.
        await connection.SendAsync("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200", await connection.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
        await StopAsync(app);
    }

    [Theory]
    [InlineData("evil.example", "")]
    [InlineData("localhost", "Origin: https://evil.example\r\n")]
    public async Task WebSocket_OfAWebPage_IsRefusedBeforeThat(string host, string header) => Assert.Equal(
        403, await StatusAsync($"GET {ResponsesPath} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{header}\r\n"));

    [Fact]
    public async Task WebSocket_OverHttp2_Is426()
    {
        _kestrel = options => options.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        (WebApplication app, Uri address) = await StartProxyAsync(options => options.CallerKeys.Add(CallerKey));
        using ClientWebSocket socket = new();
        socket.Options.HttpVersion = HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        socket.Options.CollectHttpResponseDetails = true;
        using HttpMessageInvoker invoker = new(new SocketsHttpHandler());

        _ = await Assert.ThrowsAsync<WebSocketException>(
            () => socket.ConnectAsync(new Uri($"ws://{address.Authority}{ResponsesPath}"), invoker, CancellationToken.None).OrTimeout());

        Assert.Equal(HttpStatusCode.UpgradeRequired, socket.HttpStatusCode);
        await StopAsync(app);
    }

    [Fact]
    public async Task OwnEndpoints_RequirePrivatemodeCaller_HaveTheSameChecks()
    {
        (WebApplication app, Uri address) = await StartProxyAsync(options => options.CallerKeys.Add(CallerKey));

        Assert.Equal(401, await StatusAsync("GET /app/page HTTP/1.1\r\nHost: localhost\r\n\r\n", address));
        Assert.Equal(200, await StatusAsync($"GET /app/page HTTP/1.1\r\nHost: localhost\r\nx-api-key: {CallerKey}\r\n\r\n", address));
        Assert.Equal(403, await StatusAsync($"GET /app/page HTTP/1.1\r\nHost: evil.example\r\nx-api-key: {CallerKey}\r\n\r\n", address));
        Assert.Equal(403, await StatusAsync(
            $"GET /app/page HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\nx-api-key: {CallerKey}\r\n\r\n", address));
        await StopAsync(app);
    }

    [Theory]
    [InlineData("POST", ChatPath)]
    [InlineData("POST", MessagesPath)]
    [InlineData("POST", ResponsesPath)]
    [InlineData("POST", MessagesPath + "/count_tokens")]
    [InlineData("GET", "/v1/models")]
    [InlineData("GET", "/v1/models/gpt-oss-120b")]
    [InlineData("GET", "/v1/unknown")]
    [InlineData("GET", "/verification")]
    [InlineData("GET", "/verification.json")]
    [InlineData("GET", "/metrics")]
    public async Task Key_OnEveryRoute_IsAskedForInTheCallersDialect(string method, string path)
    {
        (WebApplication app, Uri address) = await StartProxyAsync(options => options.CallerKeys.Add(CallerKey));
        using HttpClient http = NewHttp(address);
        using HttpRequestMessage request = new(new HttpMethod(method), path) { Content = method == "POST" ? Json(ChatBody()) : null };
        request.Headers.Authorization = new("Bearer", "another-key-of-the-tests");

        using HttpResponseMessage answer = await http.SendAsync(request).OrTimeout();

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        string expected = path.StartsWith(MessagesPath, StringComparison.Ordinal) ? "authentication_error" : "invalid_api_key";
        Assert.Contains(expected, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await StopAsync(app);
    }

    [Fact]
    public async Task Metrics_AllowedAnonymously_NeedNoKey()
    {
        (WebApplication app, Uri address) = await StartProxyAsync(options =>
        {
            options.CallerKeys.Add(CallerKey);
            options.AllowAnonymousMetrics = true;
        });

        Assert.Equal(200, await StatusAsync("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", address));
        Assert.Equal(403, await StatusAsync("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", address));
        await StopAsync(app);
    }

    protected override void ConfigureProxy(PrivatemodeProxyOptions options)
    {
        options.AllowedHosts.Add("proxy.example.org");
        options.AllowedHosts.Add("*.internal.example.org");
        options.AllowedOrigins.Add("https://chat.example.org");
    }

    protected override void ConfigureKestrel(KestrelServerOptions options) => _kestrel?.Invoke(options);

    protected override void Map(WebApplication app)
    {
        _ = app.Use((context, next) =>
        {
            if (_isRemote)
            {
                (context.Connection.LocalIpAddress, context.Connection.RemoteIpAddress) = (Remote, Remote);
            }

            return next(context);
        });
        base.Map(app);
        _ = app.MapGet("/app/page", context => context.Response.WriteAsync("page")).RequirePrivatemodeCaller();
    }

    private async Task<int> StatusAsync(string request, Uri? address = null)
    {
        using RawConnection connection = RawConnection.Open(address ?? Address);
        await connection.SendAsync(request);
        return int.Parse((await connection.ReadUntilAsync("\r\n")).Split(' ')[1]);
    }

    private static X509Certificate2 Certificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=proxy.example.org", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
    }
}
