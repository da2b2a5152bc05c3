using System.Net;
using Microsoft.Playwright;
using Privatemode.Tool.BrowserTests.Fakes;

namespace Privatemode.Tool.BrowserTests;

/// <summary>The headers of the page, and who gets what.</summary>
public sealed class SecurityTests(BrowserFixture fixture) : PageTest(fixture)
{
    [BrowserFact]
    public Task Page_HasItsPolicyWithANonceOfItsOwn() => RunAsync(
        async chat =>
        {
            using HttpClient http = new() { BaseAddress = chat.App.Origin };
            using HttpResponseMessage first = await http.GetAsync(new Uri("/app/", UriKind.Relative));
            using HttpResponseMessage second = await http.GetAsync(new Uri("/app/", UriKind.Relative));
            string policy = Assert.Single(first.Headers.GetValues("Content-Security-Policy"));
            string nonce = policy.Split("script-src 'nonce-")[1].Split('\'')[0];

            Assert.Equal(
                $"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src blob: data:; connect-src 'self'; base-uri 'none'; "
                + "form-action 'none'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
                policy);
            Assert.Equal(16, Convert.FromBase64String(nonce).Length);
            Assert.DoesNotContain(nonce, Assert.Single(second.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
            string body = await first.Content.ReadAsStringAsync();
            Assert.Equal(2, body.Split($"nonce=\"{nonce}\"").Length - 1);
            Assert.DoesNotContain(chat.App.Token, body, StringComparison.Ordinal);
            Assert.True(first.Headers.CacheControl!.NoStore);
            foreach ((string name, string value) in ((string, string)[])
                [("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Opener-Policy", "same-origin"),
                 ("Cross-Origin-Resource-Policy", "same-origin"), ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")])
            {
                Assert.Equal(value, Assert.Single(first.Headers.GetValues(name)));
            }
        },
        start: false);

    [BrowserFact]
    public Task WithoutTheKeyOfThisStart_NothingIsServedButThePage() => RunAsync(
        async chat =>
        {
            using HttpClient http = new() { BaseAddress = chat.App.Origin };
            foreach (string path in (string[])["/app/storage-key", "/v1/models", "/verification"])
            {
                using HttpResponseMessage answer = await http.GetAsync(new Uri(path, UriKind.Relative));
                Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            }

            Assert.False(File.Exists(Path.Combine(chat.StateDirectory, "app-storage.key")));
            http.DefaultRequestHeaders.Authorization = new("Bearer", chat.App.Token);
            Assert.Equal(32, (await http.GetByteArrayAsync(new Uri("/app/storage-key", UriKind.Relative))).Length);
        },
        start: false);

    [BrowserFact]
    public Task ForeignHostsAndOrigins_AreRefused() => RunAsync(
        async chat =>
        {
            using HttpClient http = new() { BaseAddress = chat.App.Origin };
            using HttpRequestMessage page = new(HttpMethod.Get, "/app/") { Headers = { Host = "evil.example" } };
            using HttpResponseMessage misdirected = await http.SendAsync(page);
            Assert.Equal(HttpStatusCode.MisdirectedRequest, misdirected.StatusCode);
            Assert.Empty(await misdirected.Content.ReadAsByteArrayAsync());
            http.DefaultRequestHeaders.Authorization = new("Bearer", chat.App.Token);
            foreach ((string name, string value) in ((string, string)[])[("Host", "evil.example"), ("Origin", "https://evil.example"), ("Origin", "null")])
            {
                using HttpRequestMessage request = new(HttpMethod.Get, "/app/storage-key");
                _ = request.Headers.TryAddWithoutValidation(name, value);
                using HttpResponseMessage answer = await http.SendAsync(request);
                Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
            }
        },
        start: false);

    [BrowserFact]
    public Task AnotherPage_CannotFrameThisOne() => RunAsync(
        async chat =>
        {
            chat.ExpectConsoleError("frame-ancestors");
            chat.ExpectConsoleError("ERR_BLOCKED_BY_RESPONSE");
            await chat.Page.RouteAsync("**/frame.html", route =>
                route.FulfillAsync(new() { ContentType = "text/html", Body = "<iframe src='/app/'></iframe>" }));
            _ = await chat.Page.GotoAsync(new Uri(chat.App.Origin, "/frame.html").AbsoluteUri);
            await chat.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);

            Assert.DoesNotContain(chat.Page.Frames, frame => frame.Url.EndsWith("/app/", StringComparison.Ordinal) && frame.ParentFrame is not null
                && frame.QuerySelectorAsync("#composer").GetAwaiter().GetResult() is not null);
        },
        start: false);

    [BrowserFact]
    public Task Key_IsTakenOutOfTheAddress() => RunAsync(async chat =>
    {
        Assert.Equal(new Uri(chat.App.Origin, "/app/").AbsoluteUri, chat.Page.Url);
        Assert.Equal(chat.App.Token, await chat.Page.EvaluateAsync<string>("() => sessionStorage.getItem('privatemode-token')"));
        Assert.DoesNotContain(chat.App.Token, await chat.Page.EvaluateAsync<string>("() => JSON.stringify(localStorage)"), StringComparison.Ordinal);
    });

    [BrowserFact]
    public Task PageWithoutAKey_SaysHowToStart() => RunAsync(
        async chat =>
        {
            _ = await chat.Page.GotoAsync(new Uri(chat.App.Origin, "/app/").AbsoluteUri);

            await Assertions.Expect(chat.Page.GetByText("Run \"privatemode app\"")).ToBeVisibleAsync();
            await Assertions.Expect(chat.Page.Locator("#composer")).ToHaveCountAsync(0);
        },
        start: false);
}
