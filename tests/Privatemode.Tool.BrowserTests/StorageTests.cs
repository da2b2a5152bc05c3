using System.Text.Json;
using Microsoft.Playwright;
using Privatemode.Tool.BrowserTests.Fakes;
using static Microsoft.Playwright.Assertions;

namespace Privatemode.Tool.BrowserTests;

/// <summary>What stays in the browser: nothing, unless it is asked for.</summary>
public sealed class StorageTests(BrowserFixture fixture) : PageTest(fixture)
{
    private const string Secret = "secret-91c2";

    // All that the origin stores, as one text. Bytes are written one character each, so that a text in them is found.
    private const string ReadAllScript = """
        async () => {
            const parts = [JSON.stringify(localStorage), ...Object.keys(sessionStorage)];
            for (const { name, version } of await indexedDB.databases()) {
                // Only one that exists: it is not created if it was deleted meanwhile.
                const database = await new Promise(resolve => {
                    const request = indexedDB.open(name, version);
                    request.onupgradeneeded = () => request.transaction.abort();
                    request.onsuccess = () => resolve(request.result);
                    request.onerror = () => resolve(null);
                });
                if (database === null) {
                    continue;
                }
                for (const store of database.objectStoreNames) {
                    const records = await new Promise(resolve => {
                        const request = database.transaction(store).objectStore(store).getAll();
                        request.onsuccess = () => resolve(request.result);
                    });
                    for (const record of records) {
                        parts.push(JSON.stringify(record), String.fromCharCode(...new Uint8Array(record.data)));
                    }
                }
                database.close();
            }
            return parts.join("\n");
        }
        """;

    [BrowserFact]
    public Task WithoutAsking_NothingIsKept() => RunAsync(async chat =>
    {
        _ = await chat.AskAsync(Secret);
        await chat.Page.ReloadAsync();
        await Expect(chat.Page.GetByText("What do you want to ask?")).ToBeVisibleAsync();

        await Expect(chat.Page.Locator("#conversations li")).ToHaveCountAsync(0);
        Assert.DoesNotContain(Secret, await chat.Page.EvaluateAsync<string>(ReadAllScript), StringComparison.Ordinal);
        Assert.Equal(0, await chat.Page.EvaluateAsync<int>("async () => (await indexedDB.databases()).length"));
        Assert.False(File.Exists(Path.Combine(chat.StateDirectory, "app-storage.key")));
    });

    [BrowserFact]
    public Task KeptConversations_ComeBackAndAreEncrypted() => RunAsync(async chat =>
    {
        await chat.Page.GetByLabel("Keep conversations in this browser").CheckAsync();
        _ = await chat.AskAsync(Secret);
        await WaitForRecordsAsync(chat, 1);
        Assert.DoesNotContain(Secret, await chat.Page.EvaluateAsync<string>(ReadAllScript), StringComparison.Ordinal);
        await chat.Page.ReloadAsync();
        await chat.Page.GetByRole(AriaRole.Button, new() { Name = Secret, Exact = true }).ClickAsync();
        await Expect(chat.Answers).ToContainTextAsync($"You said: {Secret}");
        ILocator answer = await chat.AskAsync("More");

        await Expect(answer).ToContainTextAsync("You said: More");
        Assert.Equal(3, chat.Chats[^1].GetProperty("messages").GetArrayLength());
    });

