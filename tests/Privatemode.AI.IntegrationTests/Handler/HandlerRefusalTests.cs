using System.Net.Http.Headers;
using System.Text;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Handler;

/// <summary>What has no sealed form is refused before anything is sent, attestation included.</summary>
public sealed class HandlerRefusalTests : HandlerTest
{
    public static TheoryData<string, string, string> Targets => new()
    {
        { "POST", "/v1/images/generations", "unknown-endpoint" },
        { "POST", "/v1/messages/count_tokens", "unknown-endpoint" },
        { "POST", $"/{Sentinel.Text}", "unknown-endpoint" },
        { "POST", ChatPath + "/", "unknown-endpoint" },
        { "POST", "/v1/audio/translations", "removed-endpoint" },
        { "PUT", ChatPath, "unknown-endpoint" },
        { "HEAD", "/v1/models", "unknown-endpoint" },
        { "OPTIONS", ChatPath, "unknown-endpoint" },
        { "DELETE", "/v1/models/gpt-oss-120b", "unknown-endpoint" },
        { "GET", $"/v1/models/{Sentinel.Text}%20x", "unknown-endpoint" },
        { "POST", $"{MessagesPath}?beta={Sentinel.Text}", "query-string" },
        { "POST", $"{MessagesPath}?beta=true&x={Sentinel.Text}", "query-string" },
        { "POST", $"{MessagesPath}?beta=true#{Sentinel.Text}", "query-string" },
        { "POST", $"{MessagesPath}?BETA=true", "query-string" },
        { "POST", $"{ChatPath}?beta=true", "query-string" },
        { "POST", $"{ChatPath}#{Sentinel.Text}", "query-string" },
        { "POST", $"http://127.0.0.1:9{ChatPath}", "other-host" },
        { "POST", $"https://api.privatemode.ai{ChatPath}", "other-host" },
        { "POST", $"//api.privatemode.ai{ChatPath}", "other-host" },
        { "GET", "/v1/models", "unexpected-body" },
    };

    public static TheoryData<string, string> Headers => new()
    {
        { "Cookie", $"a={Sentinel.Text}" },
        { "X-Prompt", Sentinel.Text },
        { "Host", $"{Sentinel.Text}.example" },
        { "Expect", Sentinel.Text },
        { "Transfer-Encoding", "gzip" },
        { "TE", "trailers" },
        { "Trailer", Sentinel.Text },
        { "Upgrade", "h2c" },
        { "Referer", $"https://{Sentinel.Text}.example" },
        { "Proxy-Authorization", Sentinel.Text },
        { "Privatemode-Secret-ID", Sentinel.Text },
        { "Content-Encoding", "gzip" },
        { "Content-Language", "de" },
        { "Content-Disposition", $"attachment; filename={Sentinel.Text}" },
    };

    public static TheoryData<string, string, string, string> Bodies => new()
    {
        { ChatPath, "text/plain", "hello", "unknown-content-type" },
        { ChatPath, "application/json; charset=utf-16", "{}", "unknown-content-type" },
        { ChatPath, "multipart/form-data; boundary=abcdefghijklmnop", "--abcdefghijklmnop--", "unknown-content-type" },
        { TranscriptionPath, "application/json", "{}", "unknown-content-type" },
        { PartitionPath, "application/octet-stream", "%PDF", "unknown-content-type" },
        { ChatPath, "application/json", $"[\"{Sentinel.Text}\"]", "unparsable-body" },
        { ChatPath, "application/json", "", "unparsable-body" },
        { ChatPath, "application/json", "{\"model\":\"m\",\"model\":\"n\"}", "unparsable-body" },
        { TranscriptionPath, "multipart/form-data; boundary=abcdefghijklmnop", Sentinel.Text, "unparsable-body" },
        { ChatPath, "application/json", $"{{\"model\":\"m\",\"{Sentinel.Text} 1\":2}}", "member-name" },
        { "/v1/completions", "application/json", $"{{\"model\":\"m\",\"prompt\":\"x\",\"{Sentinel.Text},\":2}}", "member-name" },
        { "/v1/embeddings", "application/json", $"{{\"model\":\"m\",\"input\":\"x\",\"{Sentinel.Text}?\":2}}", "member-name" },
        { MessagesPath, "application/json", $"{{\"model\":\"m\",\"messages\":[],\"{Sentinel.Text}ü\":2}}", "member-name" },
        { ChatPath, "application/json", $"{{\"model\":\"m\",\"{Sentinel.Text}{new string('x', 47)}\":2}}", "member-name" },
        {
            TranscriptionPath,
            "multipart/form-data; boundary=abcdefghijklmnop",
            $"--abcdefghijklmnop\r\nContent-Disposition: form-data; name=\"{Sentinel.Text} 1\"\r\n\r\nx\r\n--abcdefghijklmnop--\r\n",
            "member-name"
        },
    };

