using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Privatemode.AI.Testing;
using Privatemode.Tool.App;
using Privatemode.Tool.Services;
using Privatemode.Tool.Tests.Fakes;
using static Microsoft.Playwright.Assertions;

namespace Privatemode.Tool.BrowserTests.Fakes;

/// <summary>The page in a browser, the program that serves it, and the deployment behind that. Everything between them is real.</summary>
internal sealed class ChatPage : IAsyncDisposable
{
    private readonly ToolRun _run;
    private readonly List<string> _problems = [];
    private readonly List<string> _expected = [];

    private ChatPage(ToolRun run, PrivatemodeTestDeployment deployment, AppHost app, IBrowserContext context, IPage page)
    {
        _run = run;
        Deployment = deployment;
        App = app;
        Context = context;
        Page = page;
    }

    public PrivatemodeTestDeployment Deployment { get; }

    public AppHost App { get; }

    public IBrowserContext Context { get; }

    public IPage Page { get; }

    public EventGate Gate { get; private init; } = null!;

    public string StateDirectory => _run.StateDirectory;

    /// <summary>The box in which messages are written.</summary>
    public ILocator Composer => Page.GetByLabel("Message", new() { Exact = true });

    /// <summary>The answers of the conversation that is shown.</summary>
    public ILocator Answers => Page.Locator(".message.assistant");

    public ILocator Badge => Page.Locator("#badge");

    /// <summary>The bodies of the chats as the model gets them.</summary>
    public IReadOnlyList<JsonElement> Chats =>
        [.. Deployment.Requests.Where(request => request is { PathAndQuery: "/v1/chat/completions", DecryptedBody: not null })
        .Select(request => JsonElement.Parse(request.DecryptedBody!))];

    public static async Task<ChatPage> OpenAsync(
        IBrowser browser, Action<BrowserNewContextOptions>? configure = null, Action<PrivatemodeTestDeployment>? prepare = null)
    {
        EventGate gate = new();
        PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(new() { BeforeStreamEvent = gate.BeforeEventAsync });
        prepare?.Invoke(deployment);
        ToolRun run = new() { ConfigureClient = deployment.ConfigureClient };
        AppHost app = await AppHost.StartAsync(new ServiceSettings(), 0, run.Context);
        BrowserNewContextOptions options = new() { ViewportSize = new() { Width = 1280, Height = 860 }, Permissions = ["clipboard-read", "clipboard-write"] };
        configure?.Invoke(options);
        IBrowserContext context = await browser.NewContextAsync(options);
        context.SetDefaultTimeout(20_000);
        ChatPage chat = new(run, deployment, app, context, await context.NewPageAsync()) { Gate = gate };
        chat.Watch(chat.Page);
        return chat;
    }

    /// <summary>Opens the page as the command does, and waits until it is ready.</summary>
    public async Task StartAsync()
    {
        _ = await Page.GotoAsync(App.Address.AbsoluteUri);
        await Expect(Page.Locator("#model option").First).ToBeAttachedAsync();
    }

    /// <summary>Writes a message and sends it with the Enter key.</summary>
    public async Task SayAsync(string text)
    {
        await Composer.FillAsync(text);
        await Expect(Page.Locator("#send")).ToBeEnabledAsync();
        await Composer.PressAsync("Enter");
    }

    /// <summary>Sends a message and waits for the end of the answer.</summary>
    /// <returns>The answer.</returns>
    public async Task<ILocator> AskAsync(string text)
    {
        int answers = await Answers.CountAsync();
        await SayAsync(text);
        await Expect(Answers).ToHaveCountAsync(answers + 1);
        await WaitForEndAsync();
        return Answers.Last;
    }

    /// <summary>Waits until no answer is under way in the conversation that is shown.</summary>
    public Task WaitForEndAsync() => Expect(Page.Locator("#stop")).ToBeHiddenAsync(new() { Timeout = 20_000 });

    /// <summary>Changes answers of the program on their way to the page.</summary>
    public Task RewriteAsync(string path, Action<JsonNode> change) => Page.RouteAsync($"**/{path}", async route =>
    {
        IAPIResponse response = await route.FetchAsync();
        JsonNode answer = JsonNode.Parse(await response.TextAsync())!;
        change(answer);
        await route.FulfillAsync(new() { Response = response, Body = answer.ToJsonString() });
    });

    /// <summary>A message of the browser that belongs to the test, by a part of it.</summary>
    public void ExpectConsoleError(string part) => _expected.Add(part);

    /// <summary>What the page did that it must never do.</summary>
    public async Task AssertNoProblemsAsync()
    {
        string[] violations = await Page.EvaluateAsync<string[]>("() => window.violations ?? []");
        Assert.Empty(violations);
        Assert.DoesNotContain(_problems, problem => !_expected.Any(part => problem.Contains(part, StringComparison.Ordinal)));
    }

    /// <summary>Watches a page: errors, dialogs, violations of its policy, and requests to anything but its own origin.</summary>
    public void Watch(IPage page)
    {
        page.Console += (_, message) => Add(message.Type is "error" or "warning", $"console: {message.Text}");
        page.PageError += (_, error) => Add(true, $"error: {error}");
        page.Dialog += (_, dialog) =>
        {
            Add(true, $"dialog: {dialog.Message}");
            _ = dialog.DismissAsync();
        };
        page.Request += (_, request) => Add(
            !request.Url.StartsWith(App.Origin.AbsoluteUri, StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal)
                && !request.Url.StartsWith("blob:", StringComparison.Ordinal),
            $"request: {request.Url}");
        _ = page.AddInitScriptAsync("""
            window.violations = [];
            document.addEventListener("securitypolicyviolation", event => window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
            """);
    }

    public async ValueTask DisposeAsync()
    {
        Gate.Open();
        await Context.DisposeAsync();
        await App.DisposeAsync();
        await Deployment.DisposeAsync();
        _run.Dispose();
    }

    private void Add(bool isProblem, string text)
    {
        if (isProblem)
        {
            lock (_problems)
            {
                _problems.Add(text);
            }
        }
    }
}

/// <summary>Runs tests with a page of their own, and looks at the end what the page did on the way.</summary>
[Collection(BrowserGroup.Name)]
public abstract class PageTest(BrowserFixture fixture)
{
    protected BrowserFixture Fixture { get; } = fixture;

    internal async Task RunAsync(
        Func<ChatPage, Task> test, Action<BrowserNewContextOptions>? configure = null, Action<PrivatemodeTestDeployment>? prepare = null, bool start = true)
    {
        await using ChatPage chat = await ChatPage.OpenAsync(Fixture.Browser, configure, prepare);
        if (start)
        {
            await chat.StartAsync();
        }

        await test(chat);
        await chat.AssertNoProblemsAsync();
    }
}
