using System.Text.Json;
using Microsoft.Playwright;
using Privatemode.AI.Testing;
using Privatemode.Tool.BrowserTests.Fakes;
using static Microsoft.Playwright.Assertions;

namespace Privatemode.Tool.BrowserTests;

/// <summary>Conversations: from the first token to the last, and all ways in which an answer can end.</summary>
public sealed class ChatTests(BrowserFixture fixture) : PageTest(fixture)
{
    [BrowserFact]
    public Task FirstToken_IsShownBeforeTheStreamEnds() => RunAsync(async chat =>
    {
        chat.Deployment.Model.Reply("alpha beta gamma delta epsilon");
        chat.Gate.HoldAt = 3;
        await chat.SayAsync("Hello");

        await Expect(chat.Answers).ToContainTextAsync("alpha");
        await Expect(chat.Answers).Not.ToContainTextAsync("epsilon");
        await Expect(chat.Page.Locator("#stop")).ToBeVisibleAsync();

        chat.Gate.Open();
        await Expect(chat.Answers).ToContainTextAsync("alpha beta gamma delta epsilon");
        await Expect(chat.Page.Locator("#stop")).ToBeHiddenAsync();
    });

    [BrowserFact]
    public Task Reasoning_IsFoldedUntilItIsOpened() => RunAsync(async chat =>
    {
        chat.Deployment.Model.Reply("Forty-two.").WithReasoning("I multiply six by seven.");
        ILocator answer = await chat.AskAsync("Six times seven?");

        ILocator reasoning = answer.GetByText("I multiply six by seven.");
        await Expect(reasoning).ToBeHiddenAsync();
        await answer.GetByText("Reasoning (").ClickAsync();
        await Expect(reasoning).ToBeVisibleAsync();
    });

    [BrowserFact]
    public Task ThinkingSwitch_ChangesTheEffortOfTheRequest() => RunAsync(async chat =>
    {
        _ = await chat.Page.SelectOptionAsync("#model", "gpt-oss-120b");
        _ = await chat.AskAsync("One");
        await chat.Page.GetByRole(AriaRole.Button, new() { Name = "Thinking" }).ClickAsync();
        _ = await chat.AskAsync("Two");

        Assert.Equal(["low", "high"], chat.Chats.Select(body => body.GetProperty("reasoning_effort").GetString()));
    });

    [BrowserFact]
    public Task Stop_EndsTheRequestToo() => RunAsync(async chat =>
    {
        chat.Deployment.Model.Reply("alpha beta gamma delta epsilon");
        chat.Gate.HoldAt = 2;
        await chat.SayAsync("Hello");
        await Expect(chat.Answers).ToContainTextAsync("alpha");
        await chat.Page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();

        await Expect(chat.Answers).ToContainTextAsync("Stopped. This answer is not complete.");
        await Expect(chat.Answers).ToContainTextAsync("alpha");
        await chat.Gate.Canceled.WaitAsync(TimeSpan.FromSeconds(20));
    });

    [BrowserFact]
    public Task Regenerate_AsksAgainAndReplacesTheAnswer() => RunAsync(async chat =>
    {
        chat.Deployment.Model.Reply("First answer.").Then.Reply("Second answer.");
        ILocator answer = await chat.AskAsync("Hello");
        await Expect(answer).ToContainTextAsync("First answer.");
        await answer.GetByRole(AriaRole.Button, new() { Name = "Regenerate" }).ClickAsync();

        await Expect(chat.Answers).ToContainTextAsync("Second answer.");
        await Expect(chat.Answers).ToHaveCountAsync(1);
        Assert.Equal([1, 1], chat.Chats.Select(body => body.GetProperty("messages").GetArrayLength()));
    });

    [BrowserFact]
    public Task AnswerThatIsCut_IsMarkedAndNotSentAgain() => RunAsync(async chat =>
    {
        chat.ExpectConsoleError("ERR_");
        chat.Deployment.Faults.Inject(Fault.DropEvent(2));
        ILocator answer = await chat.AskAsync("Tell me something");

        await Expect(answer.GetByRole(AriaRole.Alert)).ToContainTextAsync("Cut: do not use this answer.");
        _ = await chat.AskAsync("Next");
        JsonElement message = Assert.Single(chat.Chats[^1].GetProperty("messages").EnumerateArray());
        Assert.Equal("Tell me something\n\nNext", message.GetProperty("content").GetString());
    });

    [BrowserFact]
    public Task TooManyRequests_CountsDownAndRepeatsOnlyOnRequest() => RunAsync(async chat =>
    {
        chat.ExpectConsoleError("429");
        chat.Deployment.Faults.Inject(Fault.UnencryptedError(429, retryAfter: TimeSpan.FromSeconds(2)), times: 5);
        ILocator answer = await chat.AskAsync("Hello");
        await Expect(answer.GetByRole(AriaRole.Button)).ToContainTextAsync("Try again in");
        await Expect(answer.GetByRole(AriaRole.Button)).ToBeDisabledAsync();
        await Expect(answer.GetByRole(AriaRole.Button)).ToHaveTextAsync("Try again");

        chat.Deployment.Faults.Clear();
        int before = chat.Chats.Count;
        await answer.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await Expect(chat.Answers).ToContainTextAsync("You said: Hello");
        Assert.Equal(before + 1, chat.Chats.Count);
    });

