using System.Net;
using System.Net.Http.Headers;
using Privatemode.AI.Tests.Fakes;
using Privatemode.Tool.App;
using Privatemode.Tool.Services;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.App;

/// <summary>The headers of the chat page, and who gets what from its routes.</summary>
public sealed class AppEndpointsTests : IAsyncLifetime
{
    private static readonly Uri Page = new("/app/", UriKind.Relative);
    private static readonly Uri Key = new("/app/storage-key", UriKind.Relative);

    private readonly ToolRun _run = new();
    private readonly HttpClient _http = new();
    private AppHost _app = null!;

    public async Task InitializeAsync()
    {
        _app = await AppHost.StartAsync(new ServiceSettings { IsDemo = true }, 0, _run.Context).OrTimeout();
        _http.BaseAddress = _app.Origin;
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
        _run.Dispose();
    }

    [Fact]
    public async Task Page_HasItsPolicyWithANonceOfItsOwn()
    {
        using HttpResponseMessage first = await _http.GetAsync(Page).OrTimeout();
        using HttpResponseMessage second = await _http.GetAsync(Page).OrTimeout();
        string policy = Assert.Single(first.Headers.GetValues("Content-Security-Policy"));
        string nonce = policy.Split("script-src 'nonce-")[1].Split('\'')[0];
        string body = await first.Content.ReadAsStringAsync().OrTimeout();

        Assert.Equal(
            $"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src blob: data:; connect-src 'self'; base-uri 'none'; "
            + "form-action 'none'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
            policy);
        Assert.Equal(16, Convert.FromBase64String(nonce).Length);
        Assert.DoesNotContain(nonce, Assert.Single(second.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        Assert.Equal(2, body.Split($"nonce=\"{nonce}\"").Length - 1);
        Assert.DoesNotContain(_app.Token, body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Cache-Control", "no-store")]
    [InlineData("X-Content-Type-Options", "nosniff")]
    [InlineData("Referrer-Policy", "no-referrer")]
    [InlineData("Cross-Origin-Opener-Policy", "same-origin")]
    [InlineData("Cross-Origin-Resource-Policy", "same-origin")]
    [InlineData("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")]
    public async Task Page_HasTheHeader(string name, string value)
    {
        using HttpResponseMessage answer = await _http.GetAsync(Page).OrTimeout();

        Assert.Equal(value, Assert.Single(answer.Headers.GetValues(name)));
    }

    [Theory]
    [InlineData("GET", "/app/storage-key")]
    [InlineData("DELETE", "/app/storage-key")]
    [InlineData("GET", "/v1/models")]
    [InlineData("GET", "/verification")]
    [InlineData("POST", "/v1/chat/completions")]
    public async Task WithoutTheKeyOfTheStart_NothingIsServedButThePage(string method, string path)
    {
        foreach (string? key in (string?[])[null, "", "wrong", _app.Token[..^1], _app.Token + "x"])
        {
            using HttpRequestMessage request = new(new HttpMethod(method), path);
            _ = key is not null && request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
            using HttpResponseMessage answer = await _http.SendAsync(request).OrTimeout();
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }

        Assert.False(File.Exists(Path.Combine(_run.StateDirectory, "app-storage.key")));
    }

    [Fact]
    public async Task StorageKey_IsServedAndReplacedWithTheKeyOfTheStart()
    {
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _app.Token);
        byte[] first = await _http.GetByteArrayAsync(Key).OrTimeout();
        using HttpResponseMessage deleted = await _http.DeleteAsync(Key).OrTimeout();
        byte[] second = await _http.GetByteArrayAsync(Key).OrTimeout();

        Assert.Equal(StorageKey.Size, first.Length);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.NotEqual(first, second);
    }

    [Theory]
    [InlineData("Host", "evil.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("Host", "localhost.evil.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("Host", "192.0.2.1", HttpStatusCode.MisdirectedRequest)]
    [InlineData("Host", "localhost", HttpStatusCode.OK)]
    [InlineData("Host", "[::1]:8765", HttpStatusCode.OK)]
    public async Task Page_IsServedUnderTheNamesOfThisMachineOnly(string name, string value, HttpStatusCode status)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, Page);
        _ = request.Headers.TryAddWithoutValidation(name, value);
        using HttpResponseMessage answer = await _http.SendAsync(request).OrTimeout();

        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(status == HttpStatusCode.OK, (await answer.Content.ReadAsByteArrayAsync().OrTimeout()).Length > 0);
    }

    [Theory]
    [InlineData("Host", "evil.example")]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    public async Task StorageKey_IsNotForForeignHostsAndOrigins(string name, string value)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, Key) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", _app.Token) } };
        _ = request.Headers.TryAddWithoutValidation(name, value);
        using HttpResponseMessage answer = await _http.SendAsync(request).OrTimeout();

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }
}
