using Microsoft.Playwright;
using Privatemode.Tool.BrowserTests.Fakes;
using Privatemode.Tool.Demo;
using static Microsoft.Playwright.Assertions;

namespace Privatemode.Tool.BrowserTests;

/// <summary>Answers that attack the page. RunAsync asserts that there was no request, no dialog, no error and no violation of the policy.</summary>
public sealed class HostileTests(BrowserFixture fixture) : PageTest(fixture)
{
    private const string Script = "<script>window.hacked = 1</script><img src=\"https://evil.example/x\" onerror=\"window.hacked = 2\">";

    [BrowserFact]
    public Task HostileAnswer_DoesNothing() => RunAsync(async chat =>
    {
        chat.Deployment.Model.Reply(DemoTexts.Hostile).WithReasoning(Script);
        ILocator answer = await chat.AskAsync("Attack me");
        await Expect(answer).ToContainTextAsync("The end.");

        const string Forbidden = "script, img, iframe, svg, style, link, meta, base, form, input, object, embed, video, audio";
        Assert.Equal(0, await chat.Page.Locator($"#messages :is({Forbidden})").CountAsync());
        Assert.Equal(0, await chat.Page.Locator("#messages :is([style], [onerror], [onload], [onclick], [srcset], [action])").CountAsync());
        Assert.Equal(0, await chat.Page.Locator("#messages a:not([href^='https://']):not([href^='http://'])").CountAsync());
        Assert.False(await chat.Page.EvaluateAsync<bool>("() => 'hacked' in window"));
        await Expect(answer).ToContainTextAsync("image: beacon (https://evil.example/markdown.png)");
        await Expect(answer).ToContainTextAsync("⟦U+202E⟧gnp.exe");
        await Expect(answer).ToContainTextAsync("⟦U+001B⟧[31mred");
    });

    [BrowserFact]
    public Task HostileNames_DoNothing() => RunAsync(
        async chat =>
        {
            await chat.RewriteAsync("v1/models", answer => answer["data"]![0]!["id"] = "a<img/src=x>");
            await chat.StartAsync();
            await Expect(chat.Page.Locator("#model")).ToContainTextAsync("a<img/src=x>");
            _ = await chat.Page.SelectOptionAsync("#model", "glm-5.3");
            chat.Deployment.Model.ReplyWithToolCall($"tool {Script}", $$"""{"x":"{{Script.Replace("\"", "\\\"", StringComparison.Ordinal)}}"}""");
            ILocator answer = await chat.AskAsync(Script);
            await Expect(answer).ToContainTextAsync("<script>window.hacked = 1</script>");
            await Expect(chat.Page.Locator("#conversations")).ToContainTextAsync("<script>");
            Assert.Equal(0, await chat.Page.Locator("#messages :is(script, img), #conversations :is(script, img), #model img").CountAsync());
        },
        start: false);

    [BrowserFact]
    public Task Link_IsOpenedOnlyAfterItsAddressWasShown() => RunAsync(async chat =>
    {
        chat.Deployment.Model.Reply("[https://paypal.com](https://p\u0430ypal.com/login?who=me)");
        ILocator answer = await chat.AskAsync("A link");
        await answer.GetByRole(AriaRole.Link).ClickAsync();
        ILocator dialog = chat.Page.GetByRole(AriaRole.Dialog);
        await Expect(dialog).ToContainTextAsync("xn--pypal-4ve.com");
        await Expect(dialog).ToContainTextAsync("login?who=me");
        await Expect(dialog.GetByRole(AriaRole.Link)).ToHaveAttributeAsync("rel", "noopener noreferrer nofollow");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();

        Assert.Single(chat.Context.Pages);
        Assert.StartsWith(chat.App.Origin.AbsoluteUri, chat.Page.Url, StringComparison.Ordinal);
    });

    [BrowserFact]
    public Task EndlessMarkdown_LeavesThePageUsable() => RunAsync(async chat =>
    {
        string content = string.Concat(Enumerable.Repeat("*a [b](c) `d` > e | f\\n", 40));
        static string Event(string delta, string finish) =>
            $$"""{"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{{delta}},"finish_reason":{{finish}}}]}""";
        string part = Event($$"""{"content":"{{content}}"}""", "null");
        string end = Event("{}", "\"stop\"");
        chat.Deployment.Model.Reply("").WithRawEvents([.. Enumerable.Repeat(part, 150), end]).Then.Reply("Still here.");
        _ = await chat.AskAsync("Flood");
        ILocator answer = await chat.AskAsync("Are you there?");

        await Expect(answer).ToContainTextAsync("Still here.");
    });
}
