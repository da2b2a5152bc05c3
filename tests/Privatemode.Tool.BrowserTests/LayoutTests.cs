using System.Runtime.CompilerServices;
using Microsoft.Playwright;
using Privatemode.Tool.BrowserTests.Fakes;
using Privatemode.Tool.Demo;
using static Microsoft.Playwright.Assertions;

namespace Privatemode.Tool.BrowserTests;

/// <summary>The page fits on a phone, and its pictures are written to artifacts/app for people to look at.</summary>
public sealed class LayoutTests(BrowserFixture fixture) : PageTest(fixture)
{
    [BrowserFact]
    public Task NoWidth_NeedsSidewaysScrolling() => RunAsync(async chat =>
    {
        chat.Deployment.Model.Reply(DemoTexts.Markdown + "\n\n" + new string('x', 400)).Then.Reply(DemoTexts.Hostile);
        foreach ((int width, int height) in ((int, int)[])[(360, 640), (768, 1024), (1280, 800)])
        {
            await chat.Page.SetViewportSizeAsync(width, height);
            if (await chat.Answers.CountAsync() < 2)
            {
                _ = await chat.AskAsync(new string('y', 300));
            }

            int[] tooWide = await chat.Page.EvaluateAsync<int[]>(
                "() => [document.documentElement, document.getElementById('log')].map(e => Math.max(0, e.scrollWidth - e.clientWidth))");
            Assert.All(tooWide, pixels => Assert.Equal(0, pixels));
            await chat.Badge.ClickAsync();
            Assert.True(await chat.Page.Locator("#report-body").EvaluateAsync<bool>("e => e.scrollWidth <= e.clientWidth"));
            await chat.Page.Keyboard.PressAsync("Escape");
        }
    });

    [BrowserFact]
    public Task PagesThatAreLargeForTheEyes_StayWhole() => RunAsync(async chat =>
    {
        // A zoom of 200 % is a window of half the size.
        await chat.Page.SetViewportSizeAsync(640, 430);
        await Expect(chat.Composer).ToBeInViewportAsync();
        await Expect(chat.Badge).ToBeInViewportAsync();
        await chat.Composer.FillAsync(string.Join('\n', Enumerable.Repeat("line", 60)));
        await Expect(chat.Page.Locator("#send")).ToBeInViewportAsync();
    });

    [BrowserFact]
    public Task Pictures_Light() => TakePicturesAsync("light", options => options.ColorScheme = ColorScheme.Light);

    [BrowserFact]
    public Task Pictures_Dark() => TakePicturesAsync("dark", options => options.ColorScheme = ColorScheme.Dark);

    [BrowserFact]
    public Task Pictures_Phone() => TakePicturesAsync("phone", options =>
    {
        options.ViewportSize = new() { Width = 360, Height = 640 };
        options.DeviceScaleFactor = 2;
        options.IsMobile = true;
        options.HasTouch = true;
    });

    private Task TakePicturesAsync(string name, Action<BrowserNewContextOptions> configure) => RunAsync(
        async chat =>
        {
            await chat.RewriteAsync("verification", answer =>
            {
                answer["demo"] = false;
                answer["now"] = answer["report"]!["verifiedAt"]!.GetValue<DateTimeOffset>().AddSeconds(200).ToString("O");
            });
            await chat.StartAsync();
            await Expect(chat.Badge).ToContainTextAsync("3 minutes ago");
            await SaveAsync(chat, $"{name}-1-start");
            chat.Deployment.Model.Reply(DemoTexts.Markdown).WithReasoning("The user wants to see everything that Markdown has.");
            _ = await chat.AskAsync("Show me what Markdown can do, with a table and some code.");
            await chat.Page.Locator("#log").EvaluateAsync("e => e.scrollTop = 0");
            await SaveAsync(chat, $"{name}-2-conversation");
            await chat.Badge.ClickAsync();
            await SaveAsync(chat, $"{name}-3-report");
            await chat.Page.Keyboard.PressAsync("Escape");
            if (name == "phone")
            {
                await chat.Page.Locator("#menu").ClickAsync();
                await SaveAsync(chat, $"{name}-4-conversations");
            }
        },
        configure,
        start: false);

    private static async Task SaveAsync(ChatPage chat, string name)
    {
        byte[] picture = await chat.Page.ScreenshotAsync(new() { Path = Path.Combine(Folder(), $"{name}.png"), Animations = ScreenshotAnimations.Disabled });
        Assert.True(picture.Length > 10_000, "The picture is empty.");
    }

    private static string Folder([CallerFilePath] string file = "") => Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "artifacts", "app");
}
