using Microsoft.Playwright;
using Privatemode.Tool.BrowserTests.Fakes;
using static Microsoft.Playwright.Assertions;

namespace Privatemode.Tool.BrowserTests;

/// <summary>Everything can be done with the keyboard alone.</summary>
public sealed class KeyboardTests(BrowserFixture fixture) : PageTest(fixture)
{
    private const string FocusedScript =
        "() => { const e = document.activeElement; return e.id || e.getAttribute('aria-label') || e.textContent.trim() || e.tagName; }";

    [BrowserFact]
    public Task WholeWalk_NeedsNoMouse() => RunAsync(async chat =>
    {
        IKeyboard keyboard = chat.Page.Keyboard;
        await Expect(chat.Composer).ToBeFocusedAsync();
        await keyboard.PressAsync("Alt+m");
        await Expect(chat.Page.Locator("#model")).ToBeFocusedAsync();
        await keyboard.PressAsync("ArrowDown");
        await TabToAsync(chat, "composer-text");

        await keyboard.TypeAsync("Hello");
        await keyboard.PressAsync("Shift+Enter");
        await keyboard.TypeAsync("world");
        await keyboard.PressAsync("Enter");
        await Expect(chat.Answers).ToContainTextAsync("You said: Hello\nworld");
        await Expect(chat.Composer).ToBeFocusedAsync();

        await keyboard.PressAsync("Alt+c");
        Assert.Equal("You said: Hello\nworld", await chat.Page.EvaluateAsync<string>("() => navigator.clipboard.readText()"));
        await keyboard.PressAsync("Alt+v");
        await Expect(chat.Page.Locator("#report-dialog")).ToBeVisibleAsync();
        await keyboard.PressAsync("Escape");
        await Expect(chat.Page.Locator("#report-dialog")).ToBeHiddenAsync();
        await Expect(chat.Composer).ToBeFocusedAsync();

        await keyboard.PressAsync("Alt+n");
        await Expect(chat.Answers).ToHaveCountAsync(0);
        await TabToAsync(chat, "delete-all");
        await keyboard.PressAsync("Enter");
        await Expect(chat.Page.Locator("#confirm-no")).ToBeFocusedAsync();
        await keyboard.PressAsync("Tab");
        await keyboard.PressAsync("Enter");
        await Expect(chat.Page.Locator("#conversations li")).ToHaveCountAsync(0);
    });

    [BrowserFact]
    public Task Escape_StopsTheAnswer() => RunAsync(async chat =>
    {
        chat.Gate.HoldAt = 1;
        await chat.SayAsync("Hello");
        await Expect(chat.Page.Locator("#stop")).ToBeVisibleAsync();
        await chat.Page.Keyboard.PressAsync("Escape");

        await Expect(chat.Answers).ToContainTextAsync("Stopped.");
        await Expect(chat.Composer).ToBeFocusedAsync();
    });

    [BrowserFact]
    public Task EveryControl_IsReachedAndShowsItsFocus() => RunAsync(async chat =>
    {
        _ = await chat.AskAsync("Hello");
        await chat.Composer.FillAsync("text");
        await chat.Page.Locator("#skip").FocusAsync();
        List<string> reached = ["skip"];
        for (int i = 0; i < 60 && !reached.Contains("send"); i++)
        {
            await chat.Page.Keyboard.PressAsync("Tab");
            reached.Add(await chat.Page.EvaluateAsync<string>(FocusedScript));
            Assert.True(await chat.Page.EvaluateAsync<bool>("""
                () => {
                    const e = document.activeElement;
                    const style = getComputedStyle(e.id === "composer-text" ? document.getElementById("composer") : e);
                    return style.outlineStyle !== "none" || style.boxShadow !== "none";
                }
                """), $"{reached[^1]} does not show that it has the focus.");
        }

        Assert.Equal(reached.Distinct().Count(), reached.Count);
        string[] wanted =
        [
            "skip", "model", "thinking", "badge", "new", "Hello", "Export Hello as Markdown", "Delete Hello", "keep",
            "export-all", "delete-all", "settings", "help", "log",
            "Edit your message", "Copy your message", "Copy answer", "Regenerate", "composer-text", "attach", "send",
        ];
        Assert.Equal(wanted, reached);
    });

    [BrowserFact]
    public Task EnterWhileCharactersAreComposed_DoesNotSend() => RunAsync(async chat =>
    {
        await chat.Composer.FillAsync("こんにち");
        await chat.Composer.DispatchEventAsync("keydown", new { key = "Enter", isComposing = true, bubbles = true, cancelable = true });

        await Expect(chat.Composer).ToHaveValueAsync("こんにち");
        Assert.Empty(chat.Deployment.Requests);
    });

    private static async Task TabToAsync(ChatPage chat, string id)
    {
        for (int i = 0; i < 60; i++)
        {
            await chat.Page.Keyboard.PressAsync("Tab");
            if (await chat.Page.EvaluateAsync<string>(FocusedScript) == id)
            {
                return;
            }
        }

        Assert.Fail($"The key Tab does not reach {id}.");
    }
}
