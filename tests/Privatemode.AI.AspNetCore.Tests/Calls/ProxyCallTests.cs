using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.AspNetCore.Limits;
using Privatemode.AI.AspNetCore.Tests.Hosting;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Calls;

/// <summary>How a request passes through the proxy and its answer comes back.</summary>
public sealed class ProxyCallTests : ProxyTest
{
    private const long Limit = 70_000;

    protected override void ConfigureProxy(PrivatemodeProxyOptions options) => options.MaxRequestBodyBytes = Limit;

    [Fact]
    public async Task Chat_Whole_IsAnsweredWithItsLengthAndTheHeadersOfTheList()
    {
        using HttpResponseMessage answer = await Http.PostAsync(ChatPath, Json(ChatBody())).OrTimeout();
        string text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using JsonDocument document = JsonDocument.Parse(text);
        Assert.Equal("You said: hi", document.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal(text.Length, answer.Content.Headers.ContentLength);
        Assert.Equal(
            ["Cache-Control", "Date", PrivatemodeHttpMessageHandler.AuthenticatedHeaderName, "Server", "X-Content-Type-Options", "x-request-id"],
            answer.Headers.Select(header => header.Key).Order(StringComparer.OrdinalIgnoreCase), StringComparer.OrdinalIgnoreCase);
        Assert.Equal(Deployment.Requests[0].RequestId, answer.Headers.GetValues("x-request-id").Single() + "_0");
        Assert.StartsWith("privatemode-dotnet/", answer.Headers.Server.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]}""", "You said: hi")]
    [InlineData("/v1/completions", """{"model":"gpt-oss-120b","prompt":"hi"}""", "hi")]
    [InlineData("/v1/embeddings", """{"model":"qwen3-embedding-4b","input":"hi"}""", "embedding")]
    [InlineData("/v1/messages", """{"model":"gpt-oss-120b","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}""", "You said: hi")]
    [InlineData("/v1/messages/?beta=true&secret=1", """{"model":"gpt-oss-120b","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}""", "You said: hi")]
    [InlineData("/v1/models", null, "gpt-oss-120b")]
    public async Task EveryRoute_IsAnswered(string path, string? body, string expected)
    {
        using HttpRequestMessage request = body is null ? new(HttpMethod.Get, path) : Post(path, body);
        using HttpResponseMessage answer = await Http.SendAsync(request).OrTimeout();
        Assert.Contains(expected, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.DoesNotContain(Deployment.Requests, request => request.PathAndQuery.Contains('?', StringComparison.Ordinal));
    }

    [Fact]
    public async Task Form_OfARecording_IsSent()
    {
        using MultipartFormDataContent form = new()
        {
            { new StringContent("whisper-large-v3"), "model" },
            { new ByteArrayContent(new byte[40]), "file", "secret.wav" },
        };
        using HttpResponseMessage answer = await Http.PostAsync("/v1/audio/transcriptions", form).OrTimeout();
        Assert.Contains("You sent 40 bytes", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CountTokens_IsAnsweredHere()
    {
        using HttpResponseMessage answer = await Http.PostAsync("/v1/messages/count_tokens", Json(MessageBody())).OrTimeout();
        using JsonDocument document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.True(document.RootElement.GetProperty("input_tokens").GetInt64() >= 0);
        Assert.Empty(Deployment.Requests);
    }

    [Theory]
    [InlineData("text/plain", null, 415)]
    [InlineData("application/json; charset=utf-16", null, 415)]
    [InlineData("multipart/form-data; boundary=x", null, 415)]
    [InlineData("application/json", "gzip", 415)]
    [InlineData("application/json; charset=\"UTF-8\"", "identity", 200)]
    public async Task Body_OfAnotherForm_IsRefused(string type, string? encoding, int status)
    {
        using HttpRequestMessage request = Post(ChatPath, ChatBody());
        _ = request.Content!.Headers.Remove("Content-Type");
        _ = request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        if (encoding is not null)
        {
            request.Content.Headers.ContentEncoding.Add(encoding);
        }

        using HttpResponseMessage answer = await Http.SendAsync(request).OrTimeout();
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(status == 200 ? 1 : 0, Deployment.Requests.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Body_LargerThanTheLimit_IsRefusedAndNothingOfItIsKept(bool isAnnounced)
    {
        using HttpRequestMessage request = Post(ChatPath, ChatBody(new string('x', (int)Limit)));
        request.Headers.TransferEncodingChunked = isAnnounced ? null : true;
        using HttpResponseMessage answer = await Http.SendAsync(request).OrTimeout();
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Contains("request_too_large", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Empty(Deployment.Requests);
        Assert.Equal(0, App.Services.GetRequiredService<BufferBudget>().InUse);
    }

    [Fact]
    public async Task Body_OfUnannouncedLengthBelowTheLimit_IsSent()
    {
        using HttpRequestMessage request = Post(ChatPath, ChatBody(new string('x', (int)Limit - 200)));
        request.Headers.TransferEncodingChunked = true;
        using HttpResponseMessage answer = await Http.SendAsync(request).OrTimeout();
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(0, App.Services.GetRequiredService<BufferBudget>().InUse);
    }

    [Theory]
    [InlineData("/v1/chat/completions", "my secret")]
    [InlineData("/v1/chat/completions", "my-secret\\n")]
    [InlineData("/v1/chat/completions", "m\u00fd_secret")]
    [InlineData("/v1/chat/completions", "secret_secret_secret_secret_secret_secret_secret_secret_secret_se")]
    [InlineData("/v1/completions", "my secret")]
    [InlineData("/v1/embeddings", "my secret")]
    [InlineData("/v1/responses", "my secret")]
    public async Task MemberName_ThatIsNoParameterName_IsRefusedAndNotRepeated(string path, string name)
    {
        string body = $$"""{"model":"gpt-oss-120b","{{name}}":1,"input":"hi","messages":[{"role":"user","content":"hi"}]}""";
        using HttpResponseMessage answer = await Http.PostAsync(path, Json(body)).OrTimeout();
        string text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(path == ResponsesPath ? "invalid_request" : "\"member-name\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Deployment.Requests, request => request.IsInference);
    }

    [Fact]
    public async Task MemberName_OfAMessageThatIsNoParameterName_IsLeftOut()
    {
        string body = MessageBody().Replace("{\"model\"", "{\"my secret\":1,\"model\"", StringComparison.Ordinal);
        using HttpResponseMessage answer = await Http.PostAsync(MessagesPath, Json(body)).OrTimeout();
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.DoesNotContain("secret", Assert.Single(Deployment.Requests).WireBodyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FieldName_ThatIsNoParameterName_IsRefusedAndNotRepeated()
    {
        using MultipartFormDataContent form = new()
        {
            { new StringContent("whisper-large-v3"), "model" },
            { new StringContent("x"), "my secret" },
            { new ByteArrayContent(new byte[40]), "file", "a.wav" },
        };
        using HttpResponseMessage answer = await Http.PostAsync("/v1/audio/transcriptions", form).OrTimeout();
        string text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("\"member-name\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Deployment.Requests, request => request.IsInference);
    }

    [Theory]
    [InlineData("GET", "/v1/chat/completions", 405, "POST")]
    [InlineData("DELETE", "/v1/models", 405, "GET, HEAD")]
    [InlineData("POST", "/v1/images/generations", 404, null)]
    [InlineData("POST", "/v1/audio/translations", 404, null)]
    [InlineData("GET", "/v1/responses/resp_1", 404, null)]
    [InlineData("POST", "/v1/messages/batches", 404, null)]
    public async Task UnknownPathOrMethod_IsRefusedInTheDialectOfThePath(string method, string path, int status, string? allow)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        using HttpResponseMessage answer = await Http.SendAsync(request).OrTimeout();
        using JsonDocument document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(allow, answer.Content.Headers.Allow.Count > 0 ? string.Join(", ", answer.Content.Headers.Allow) : null);
        Assert.Equal(path.Contains("messages", StringComparison.Ordinal), document.RootElement.TryGetProperty("type", out _));
        Assert.StartsWith("privatemode-dotnet/", answer.Headers.Server.ToString(), StringComparison.Ordinal);
        Assert.Empty(Deployment.Requests);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/v1/models")]
    [InlineData("/healthz")]
    public async Task Head_IsAnsweredWithoutABody(string path)
    {
        using HttpRequestMessage request = new(HttpMethod.Head, path);
        using HttpResponseMessage answer = await Http.SendAsync(request).OrTimeout();
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.DoesNotContain(Deployment.AllRequests, sent => sent.PathAndQuery == "/v1/models");
    }

    [Fact]
    public async Task WebSocket_OnResponses_IsRefusedAtOnceAndTheConnectionGoesOn()
    {
        using RawConnection connection = Connect();
        await connection.SendAsync(
            $"GET /v1/responses HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
            $"Sec-WebSocket-Key: {Convert.ToBase64String(new byte[16])}\r\n\r\n");
        string head = await connection.ReadUntilAsync("\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 426 ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nUpgrade: HTTP/1.1\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nContent-Length: 0\r\n", head, StringComparison.Ordinal);
        await connection.PostAsync(ChatPath, ChatBody());
        Assert.Contains("You said: hi", await connection.ReadUntilAsync("You said: hi"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Error_OfTheService_ComesInTheDialectOfTheCaller()
    {
        Deployment.Model.ReplyWithError(400, "This model's maximum context length is 9 tokens.");
        using HttpResponseMessage chat = await Http.PostAsync(ChatPath, Json(ChatBody())).OrTimeout();
        Assert.Equal(HttpStatusCode.BadRequest, chat.StatusCode);
        using JsonDocument error = JsonDocument.Parse(await chat.Content.ReadAsStringAsync());
        Assert.Equal("context_length_exceeded", error.RootElement.GetProperty("error").GetProperty("code").GetString());
        Deployment.Model.ReplyWithError(400, "no");
        using HttpResponseMessage message = await Http.PostAsync(MessagesPath, Json(MessageBody())).OrTimeout();
        using JsonDocument other = JsonDocument.Parse(await message.Content.ReadAsStringAsync());
        Assert.Equal("error", other.RootElement.GetProperty("type").GetString());
        Assert.Equal(message.Headers.GetValues("request-id").Single(), other.RootElement.GetProperty("request_id").GetString());
    }

    [Fact]
    public async Task Map_TwiceOrWithoutRegistration_Throws()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore();
        _ = builder.WebHost.UseKestrelCore();
        await using WebApplication app = builder.Build();
        Assert.Contains("AddPrivatemodeProxy", Assert.Throws<InvalidOperationException>(() => app.MapPrivatemode()).Message, StringComparison.Ordinal);
        _ = Assert.Throws<InvalidOperationException>(() => App.MapPrivatemode());
    }
}
