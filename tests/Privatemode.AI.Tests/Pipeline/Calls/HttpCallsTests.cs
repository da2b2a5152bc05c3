using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Calls;

/// <summary>Requests of other libraries against a network that answers as it likes.</summary>
public sealed class HttpCallsTests : IDisposable
{
    private const string Body = """{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]}""";

    private readonly AnsweringNetwork _answering = new();

    private FakeHandler Network => _answering.Handler;

    private HttpCalls Calls => _answering.Calls;

    public void Dispose() => _answering.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Send_Redirect_IsNeitherFollowedNorReturned(bool async)
    {
        Network.Answer = _ => new HttpResponseMessage(HttpStatusCode.TemporaryRedirect) { Headers = { Location = new Uri("https://elsewhere.example/") } };
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => SendAsync(async: async));
        Assert.Equal(307, exception.Status);
        Assert.Single(Network.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Send_HandlerReportsTheCancellationAsAnError_IsStillACancellation(bool async)
    {
        using CancellationTokenSource caller = new();
        Network.Answer = _ =>
        {
            caller.Cancel();
            throw new HttpRequestException("The connection was closed.");
        };
        using HttpRequestMessage request = Request();
        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Calls.SendAsync(request, async, caller.Token).AsTask().OrTimeout());
        Assert.Equal(caller.Token, exception.CancellationToken);
    }

    [Fact]
    public async Task Send_HandlerFollowedARedirect_IsAConfigurationException()
    {
        Network.Answer = _ => new HttpResponseMessage(HttpStatusCode.OK)
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
        Network.Answer = sent =>
        {
            sent.RequestUri = new Uri("https://elsewhere.example/");
            return new HttpResponseMessage(status) { Content = new StringContent("{\"data\":[]}") };
        };
        using HttpRequestMessage request = Request();
        (request.Method, request.RequestUri) = (new HttpMethod(method), new Uri(AnsweringNetwork.Service, path));
        request.Content = method == "GET" ? null : request.Content;
        PrivatemodeConfigurationException exception =
            await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => Calls.SendAsync(request, async: true, default).AsTask());
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

        Network.Answer = _ => new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new ByteArrayContent(packed.ToArray()) { Headers = { ContentType = new("application/json"), ContentEncoding = { "gzip" } } },
        };
        await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => SendAsync());
    }

    [Fact]
    public async Task Send_EncryptedRequest_IsARequestOfItsOwn()
    {
        Network.Answer = _ => Error("no");
        using HttpRequestMessage request = Request();
        request.Headers.Authorization = new("Bearer", "theirs");
        request.Version = HttpVersion.Version30;
        using HttpResponseMessage response = await Calls.SendAsync(request, async: true, default);
        HttpRequestMessage sent = Assert.Single(Network.Requests);
        Assert.NotSame(request, sent);
        Assert.Equal("Bearer key", sent.Headers.Authorization!.ToString());
        Assert.Equal("application/json", sent.Headers.Accept.ToString());
        Assert.Equal(new Uri(AnsweringNetwork.Service, "/v1/chat/completions"), sent.RequestUri);
        Assert.Equal(HttpVersion.Version11, sent.Version);
        Assert.Equal(Body, await request.Content!.ReadAsStringAsync());
        Assert.Equal("Bearer theirs", request.Headers.Authorization.ToString());
    }

    [Fact]
    public async Task Send_ErrorPage_HasNoHeaderOfTheWireAndNoType()
    {
        Network.Answer = _ =>
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
        Network.Answer = _ => throw Reset();
        await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(async: async));
        Assert.Single(Network.Requests);
    }

    [Fact]
    public async Task Send_NoConnection_IsTheTransportsExceptionAndNotTriedAgain()
    {
        Network.Answer = _ => throw new HttpRequestException(HttpRequestError.ConnectionError, "refused");
        HttpRequestException exception = await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync());
        Assert.Equal(HttpRequestError.ConnectionError, exception.HttpRequestError);
        Assert.Single(Network.Requests);
    }

    [Fact]
    public async Task Send_OwnExceptionWhileConnecting_ComesOutUnwrapped()
    {
        Network.Answer = _ => throw new HttpRequestException("x", new PrivatemodeConfigurationException("Endpoint", "no loopback"));
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
        Network.Answer = _ => throw new HttpRequestException(HttpRequestError.ConnectionError, "refused");
        await Assert.ThrowsAsync<HttpRequestException>(() => Calls.SendAsync(request, async: true, default).AsTask());
        using HttpResponseMessage none = new() { RequestMessage = request };
        Assert.Null(none.GetPrivatemodeReceipt());
    }

    [Fact]
    public async Task Send_SecretNeverKnown_StopsAfterOneNewSecretAndHandsTheErrorOut()
    {
        List<DisposalNoted> answers = [];
        Network.Answer = _ =>
        {
            answers.Add(new DisposalNoted("""{"message":"no secret for ID x"}"""));
            return new HttpResponseMessage(HttpStatusCode.InternalServerError) { Content = answers[^1] };
        };
        HttpResponseMessage response = await SendAsync();
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Contains("no secret for ID x", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(2, _answering.Secrets.Exchanges);
        response.Dispose();
        Assert.Equal([true, true], answers.Select(answer => answer.IsDisposed));
    }

    [Fact]
    public async Task Send_Synchronous_DoesNoAsynchronousWork()
    {
        Network.Answer = _ => Error("no");
        using HttpRequestMessage request = Request();
        ValueTask<HttpResponseMessage> sending = Calls.SendAsync(request, async: false, default);
        Assert.True(sending.IsCompleted);
        Assert.False(_answering.Secrets.LastWasAsync);
        (await sending).Dispose();
    }

    [Fact]
    public async Task Send_NoAddress_IsRefused()
    {
        using HttpRequestMessage request = new() { Content = new StringContent(Body, Encoding.UTF8, "application/json") };
        await Assert.ThrowsAsync<InvalidOperationException>(() => Calls.SendAsync(request, async: true, default).AsTask());
    }

    [Fact]
    public async Task Send_ModelsList_SendsNoBodyAndNoSecret()
    {
        Network.Answer = _ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("{\"data\":[]}") };
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(AnsweringNetwork.Service, "/v1/models"));
        using HttpResponseMessage response = await Calls.SendAsync(request, async: true, default);
        Assert.Equal("{\"data\":[]}", await response.Content.ReadAsStringAsync());
        HttpRequestMessage sent = Assert.Single(Network.Requests);
        Assert.Null(sent.Content);
        Assert.False(sent.Headers.Contains("Privatemode-Secret-ID"));
    }

    private static HttpRequestMessage Request() => new(HttpMethod.Post, new Uri(AnsweringNetwork.Service, "/v1/chat/completions"))
    {
        Content = new StringContent(Body, Encoding.UTF8, "application/json"),
    };

    private async Task<HttpResponseMessage> SendAsync(bool async = true)
    {
        using HttpRequestMessage request = Request();
        return await Calls.SendAsync(request, async, default).AsTask().OrTimeout();
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
