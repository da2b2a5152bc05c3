using Microsoft.Playwright;
using Privatemode.Tool.BrowserTests.Fakes;

namespace Privatemode.Tool.BrowserTests;

/// <summary>What the browser enforces, and where the key of a start is.</summary>
public sealed class SecurityTests(BrowserFixture fixture) : PageTest(fixture)
{
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
