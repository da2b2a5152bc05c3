using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Privatemode.Tool.BrowserTests.Fakes;
using static Microsoft.Playwright.Assertions;

namespace Privatemode.Tool.BrowserTests;

/// <summary>The page of the example AspNetChat.</summary>
[Collection(BrowserGroup.Name)]
public sealed class AspNetChatTests(BrowserFixture fixture, AspNetChatProcess example) : IClassFixture<AspNetChatProcess>
{
    [BrowserFact]
    public Task Answer_IsShownWhileItStreams_AndStops() => RunAsync(async page =>
    {
        await page.GetByLabel("Message", new() { Exact = true }).PressSequentiallyAsync("Tell me a story");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#messages .model")).ToContainTextAsync("The lighthouse");
        await page.Keyboard.PressAsync("Escape");

        await Expect(page.GetByText("Stopped.")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Send" })).ToBeVisibleAsync();
        await Expect(page.Locator("#messages")).Not.ToContainTextAsync("longer letters");
    });

    [BrowserFact]
    public Task Conversation_IsSentWithEachMessage() => RunAsync(async page =>
    {
        await SayAsync(page, "Hello");
        await Expect(page.Locator("#messages .model")).ToContainTextAsync("This request had 2 messages");
        await Expect(page.GetByText("Answer complete")).ToBeAttachedAsync();
        await SayAsync(page, "Hello again");
        await Expect(page.Locator("#messages .model").Last).ToContainTextAsync("This request had 4 messages");
    });

    [BrowserFact]
    public Task RateLimit_IsExplained_AndTheMessageCanBeSentAgain() => RunAsync(async page =>
    {
        await SayAsync(page, "Simulate a rate limit.");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Too many requests. Wait a minute, then try again.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();

        await Expect(page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
        await Expect(page.Locator("#messages li")).ToHaveCountAsync(2);
    });

    [BrowserFact]
    public async Task RefusedDeployment_IsShownAsNotVerified()
    {
        AspNetChatProcess refused = new("--Defect=SnpDebug");
        await refused.InitializeAsync();
        try
        {
            await RunAsync(
                async page =>
                {
                    await Expect(page.Locator("#badge")).ToContainTextAsync("not verified: nothing is sent");
                    await SayAsync(page, "Hello");
                    await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("the check “snp-guest-debug” failed");
                    await page.Locator("#badge").ClickAsync();
                    await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("Do not try again. Tell the operator of this page");
                },
                refused);
        }
        finally
        {
            await refused.DisposeAsync();
        }
    }

    [BrowserFact]
    public Task TestDeployment_IsNeverCalledVerified() => RunAsync(async page =>
    {
        await Expect(page.Locator("#badge")).ToContainTextAsync("test only: SEV-SNP, manifest ");
        await page.Locator("#badge").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("proves nothing about real hardware");
        await page.GetByText("All checks").ClickAsync();
        await Expect(page.GetByText("✓ manifest-match")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
    });

    [BrowserFact]
    public Task VerifiedDeployment_IsShownWithManifestAndAge() => RunAsync(async page =>
    {
        string verifiedAt = DateTimeOffset.UtcNow.AddSeconds(-200).ToString("O");
        string json = $$"""
            { "isTest": false, "report": { "tee": "SEV-SNP", "manifestSha256": "ab12cd34ef", "verifiedAt": "{{verifiedAt}}", "checks": [], "warnings": [] } }
            """;
        await page.RouteAsync("**/verification", route => route.FulfillAsync(new() { ContentType = "application/json", Body = json }));
        _ = await page.ReloadAsync();

        await Expect(page.Locator("#badge")).ToContainTextAsync("verified: SEV-SNP, manifest ab12cd34…, 3 minutes ago");
        await Expect(page.Locator("#test-notice")).ToBeHiddenAsync();
    });

    [BrowserFact]
    public Task TextOfTheModel_NeverBecomesHtml() => RunAsync(async page =>
    {
        const string Events = "event: text\ndata: {\"text\":\"<img src=x onerror=alert(1)><b>bold</b>\"}\n\nevent: done\ndata: {}\n\n";
        await page.RouteAsync("**/chat", route => route.FulfillAsync(new() { ContentType = "text/event-stream", Body = Events }));
        await SayAsync(page, "<b>Hello</b>");

        await Expect(page.Locator("#messages .model p")).ToHaveTextAsync("<img src=x onerror=alert(1)><b>bold</b>");
        await Expect(page.Locator("#messages .user p")).ToHaveTextAsync("<b>Hello</b>");
        await Expect(page.Locator("#messages img, #messages b")).ToHaveCountAsync(0);
    });

    [BrowserFact]
    public Task LightPage_HasNoAccessibilityViolations() => CheckAsync(ColorScheme.Light);

    [BrowserFact]
    public Task DarkPage_HasNoAccessibilityViolations() => CheckAsync(ColorScheme.Dark);

    // axe is a script that the page's policy would refuse: only these pages are opened without the policy.
    private Task CheckAsync(ColorScheme scheme) => RunAsync(
        async page =>
        {
            await AssertAccessibleAsync(page, "empty");
            await page.SetViewportSizeAsync(360, 640);
            await AssertAccessibleAsync(page, "empty, 360 px");
            await page.RouteAsync("**/chat", route => route.AbortAsync());
            await SayAsync(page, "Hello");
            await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The server does not answer. Check that the program is running");
            await AssertAccessibleAsync(page, "error");
            await page.Locator("#badge").ClickAsync();
            await page.GetByText("All checks").ClickAsync();
            await AssertAccessibleAsync(page, "report");
        },
        configure: options =>
        {
            options.BypassCSP = true;
            options.ColorScheme = scheme;
        });

    private static async Task AssertAccessibleAsync(IPage page, string state)
    {
        AxeResult result = await page.RunAxe();
        Assert.True(
            result.Violations.Length == 0,
            $"{state}: {string.Join('\n', result.Violations.Select(one => $"{one.Id}: {string.Join(", ", one.Nodes.Select(node => node.Html))}"))}");
        Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), $"{state}: the page is too wide");
    }

    private static async Task SayAsync(IPage page, string text)
    {
        await page.GetByLabel("Message", new() { Exact = true }).FillAsync(text);
        await page.Keyboard.PressAsync("Enter");
    }

    private async Task RunAsync(Func<IPage, Task> test, AspNetChatProcess? process = null, Action<BrowserNewContextOptions>? configure = null)
    {
        BrowserNewContextOptions options = new();
        configure?.Invoke(options);
        await using IBrowserContext context = await fixture.Browser.NewContextAsync(options);
        IPage page = await context.NewPageAsync();
        Uri origin = (process ?? example).Origin;
        List<string> problems = [];
        page.PageError += (_, error) => problems.Add($"error: {error}");
        page.Request += (_, request) => problems.AddRange(request.Url.StartsWith(origin.AbsoluteUri, StringComparison.Ordinal) ? [] : [request.Url]);
        await page.AddInitScriptAsync("""
            window.violations = [];
            document.addEventListener("securitypolicyviolation", event => window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
            """);
        _ = await page.GotoAsync(origin.AbsoluteUri);
        await Expect(page.Locator("#badge")).Not.ToHaveAttributeAsync("data-state", "verifying");
        await test(page);

        Assert.Empty(problems);
        Assert.Empty(await page.EvaluateAsync<string[]>("() => window.violations"));
    }
}