    [Theory]
    [MemberData(nameof(Targets))]
    public async Task Send_AddressThatMayNotBeCalled_IsRefused(string method, string target, string refused)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), target) { Content = Json(ChatBody(Sentinel.Text)) };
        await AssertRefusedAsync(request, refused);
    }

    [Theory]
    [MemberData(nameof(Headers))]
    public async Task Send_UnknownHeader_IsRefused(string name, string value)
    {
        using HttpRequestMessage request = Post(ChatPath, ChatBody(Sentinel.Text));
        HttpHeaders headers = name.StartsWith("Content-", StringComparison.Ordinal) ? request.Content!.Headers : request.Headers;
        Assert.True(headers.TryAddWithoutValidation(name, value));
        await AssertRefusedAsync(request, "unknown-header");
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Send_BodyWithoutAnEncryptedForm_IsRefused(string path, string type, string body, string refused)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        Assert.True(request.Content.Headers.TryAddWithoutValidation("Content-Type", type));
        await AssertRefusedAsync(request, refused);
    }

    [Fact]
    public async Task Send_NoBody_IsRefused()
    {
        using HttpRequestMessage request = new(HttpMethod.Post, ChatPath);
        await AssertRefusedAsync(request, "unparsable-body");
    }

    [Fact]
    public async Task Send_ImageByAddress_IsRefused()
    {
        using HttpRequestMessage request = Post(MessagesPath, $$"""
            {"model":"{{ModelId}}","max_tokens":9,"messages":[{"role":"user","content":[
            {"type":"image","source":{"type":"url","url":"https://{{Sentinel.Text}}.example/a.png"} }]}]}
            """);
        await AssertRefusedAsync(request, "remote-media");
    }

    [Fact]
    public async Task Send_MoreThanTheServiceTakes_IsRefused()
    {
        using HttpRequestMessage request = new(HttpMethod.Post, PartitionPath) { Content = Form(new byte[26 * 1024 * 1024]) };
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => Http.SendAsync(request).OrTimeout());
        Assert.Equal("body", exception.Member);
        Assert.Empty(Deployment.AllRequests);
    }

    [Theory]
    [InlineData("Host", null)]
    [InlineData("Expect", "100-continue")]
    [InlineData("Transfer-Encoding", "chunked")]
    public async Task Send_HeaderOfTheConnection_IsLeftOut(string name, string? value)
    {
        using HttpRequestMessage request = Post(ChatPath, ChatBody());
        Assert.True(request.Headers.TryAddWithoutValidation(name, value ?? Deployment.Endpoint.Authority));
        using HttpResponseMessage response = await Http.SendAsync(request).OrTimeout();
        Assert.True(response.IsSuccessStatusCode);
        RecordedRequest sent = Assert.Single(Deployment.Requests);
        Assert.DoesNotContain("Transfer-Encoding", sent.Headers.Keys);
        Assert.DoesNotContain("Expect", sent.Headers.Keys);
    }

    [Fact]
    public async Task Send_DeploymentDoesNotProveItself_NothingFollowsTheEvidence()
    {
        Deployment.Evidence.Defect = EvidenceDefect.SnpDebug;
        using HttpRequestMessage request = Post(ChatPath, ChatBody(Sentinel.Text));
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => Http.SendAsync(request).OrTimeout());
        using HttpRequestMessage models = new(HttpMethod.Get, "/v1/models");
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => Http.SendAsync(models).OrTimeout());
        Assert.Equal(0, Deployment.KeyExchangeCount);
        Assert.DoesNotContain(Deployment.AllRequests, sent => sent.PathAndQuery.StartsWith("/v1/", StringComparison.Ordinal));
        Assert.Empty(Sentinel.FoundIn(Deployment.GetReceivedBytes()));
    }

    /// <summary>Both ways in, and nothing of the sentinel in what is thrown.</summary>
    private async Task AssertRefusedAsync(HttpRequestMessage request, string refused)
    {
        using HttpMessageInvoker invoker = new(Client.CreateHandler());
        request.RequestUri = request.RequestUri!.IsAbsoluteUri && !request.RequestUri.IsFile
            ? request.RequestUri
            : new Uri(Deployment.Endpoint, request.RequestUri.OriginalString);
        foreach (Func<Task<HttpResponseMessage>> send in (Func<Task<HttpResponseMessage>>[])
            [() => invoker.SendAsync(request, default), () => TestTimeouts.OnOwnThread(() => invoker.Send(request, default))])
        {
            PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => send().OrTimeout());
            Assert.Equal(refused, exception.ErrorType);
            Assert.Empty(Sentinel.FoundIn(exception.ToString()));
        }

        Assert.Empty(Deployment.AllRequests);
    }

    [Theory]
    [InlineData("""{"role":"user","content":"a \ud83d b"}""")]
    [InlineData("""{"role":"user","content":"\ude00"}""")]
    [InlineData("""{"role":"assistant","tool_calls":[{"id":"\uD83D","function":{"name":"f","arguments":"{}"}}]}""")]
    public async Task Chat_HalfASurrogatePairInRawJson_IsRefused(string message)
    {
        using HttpRequestMessage request = Post(ChatPath, $$"""{"model":"{{ModelId}}","messages":[{{message}}]}""");
        PrivatemodeRequestException refused =
            await Assert.ThrowsAsync<PrivatemodeRequestException>(() => Http.SendAsync(request).OrTimeout());
        Assert.Equal("body", refused.Member);
        Assert.Empty(Deployment.AllRequests);
    }

    [Fact]
    public async Task Chat_WholeSurrogatePairOrEscapedBackslashInRawJson_IsSent()
    {
        _ = Deployment.Model.Reply("ok");
        using HttpRequestMessage request = Post(ChatPath, ChatBody("\\ud83d\\ude00 \\\\ud83d"));
        using HttpResponseMessage response = await Http.SendAsync(request).OrTimeout();
        Assert.True(response.IsSuccessStatusCode);
    }
}
