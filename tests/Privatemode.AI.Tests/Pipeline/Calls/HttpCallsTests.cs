using System.ClientModel;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Responses;
using Privatemode.AI.Sessions;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Calls;

/// <summary>Requests of other libraries against a network that answers as it likes.</summary>
public sealed class HttpCallsTests : IDisposable
{
    private const string Body = """{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]}""";

    private static readonly Uri Service = new("https://127.0.0.1");

    private readonly FakeHandler _network = new();
    private readonly FakeSecrets _secrets = new(TimeProvider.System);
    private readonly HttpClient _http;
    private readonly SessionManager _sessions;
    private readonly HttpCalls _calls;

    public HttpCallsTests()
    {
        ImmediateTimeProvider time = new();
        _http = HttpTransports.Create(_network, isTestTrust: false, isLoopbackOnly: true);
        _sessions = new SessionManager(
            _ => new AccountSession((async, token) => _secrets.ExchangeAsync(async, token), time), time, 256, TimeSpan.FromMinutes(1));
        CallRunner runner = new(
            new RequestEncryptor(Service, new PromptCacheSaltProvider(PromptCacheScope.None, false), time),
            new RemoteMediaResolver(RemoteMediaPolicy.Refuse, null), new ResponsesTranslator(new ResponsesOptions(), time, new ClientEvents(null, Service)),
            new AnswerReader(TimeSpan.FromSeconds(100), time, new ClientEvents(null, Service)), _sessions, new ApiKeys(new ApiKeyCredential("key")), null,
            TimeSpan.FromMinutes(10), time, default);
        _calls = new HttpCalls(runner, _http, Service, new ClientEvents(null, Service));
    }

    public void Dispose()
    {
        _sessions.Dispose();
        _http.Dispose();
        _network.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Send_Redirect_IsNeitherFollowedNorReturned(bool async)
    {
        _network.Answer = _ => new HttpResponseMessage(HttpStatusCode.TemporaryRedirect) { Headers = { Location = new Uri("https://elsewhere.example/") } };
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => SendAsync(async: async));
        Assert.Equal(307, exception.Status);
        Assert.Single(_network.Requests);
    }

