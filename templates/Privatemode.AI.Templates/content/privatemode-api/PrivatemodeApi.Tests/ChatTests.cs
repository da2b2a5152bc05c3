using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI;
using Privatemode.AI.Testing;
using Xunit;

namespace PrivatemodeApi.Tests;

/// <summary>Tests the API with a deployment in the test process: real verification, encryption and HTTP, and a scripted model. No API key is needed.</summary>
public sealed class ChatTests : IAsyncLifetime
{
    private PrivatemodeTestDeployment _deployment = null!;
    private WebApplicationFactory<Program> _api = null!;

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync();
        _api = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
            host.ConfigureTestServices(services => services.PostConfigureAll<PrivatemodeOptions>(_deployment.ConfigureClient)));
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        await _deployment.DisposeAsync();
    }

    [Fact]
    public async Task Chat_AQuestion_IsAnsweredAndSentEncrypted()
    {
        _deployment.Model.Reply("It rains.");

        Assert.Equal("It rains.", Text(await AskAsync("How is the weather in Bochum?")));

        RecordedRequest request = Assert.Single(_deployment.Requests);
        Assert.Contains("How is the weather in Bochum?", request.DecryptedBody);
        Assert.DoesNotContain("Bochum", request.WireBodyText);
    }

    [Fact]
    public async Task Chat_AnAnswerOfSeveralLines_ArrivesInPieces()
    {
        _deployment.Model.Reply("It rains.\nTake an umbrella.");

        List<SseItem<string>> events = await AskAsync("How is the weather in Bochum?");

        Assert.True(events.Count > 2);
        Assert.Equal("It rains.\nTake an umbrella.", Text(events));
    }

    [Fact]
    public async Task Chat_AFailureOfTheService_EndsWithAnError()
    {
        _deployment.Model.ReplyWithError(500, "The model failed.");
        Assert.Equal("other", Error(await AskAsync("Hello")));
    }

    [Fact]
    public async Task Chat_AnAlteredAnswer_EndsWithAnError()
    {
        _deployment.Faults.Inject(Fault.TamperEvent(0));
        Assert.Equal("not-authentic", Error(await AskAsync("Hello")));
    }

    [Fact]
    public async Task Chat_ADeploymentThatCannotBeVerified_GetsNoQuestion()
    {
        _deployment.Evidence.Defect = EvidenceDefect.SnpSignatureByOtherKey;
        Assert.Equal("snp-report-signature", Error(await AskAsync("Hello")));
        Assert.Empty(_deployment.Requests);
    }

    [Fact]
    public async Task Chat_NoText_IsABadRequest()
    {
        using HttpResponseMessage response = await _api.CreateClient().PostAsJsonAsync("/chat", new Question(" "));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Readyz_AfterTheDeploymentWasVerified_IsHealthy()
    {
        await AskAsync("Hello");
        Assert.Equal("Healthy", await _api.CreateClient().GetStringAsync("/readyz"));
    }

    private async Task<List<SseItem<string>>> AskAsync(string text)
    {
        using HttpResponseMessage response = await _api.CreateClient().PostAsJsonAsync("/chat", new Question(text));
        await using Stream body = await response.EnsureSuccessStatusCode().Content.ReadAsStreamAsync();
        List<SseItem<string>> events = [];
        await foreach (SseItem<string> item in SseParser.Create(body).EnumerateAsync())
        {
            events.Add(item);
        }

        return events;
    }

    private static string Text(List<SseItem<string>> events)
    {
        Assert.Equal("done", events[^1].EventType);
        Assert.All(events.SkipLast(1), item => Assert.Equal("message", item.EventType));
        return string.Concat(events.Select(item => item.Data));
    }

    // The error type that the last event carries.
    private static string Error(List<SseItem<string>> events)
    {
        Assert.Equal("error", events[^1].EventType);
        return events[^1].Data;
    }
}