    [BrowserFact]
    public Task TwoConversations_DoNotMix() => RunAsync(async chat =>
    {
        chat.Deployment.Model.Reply("one one one one one one");
        chat.Gate.HoldAt = 3;
        await chat.SayAsync("First");
        await Expect(chat.Answers).ToContainTextAsync("one");
        await chat.Page.GetByRole(AriaRole.Button, new() { Name = "New conversation" }).ClickAsync();
        await Expect(chat.Answers).ToHaveCountAsync(0);
        chat.Gate.HoldAt = int.MaxValue;
        chat.Deployment.Model.Reply("two two");
        ILocator second = await chat.AskAsync("Second");
        await Expect(second).ToContainTextAsync("two two");
        await Expect(chat.Page.Locator("#log")).Not.ToContainTextAsync("one");

        chat.Gate.Open();
        await chat.Page.GetByRole(AriaRole.Button, new() { Name = "First", Exact = true }).ClickAsync();
        await Expect(chat.Answers).ToContainTextAsync("one one one one one one");
        await Expect(chat.Page.Locator("#log")).Not.ToContainTextAsync("two");
        Assert.DoesNotContain("First", chat.Chats[^1].GetRawText(), StringComparison.Ordinal);
    });

    [BrowserFact]
    public Task Models_AreGroupedByTask() => RunAsync(async chat =>
    {
        await Expect(chat.Page.Locator("#model optgroup[label=Chat] option")).ToHaveTextAsync(["gpt-oss-120b", "glm-5.3"], new() { IgnoreCase = false });
        await Expect(chat.Page.Locator("#model optgroup[label='Chat and images'] option").First).ToBeAttachedAsync();
        await Expect(chat.Page.Locator("#model")).Not.ToContainTextAsync("whisper");
        await Expect(chat.Page.Locator("#model")).Not.ToContainTextAsync("embedding");
    });

    [BrowserFact]
    public Task Tools_AreShownButNotRun() => RunAsync(async chat =>
    {
        chat.Deployment.Model.ReplyWithToolCall("delete_files", """{"path":"/"}""");
        ILocator answer = await chat.AskAsync("Hello");

        await answer.GetByText("Tool call: delete_files (not run by this page)").ClickAsync();
        await Expect(answer).ToContainTextAsync("\"path\": \"/\"");
        Assert.Single(chat.Chats);
    });

    [BrowserFact]
    public Task TheToolOfThePage_IsRunIfItIsSwitchedOn() => RunAsync(async chat =>
    {
        await chat.Page.GetByRole(AriaRole.Button, new() { Name = "Settings" }).ClickAsync();
        await chat.Page.GetByLabel("Let the model ask this page for the current time").CheckAsync();
        await chat.Page.Keyboard.PressAsync("Escape");
        chat.Deployment.Model.ReplyWithToolCall("current_time", "{}").Then.Reply("It is late.");
        ILocator answer = await chat.AskAsync("What time is it?");

        await Expect(answer).ToContainTextAsync("It is late.");
        await Expect(answer).ToContainTextAsync("Tool call: current_time (run by this page)");
        Assert.Contains("\"utc\"", chat.Chats[1].GetProperty("messages")[2].GetProperty("content").GetString(), StringComparison.Ordinal);
    });

    [BrowserFact]
    public Task EditedMessage_ReplacesWhatFollowsIt() => RunAsync(async chat =>
    {
        _ = await chat.AskAsync("Helo");
        await chat.Composer.PressAsync("ArrowUp");
        await Expect(chat.Composer).ToHaveValueAsync("Helo");
        await chat.SayAsync("Hello");
        await Expect(chat.Answers).ToContainTextAsync("You said: Hello");

        await Expect(chat.Answers).ToHaveCountAsync(1);
        Assert.Equal(1, chat.Chats[1].GetProperty("messages").GetArrayLength());
    });

    [BrowserFact]
    public Task CodeBlock_IsCopiedAsItIs() => RunAsync(async chat =>
    {
        chat.Deployment.Model.Reply("```csharp\nint x = 1 < 2 ? 3 : 4;\n```");
        ILocator answer = await chat.AskAsync("Code, please");
        await answer.GetByRole(AriaRole.Button, new() { Name = "Copy code" }).ClickAsync();

        await Expect(answer.GetByText("Copied")).ToBeVisibleAsync();
        Assert.Equal("int x = 1 < 2 ? 3 : 4;", await chat.Page.EvaluateAsync<string>("() => navigator.clipboard.readText()"));
    });
}