    [Fact]
    public async Task Send_HandlerFollowedARedirect_IsAConfigurationException()
    {
        _network.Answer = _ => new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new StringContent("{}"),
            RequestMessage = new HttpRequestMessage(HttpMethod.Post, "https://elsewhere.example/"),
        };
        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => SendAsync());
        Assert.Equal("Transport.HttpMessageHandler", exception.Setting);
    }

    [Theory]
    [InlineData("GET", "/v1/models", HttpStatusCode.OK)]
    [InlineData("POST", "/v1/chat/completions", HttpStatusCode.BadRequest)]
    public async Task Send_HandlerFollowedARedirectWithTheSameRequest_IsAConfigurationException(string method, string path, HttpStatusCode status)
    {
        // As the platform's handlers do.
        _network.Answer = sent =>
        {
            sent.RequestUri = new Uri("https://elsewhere.example/");
            return new HttpResponseMessage(status) { Content = new StringContent("{\"data\":[]}") };
        };
        using HttpRequestMessage request = Request();
        (request.Method, request.RequestUri) = (new HttpMethod(method), new Uri(Service, path));
        request.Content = method == "GET" ? null : request.Content;
        PrivatemodeConfigurationException exception =
            await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => _calls.SendAsync(request, async: true, default).AsTask());
        Assert.Equal("Transport.HttpMessageHandler", exception.Setting);
    }

    [Fact]
    public async Task Send_CompressedAnswer_IsRefused()
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write("{\"choices\":[]}"u8);
        }

        _network.Answer = _ => new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new ByteArrayContent(packed.ToArray()) { Headers = { ContentType = new("application/json"), ContentEncoding = { "gzip" } } },
        };
        await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => SendAsync());
    }

    [Fact]
    public async Task Send_SealedRequest_IsARequestOfItsOwn()
    {
        _network.Answer = _ => Error("no");
        using HttpRequestMessage request = Request();
        request.Headers.Authorization = new("Bearer", "theirs");
        request.Version = HttpVersion.Version30;
        using HttpResponseMessage response = await _calls.SendAsync(request, async: true, default);
        HttpRequestMessage sent = Assert.Single(_network.Requests);
        Assert.NotSame(request, sent);
        Assert.Equal("Bearer key", sent.Headers.Authorization!.ToString());
        Assert.Equal("application/json", sent.Headers.Accept.ToString());
        Assert.Equal(new Uri(Service, "/v1/chat/completions"), sent.RequestUri);
        Assert.Equal(HttpVersion.Version11, sent.Version);
        Assert.Equal(Body, await request.Content!.ReadAsStringAsync());
        Assert.Equal("Bearer theirs", request.Headers.Authorization.ToString());
    }

    [Fact]
    public async Task Send_ErrorPage_HasNoHeaderOfTheWireAndNoType()
    {
        _network.Answer = _ =>
        {
            HttpResponseMessage page = new(HttpStatusCode.BadGateway) { Content = new StringContent("<html>busy</html>", Encoding.UTF8, "text/html") };
            page.Headers.Add("Set-Cookie", "a=b");
            page.Headers.Add("Privatemode-Authenticated", "true");
            page.Headers.Add("x-request-id", "theirs");
            page.Headers.Add("Location", "https://elsewhere.example/");
            page.ReasonPhrase = "busy";
            return page;
        };
        using HttpResponseMessage response = await SendAsync();
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal("Bad Gateway", response.ReasonPhrase);
        Assert.Equal("text/plain", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("<html>busy</html>", await response.Content.ReadAsStringAsync());
        Assert.Equal(["false"], response.Headers.GetValues(PrivatemodeHttpMessageHandler.AuthenticatedHeaderName));
        Assert.StartsWith("sdk_", response.Headers.GetValues("x-request-id").Single(), StringComparison.Ordinal);
        Assert.Equal(2, response.Headers.Count());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Send_ResetByAHandlerThatIsNotWatched_IsTheTransportsExceptionAndNotSentAgain(bool async)
    {
        // Nobody can tell whether a part of an answer had come. What happens on sockets: StaleConnectionTests.
        _network.Answer = _ => throw Reset();
        await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(async: async));
        Assert.Single(_network.Requests);
    }

    [Fact]
    public async Task Send_NoConnection_IsTheTransportsExceptionAndNotTriedAgain()
    {
        _network.Answer = _ => throw new HttpRequestException(HttpRequestError.ConnectionError, "refused");
        HttpRequestException exception = await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync());
        Assert.Equal(HttpRequestError.ConnectionError, exception.HttpRequestError);
        Assert.Single(_network.Requests);
    }

    [Fact]
    public async Task Send_OwnExceptionWhileConnecting_ComesOutUnwrapped()
    {
        _network.Answer = _ => throw new HttpRequestException("x", new PrivatemodeConfigurationException("Endpoint", "no loopback"));
        await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => SendAsync());
    }

    [Fact]
    public async Task Send_SameRequestAgainAndItFails_HasNoReceiptOfTheFirst()
    {
        using HttpRequestMessage request = Request();
        request.Options.Set(ReceiptExtensions.Option, new EncryptionReceipt
        {
            IsVerified = true,
            SecretId = "",
            ManifestSha256 = "",
            VerifiedAt = default,
            RequestId = "the first",
            EncryptedMembers = [],
            ClearMembers = [],
        });
        _network.Answer = _ => throw new HttpRequestException(HttpRequestError.ConnectionError, "refused");
        await Assert.ThrowsAsync<HttpRequestException>(() => _calls.SendAsync(request, async: true, default).AsTask());
        using HttpResponseMessage none = new() { RequestMessage = request };
        Assert.Null(none.GetPrivatemodeReceipt());
    }

    [Fact]
    public async Task Send_SecretNeverKnown_StopsAfterOneNewSecretAndHandsTheErrorOut()
    {
        List<DisposalNoted> answers = [];
        _network.Answer = _ =>
        {
            answers.Add(new DisposalNoted("""{"message":"no secret for ID x"}"""));
            return new HttpResponseMessage(HttpStatusCode.InternalServerError) { Content = answers[^1] };
        };
        HttpResponseMessage response = await SendAsync();
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Contains("no secret for ID x", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(2, _secrets.Exchanges);
        response.Dispose();
        Assert.Equal([true, true], answers.Select(answer => answer.IsDisposed));
    }

    [Fact]
    public async Task Send_Synchronous_DoesNoAsynchronousWork()
    {
        _network.Answer = _ => Error("no");
        using HttpRequestMessage request = Request();
        ValueTask<HttpResponseMessage> sending = _calls.SendAsync(request, async: false, default);
        Assert.True(sending.IsCompleted);
        Assert.False(_secrets.LastWasAsync);
        (await sending).Dispose();
    }

    [Fact]
    public async Task Send_NoAddress_IsRefused()
    {
        using HttpRequestMessage request = new() { Content = new StringContent(Body, Encoding.UTF8, "application/json") };
        await Assert.ThrowsAsync<InvalidOperationException>(() => _calls.SendAsync(request, async: true, default).AsTask());
    }

    [Fact]
    public async Task Send_ModelsList_SendsNoBodyAndNoSecret()
    {
        _network.Answer = _ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("{\"data\":[]}") };
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(Service, "/v1/models"));
        using HttpResponseMessage response = await _calls.SendAsync(request, async: true, default);
        Assert.Equal("{\"data\":[]}", await response.Content.ReadAsStringAsync());
        HttpRequestMessage sent = Assert.Single(_network.Requests);
        Assert.Null(sent.Content);
        Assert.False(sent.Headers.Contains("Privatemode-Secret-ID"));
    }

    private static HttpRequestMessage Request() => new(HttpMethod.Post, new Uri(Service, "/v1/chat/completions"))
    {
        Content = new StringContent(Body, Encoding.UTF8, "application/json"),
    };

    private async Task<HttpResponseMessage> SendAsync(bool async = true)
    {
        using HttpRequestMessage request = Request();
        return await _calls.SendAsync(request, async, default).AsTask().OrTimeout();
    }

    private static HttpResponseMessage Error(string text) => new(HttpStatusCode.BadRequest) { Content = new StringContent($$"""{"message":"{{text}}"}""") };

    private static HttpRequestException Reset() =>
        new("reset", new IOException("reset", new SocketException((int)SocketError.ConnectionReset)));

    private static string Read(HttpRequestMessage request)
    {
        using MemoryStream body = new();
        request.Content!.CopyTo(body, null, default);
        return Encoding.UTF8.GetString(body.ToArray());
    }

    private sealed class DisposalNoted(string text) : StringContent(text)
    {
        public bool IsDisposed { get; private set; }

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }
}
