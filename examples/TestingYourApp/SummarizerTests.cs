using Privatemode.AI;
using Privatemode.AI.Testing;
using Xunit;

namespace TestingYourApp;

/// <summary>Tests with a deployment in the test process: real verification, encryption and HTTP, and a scripted model.</summary>
public sealed class SummarizerTests : IAsyncLifetime
{
    private PrivatemodeTestDeployment _deployment = null!;
    private PrivatemodeClient _client = null!;

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync();
        _client = _deployment.CreateClient();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _deployment.DisposeAsync();
    }

    [Fact]
    public async Task Summarize_AText_AsksTheModelAndSendsNothingInTheClear()
    {
        _deployment.Model.Reply("It rains.");
        Assert.Equal("It rains.", await Create().SummarizeAsync("Rain falls on Bochum."));
        RecordedRequest request = Assert.Single(_deployment.Requests);
        Assert.Contains("Rain falls on Bochum.", request.DecryptedBody);
        Assert.DoesNotContain("Rain falls", request.WireBodyText);
    }

    [Fact]
    public async Task Summarize_TextIsTooLong_SaysSo()
    {
        _deployment.Model.ReplyWithError(400, "maximum context length exceeded");
        Assert.Equal("The text is too long.", await Create().SummarizeAsync("…"));
    }

    [Fact]
    public async Task Summarize_AnswerIsAltered_ThrowsInsteadOfShowingIt()
    {
        _deployment.Faults.Inject(Fault.TamperEvent(0));
        await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => Create().SummarizeAsync("Rain falls on Bochum."));
    }

    private Summarizer Create() => new(_client.AsIChatClient("gpt-oss-120b"));
}
