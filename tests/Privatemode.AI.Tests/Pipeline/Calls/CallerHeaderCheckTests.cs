using System.Net.Http.Headers;
using Privatemode.AI.Pipeline.Calls;

namespace Privatemode.AI.Tests.Pipeline.Calls;

/// <summary>Headers of other libraries: the known ones are left out, the others refused.</summary>
public sealed class CallerHeaderCheckTests
{
    private static readonly Uri Service = new("https://api.privatemode.ai");

    [Theory]
    [InlineData("authorization", "Bearer sk-ant-other")]
    [InlineData("X-API-Key", "sk-ant-other")]
    [InlineData("api-key", "other")]
    [InlineData("anthropic-version", "2023-06-01")]
    [InlineData("anthropic-beta", "a,b")]
    [InlineData("OpenAI-Beta", "assistants=v2")]
    [InlineData("OpenAI-Organization", "org")]
    [InlineData("x-stainless-arch", "x64")]
    [InlineData("X-Stainless-Retry-Count", "1")]
    [InlineData("User-Agent", "Anthropic/C# 1.0 (Linux)")]
    [InlineData("Accept", "text/event-stream")]
    [InlineData("Accept-Encoding", "gzip, br")]
    [InlineData("Connection", "keep-alive")]
    [InlineData("Idempotency-Key", "stainless-net-1")]
    [InlineData("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("Host", "api.privatemode.ai")]
    [InlineData("Host", "API.privatemode.ai")]
    [InlineData("Transfer-Encoding", "chunked")]
    [InlineData("Expect", "100-continue")]
    [InlineData("Content-Type", "application/json")]
    [InlineData("Content-Length", "2")]
    public void Check_KnownHeader_IsLeftOut(string name, string value) => Check(name, value);

    [Theory]
    [InlineData("Cookie", "a=b")]
    [InlineData("Host", "api.privatemode.ai.example.com")]
    [InlineData("Host", "api.privatemode.ai:8443")]
    [InlineData("Transfer-Encoding", "gzip, chunked")]
    [InlineData("Expect", "200-ok")]
    [InlineData("TE", "trailers")]
    [InlineData("Trailer", "X-Prompt")]
    [InlineData("Upgrade", "websocket")]
    [InlineData("Range", "bytes=0-1")]
    [InlineData("If-None-Match", "\"a\"")]
    [InlineData("From", "me@example.com")]
    [InlineData("Referer", "https://example.com")]
    [InlineData("Via", "1.1 proxy")]
    [InlineData("Proxy-Authorization", "Basic eA==")]
    [InlineData("X-Stainles", "x")]
    [InlineData("X-Forwarded-For", "10.0.0.1")]
    [InlineData("Privatemode-Version", "v9")]
    [InlineData("Content-Encoding", "gzip")]
    [InlineData("Content-Disposition", "attachment")]
    [InlineData("Content-MD5", "eA==")]
    [InlineData("Expires", "0")]
    public void Check_OtherHeader_IsRefused(string name, string value)
    {
        PrivatemodeWouldLeakException exception = Assert.Throws<PrivatemodeWouldLeakException>(() => Check(name, value));
        Assert.Equal("unknown-header", exception.ErrorType);
        Assert.DoesNotContain(value, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_TwoValues_AreNotTreatedAsOne()
    {
        using HttpRequestMessage request = new(HttpMethod.Post, Service);
        _ = request.Headers.TryAddWithoutValidation("Host", ["api.privatemode.ai", "example.com"]);
        Assert.Throws<PrivatemodeWouldLeakException>(() => CallerHeaderCheck.Check(request, Service));
    }

    [Fact]
    public void Check_NothingAtAll_Passes()
    {
        using HttpRequestMessage request = new(HttpMethod.Get, Service);
        CallerHeaderCheck.Check(request, Service);
    }

    private static void Check(string name, string value)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, Service) { Content = new ByteArrayContent("{}"u8.ToArray()) };
        if (!request.Headers.TryAddWithoutValidation(name, value))
        {
            HttpContentHeaders headers = request.Content.Headers;
            Assert.True(headers.TryAddWithoutValidation(name, value));
        }

        CallerHeaderCheck.Check(request, Service);
    }
}