    [BrowserFact]
    public Task DeleteAll_LeavesNothingAndReplacesTheKey() => RunAsync(async chat =>
    {
        await chat.Page.GetByLabel("Keep conversations in this browser").CheckAsync();
        _ = await chat.AskAsync(Secret);
        await WaitForRecordsAsync(chat, 1);
        string keyFile = Path.Combine(chat.StateDirectory, "app-storage.key");
        byte[] before = await File.ReadAllBytesAsync(keyFile);
        await chat.Page.GetByRole(AriaRole.Button, new() { Name = "Delete all" }).ClickAsync();
        await chat.Page.GetByRole(AriaRole.Alertdialog).GetByRole(AriaRole.Button, new() { Name = "Delete all" }).ClickAsync();
        await Expect(chat.Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("All conversations are deleted");

        await Expect(chat.Page.Locator("#conversations li")).ToHaveCountAsync(0);
        Assert.Equal(0, await chat.Page.EvaluateAsync<int>("async () => (await indexedDB.databases()).length"));
        Assert.NotEqual(before, await File.ReadAllBytesAsync(keyFile));
        await chat.Page.ReloadAsync();
        _ = await chat.AskAsync("Still usable");
    });

    [BrowserFact]
    public Task SwitchingOff_AsksAndDeletes() => RunAsync(async chat =>
    {
        ILocator keep = chat.Page.GetByLabel("Keep conversations in this browser");
        await keep.CheckAsync();
        _ = await chat.AskAsync(Secret);
        await WaitForRecordsAsync(chat, 1);
        await keep.ClickAsync();
        await chat.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Expect(keep).ToBeCheckedAsync();
        await keep.ClickAsync();
        await chat.Page.GetByRole(AriaRole.Alertdialog).GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(keep).Not.ToBeCheckedAsync();

        await chat.Page.WaitForFunctionAsync("async () => (await indexedDB.databases()).length === 0");
        await Expect(chat.Answers).ToContainTextAsync(Secret);
    });

    [BrowserFact]
    public Task DatabaseWithoutTheStore_IsRepaired() => RunAsync(async chat =>
    {
        await chat.Page.EvaluateAsync("""
            () => new Promise((resolve, reject) => {
                const request = indexedDB.open("privatemode", 3);
                request.onsuccess = () => { request.result.close(); resolve(); };
                request.onerror = () => reject(request.error);
            })
            """);
        await chat.Page.GetByLabel("Keep conversations in this browser").CheckAsync();
        _ = await chat.AskAsync(Secret);
        await WaitForRecordsAsync(chat, 1);
        await chat.Page.ReloadAsync();

        await chat.Page.GetByRole(AriaRole.Button, new() { Name = Secret, Exact = true }).ClickAsync();
        await Expect(chat.Answers).ToContainTextAsync($"You said: {Secret}");
    });

    [BrowserFact]
    public Task Export_HasAllConversations() => RunAsync(async chat =>
    {
        _ = await chat.AskAsync("One");
        await chat.Page.GetByRole(AriaRole.Button, new() { Name = "New conversation" }).ClickAsync();
        _ = await chat.AskAsync("Two");
        IDownload all = await chat.Page.RunAndWaitForDownloadAsync(
            () => chat.Page.GetByRole(AriaRole.Button, new() { Name = "Export", Exact = true }).ClickAsync());
        JsonElement json = JsonElement.Parse(await File.ReadAllTextAsync(await all.PathAsync()));
        await chat.Page.GetByText("Two", new() { Exact = true }).First.HoverAsync();
        IDownload one = await chat.Page.RunAndWaitForDownloadAsync(
            () => chat.Page.GetByRole(AriaRole.Button, new() { Name = "Export Two as Markdown" }).ClickAsync());

        Assert.Equal("privatemode-conversations-1", json.GetProperty("format").GetString());
        Assert.Equal(["One", "Two"], json.GetProperty("conversations").EnumerateArray().Select(conversation => conversation.GetProperty("title").GetString()));
        Assert.Contains("You said: Two", await File.ReadAllTextAsync(await one.PathAsync()), StringComparison.Ordinal);
    });

    [BrowserFact]
    public Task SecondTab_SeesWhatTheFirstOneKept() => RunAsync(async chat =>
    {
        await chat.Page.GetByLabel("Keep conversations in this browser").CheckAsync();
        IPage second = await chat.Context.NewPageAsync();
        chat.Watch(second);
        _ = await second.GotoAsync(chat.App.Address.AbsoluteUri);
        await Expect(second.Locator("#model option").First).ToBeAttachedAsync();
        _ = await chat.AskAsync(Secret);

        await second.GetByRole(AriaRole.Button, new() { Name = Secret, Exact = true }).ClickAsync();
        await Expect(second.Locator(".message.assistant")).ToContainTextAsync($"You said: {Secret}");
    });

    private static async Task WaitForRecordsAsync(ChatPage chat, int count) => _ = await chat.Page.WaitForFunctionAsync(
        """
        async count => {
            // Opening creates a database that does not exist, and the page would find it without its object store.
            const database = await new Promise(resolve => {
                const request = indexedDB.open("privatemode");
                request.onupgradeneeded = () => request.transaction.abort();
                request.onsuccess = () => resolve(request.result);
                request.onerror = () => resolve(null);
            });
            if (database === null) {
                return false;
            }
            if (!database.objectStoreNames.contains("conversations")) {
                // The page has not repaired it yet.
                database.close();
                return false;
            }
            const records = await new Promise(resolve => {
                const request = database.transaction("conversations").objectStore("conversations").count();
                request.onsuccess = () => resolve(request.result);
            });
            database.close();
            return records === count;
        }
        """,
        count);
}
