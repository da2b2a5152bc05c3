using System.Text;
using System.Text.Json;
using Microsoft.Playwright;
using Privatemode.AI.Testing;
using Privatemode.Tool.BrowserTests.Fakes;
using static Microsoft.Playwright.Assertions;

namespace Privatemode.Tool.BrowserTests;

/// <summary>Files: they travel encrypted, and what cannot be sent is refused with a reason.</summary>
public sealed class AttachmentTests(BrowserFixture fixture) : PageTest(fixture)
{
    private const string Canary = "canary-7f3a";

    private static readonly byte[] Png = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, .. Encoding.ASCII.GetBytes(Canary)];

    [BrowserFact]
    public Task Image_ReachesTheModelAndNobodyElse() => RunAsync(async chat =>
    {
        _ = await chat.Page.SelectOptionAsync("#model", "gemma-3-27b");
        await AttachAsync(chat, $"{Canary}.png", Png);
        await Expect(chat.Page.Locator("#attachments")).ToContainTextAsync($"{Canary}.png");
        _ = await chat.AskAsync("What is this?");

        JsonElement content = chat.Chats[0].GetProperty("messages")[0].GetProperty("content");
        Assert.Equal($"data:image/png;base64,{Convert.ToBase64String(Png)}", content[1].GetProperty("image_url").GetProperty("url").GetString());
        AssertEncrypted(chat, Convert.ToBase64String(Png));
    });

    [BrowserFact]
    public Task Document_BecomesTextOfTheMessage() => RunAsync(async chat =>
    {
        chat.Deployment.Model.ReplyWithDocument(
            new ScriptedDocumentElement("Title", $"Contract {Canary}"), new ScriptedDocumentElement("NarrativeText", "Six words in all."));
        await AttachAsync(chat, $"{Canary}.pdf", Encoding.ASCII.GetBytes($"%PDF-1.7 {Canary}"));
        await Expect(chat.Page.Locator("#attachments")).ToContainTextAsync("6 words");
        _ = await chat.AskAsync("Summarize");

        Assert.Equal(
            $"Document \"{Canary}.pdf\":\n\nContract {Canary}\n\nSix words in all.\n\nSummarize",
            chat.Chats[0].GetProperty("messages")[0].GetProperty("content").GetString());
        AssertEncrypted(chat);
    });

    [BrowserFact]
    public Task Recording_BecomesTextInTheComposer() => RunAsync(async chat =>
    {
        chat.Deployment.Model.ReplyWithTranscription($"Good morning {Canary}");
        await AttachAsync(chat, $"{Canary}.mp3", Encoding.ASCII.GetBytes($"ID3 {Canary}"));

        await Expect(chat.Composer).ToHaveValueAsync($"Good morning {Canary}");
        AssertEncrypted(chat);
    });

    [BrowserFact]
    public Task FilesThatCannotBeSent_AreRefused() => RunAsync(async chat =>
    {
        _ = await chat.Page.SelectOptionAsync("#model", "gpt-oss-120b");
        foreach ((string name, byte[] content, string reason) in ((string, byte[], string)[])
            [("a.exe", [1, 2, 3], "is not a kind of file that can be attached"), ("a.png", Png, "does not accept images"),
             ("a.txt", [0xff, 0xfe, 0xfd], "is not UTF-8 text")])
        {
            await AttachAsync(chat, name, content);
            await Expect(chat.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync(reason);
        }

        _ = await chat.Page.SelectOptionAsync("#model", "gemma-3-27b");
        await AttachAsync(chat, "large.png", [.. Png, .. new byte[20 * 1024 * 1024]]);
        await Expect(chat.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("is too large: 20.0 MB");
        await Expect(chat.Page.Locator("#attachments li")).ToHaveCountAsync(0);
        Assert.Empty(chat.Deployment.Requests);
    });

    [BrowserFact]
    public Task MoreThan70000Words_CannotBeSent() => RunAsync(async chat =>
    {
        await chat.Composer.FillAsync(Words(59_999));
        await Expect(chat.Page.Locator("#words")).ToHaveTextAsync("");
        await chat.Composer.FillAsync(Words(60_000));
        await Expect(chat.Page.Locator("#words")).ToHaveTextAsync("60,000 words of 70,000");
        await chat.Composer.FillAsync(Words(70_000));
        await Expect(chat.Page.Locator("#send")).ToBeEnabledAsync();
        await chat.Composer.FillAsync(Words(70_001));
        await Expect(chat.Page.Locator("#send")).ToBeDisabledAsync();
        await Expect(chat.Page.Locator("#words")).ToContainTextAsync("70,001 words: more than 70,000 cannot be sent");
        await chat.Composer.PressAsync("Enter");

        Assert.Empty(chat.Deployment.Requests);
    });

    private static string Words(int count) => string.Join(' ', Enumerable.Repeat("w", count));

    private static Task AttachAsync(ChatPage chat, string name, byte[] content) =>
        chat.Page.Locator("#files").SetInputFilesAsync(new FilePayload { Name = name, MimeType = "application/octet-stream", Buffer = content });

    private static void AssertEncrypted(ChatPage chat, string text = Canary)
    {
        string received = Encoding.Latin1.GetString(chat.Deployment.GetReceivedBytes());
        Assert.NotEmpty(received);
        Assert.DoesNotContain(Canary, received, StringComparison.Ordinal);
        Assert.DoesNotContain(text, received, StringComparison.Ordinal);
    }
}
