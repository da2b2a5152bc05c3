using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Privatemode.AI.Testing;
using Privatemode.Tool.BrowserTests.Fakes;
using Privatemode.Tool.Demo;
using static Microsoft.Playwright.Assertions;

namespace Privatemode.Tool.BrowserTests;

/// <summary>axe finds nothing, in no state of the page, and a screen reader is told what happens.</summary>
public sealed class AccessibilityTests(BrowserFixture fixture) : PageTest(fixture)
{
    [BrowserFact]
    public Task LightPage_HasNoViolations() => CheckAsync(ColorScheme.Light);

    [BrowserFact]
    public Task DarkPage_HasNoViolations() => CheckAsync(ColorScheme.Dark);

    [BrowserFact]
    public Task ScreenReader_IsToldOnceWhenAnAnswerStartsAndEnds() => RunAsync(async chat =>
    {
        await chat.Page.EvaluateAsync("""
            () => {
                window.said = [];
                new MutationObserver(() => window.said.push(document.getElementById("announcer").textContent))
                    .observe(document.getElementById("announcer"), { childList: true, characterData: true, subtree: true });
            }
            """);
        chat.Deployment.Model.Reply("one two three four five");
        _ = await chat.AskAsync("Count");

        Assert.Equal(["Answer started", "Answer complete, 5 words"], await chat.Page.EvaluateAsync<string[]>("() => window.said"));
        Assert.Equal("off", await chat.Page.GetByRole(AriaRole.Log).GetAttributeAsync("aria-live"));
    });

    // axe is a script that the page's policy would refuse: only these pages are opened without the policy.
    private Task CheckAsync(ColorScheme scheme) => RunAsync(
        async chat =>
        {
            await AssertNoViolationsAsync(chat, "start");
            chat.Deployment.Model.Reply(DemoTexts.Markdown).WithReasoning("Reasoning").Then.ReplyWithToolCall("f", "{}");
            _ = await chat.AskAsync("Markdown");
            await chat.Page.GetByText("Reasoning (").ClickAsync();
            _ = await chat.AskAsync("Tool");
            chat.ExpectConsoleError("ERR_");
            chat.Deployment.Faults.Inject(Fault.DropEvent(2));
            _ = await chat.AskAsync("Cut");
            await AssertNoViolationsAsync(chat, "conversation");
            await chat.Badge.ClickAsync();
            await AssertNoViolationsAsync(chat, "report");
            await chat.Page.Keyboard.PressAsync("Escape");
            foreach (string button in (string[])["settings", "help", "delete-all"])
            {
                await chat.Page.Locator($"#{button}").ClickAsync();
                await AssertNoViolationsAsync(chat, button);
                await chat.Page.Keyboard.PressAsync("Escape");
            }

            await chat.Page.SetViewportSizeAsync(360, 640);
            await AssertNoViolationsAsync(chat, "phone");
            await chat.Page.Locator("#menu").ClickAsync();
            await Expect(chat.Page.Locator("#new")).ToBeVisibleAsync();
            await AssertNoViolationsAsync(chat, "drawer");
        },
        options =>
        {
            options.BypassCSP = true;
            options.ColorScheme = scheme;
        });

    private static async Task AssertNoViolationsAsync(ChatPage chat, string state)
    {
        AxeResult result = await chat.Page.RunAxe();
        Assert.True(
            result.Violations.Length == 0,
            $"{state}: {string.Join('\n', result.Violations.Select(one => $"{one.Id}: {string.Join(", ", one.Nodes.Select(node => node.Html))}"))}");
        Assert.NotEmpty(result.Passes);
    }
}
