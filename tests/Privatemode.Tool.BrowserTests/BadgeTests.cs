using System.Text.Json;
using Microsoft.Playwright;
using Privatemode.AI.Testing;
using Privatemode.Tool.BrowserTests.Fakes;
using static Microsoft.Playwright.Assertions;

namespace Privatemode.Tool.BrowserTests;

/// <summary>The badge: what is known about the deployment, and the report behind it.</summary>
public sealed class BadgeTests(BrowserFixture fixture) : PageTest(fixture)
{
    [BrowserFact]
    public Task Demo_IsNeverCalledVerified() => RunAsync(async chat =>
    {
        await Expect(chat.Badge).ToHaveTextAsync("demo: proves nothing");
        await chat.Badge.ClickAsync();
        await Expect(chat.Page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("This is a demo");
    });

    [BrowserFact]
    public Task VerifiedDeployment_IsShownWithManifestAndAge() => RunAsync(
        async chat =>
        {
            await chat.RewriteAsync("verification", answer =>
            {
                answer["demo"] = false;
                answer["now"] = answer["report"]!["verifiedAt"]!.GetValue<DateTimeOffset>().AddSeconds(200).ToString("O");
            });
            await chat.StartAsync();
            string digest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(chat.Deployment.Evidence.Manifest.Span));
            await Expect(chat.Badge).ToHaveTextAsync($"verified: SEV-SNP, manifest {digest[..8]}, 3 minutes ago");

            await chat.Badge.ClickAsync();
            ILocator report = chat.Page.GetByRole(AriaRole.Dialog);
            await Expect(report).ToContainTextAsync(digest);
            await Expect(report).ToContainTextAsync("manifest-match");
            await Expect(report).ToContainTextAsync("✓ passed");
        },
        start: false);

    [BrowserFact]
    public Task Report_IsSavedAsTheProgramGaveIt() => RunAsync(async chat =>
    {
        await Expect(chat.Badge).ToHaveAttributeAsync("data-state", "demo");
        await chat.Badge.ClickAsync();
        IDownload download = await chat.Page.RunAndWaitForDownloadAsync(
            () => chat.Page.GetByRole(AriaRole.Button, new() { Name = "Save report" }).ClickAsync());
        JsonElement saved = JsonElement.Parse(await File.ReadAllTextAsync(await download.PathAsync()));

        Assert.Equal("privatemode-verification.json", download.SuggestedFilename);
        Assert.Equal("verified", saved.GetProperty("state").GetString());
        Assert.Equal(JsonValueKind.Array, saved.GetProperty("report").GetProperty("checks").ValueKind);
    });

    [BrowserFact]
    public Task RefusedDeployment_GetsNothing() => RunAsync(
        async chat =>
        {
            // The list of models comes from the same deployment.
            chat.ExpectConsoleError("the server responded with a status of 50");
            _ = await chat.Page.GotoAsync(chat.App.Address.AbsoluteUri);
            await Expect(chat.Badge).ToHaveTextAsync("NOT VERIFIED: nothing is sent");
            await chat.Composer.FillAsync("Hello");
            await Expect(chat.Page.Locator("#send")).ToBeDisabledAsync();
            await chat.Composer.PressAsync("Enter");
            await chat.Badge.ClickAsync();
            await Expect(chat.Page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("The service could not prove what it runs. Nothing is sent to it.");

            Assert.Empty(chat.Deployment.Requests);
        },
        prepare: deployment => deployment.Evidence.Defect = EvidenceDefect.SnpDebug,
        start: false);

    [BrowserFact]
    public Task ProgramThatEnded_IsNotConnected() => RunAsync(async chat =>
    {
        chat.ExpectConsoleError("ERR_");
        await chat.Page.RouteAsync("**/verification", route => route.AbortAsync());
        await chat.Page.ReloadAsync();

        await Expect(chat.Badge).ToHaveTextAsync("NOT CONNECTED: nothing is sent");
        await chat.Composer.FillAsync("Hello");
        await Expect(chat.Page.Locator("#send")).ToBeDisabledAsync();
    });
}
