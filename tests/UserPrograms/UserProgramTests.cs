using System.Net;
using System.Text;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI;
using Privatemode.AI.Testing;
using Xunit;

namespace UserPrograms;

/// <summary>The programs run against a test deployment.</summary>
public sealed class UserProgramTests : IAsyncLifetime
{
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private PrivatemodeTestDeployment _deployment = null!;
    private PrivatemodeClient _client = null!;

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync(new() { AdditionalApiKeys = { "key-of-company" } });
        _client = _deployment.CreateClient();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _deployment.DisposeAsync();
        await _output.DisposeAsync();
    }

    [Fact]
    public async Task ConsoleChat_Remembers()
    {
        _deployment.Model.Reply("Hello.").Then.Reply("Your name is Ada.");
        using StringReader input = new("I am Ada.\nWho am I?\n");
        await ConsoleChat.RunAsync(_client, input, _output, CancellationToken.None);
        Assert.Contains("Your name is Ada.", _output.ToString());
        Assert.Contains("I am Ada.", _deployment.Requests[1].DecryptedBody);
    }

    [Fact]
    public async Task StreamingChat_StopsWhenEnough()
    {
        _deployment.Model.Reply("Once upon a time there was a key that never left its enclave.").WithReasoning("A story.");
        string shown = await StreamingChat.RunAsync(_client, _output, enough: 4);
        Assert.StartsWith("Once", shown);
        Assert.Contains("<", _output.ToString());
    }

    [Fact]
    public async Task KernelWithAPlugin_CallsTheFunction()
    {
        _deployment.Model.ReplyWithToolCall("Clock-get_time", "{}").Then.Reply("It is noon.");
        Assert.Equal("It is noon.", await KernelWithAPlugin.RunAsync(_client));
        Assert.Contains("12:00", _deployment.Requests[1].DecryptedBody);
    }

    [Fact]
    public async Task ToolCalling_CallsTheFunction()
    {
        _deployment.Model.ReplyWithToolCall("GetTemperature", """{"city":"Bochum"}""").Then.Reply("It is 21.5 degrees.");
        Assert.Equal("It is 21.5 degrees.", await ToolCalling.RunAsync(_client));
        Assert.Contains("21.5", _deployment.Requests[1].DecryptedBody);
    }

    [Fact]
    public async Task AgentLoop_AsksBeforeItActs()
    {
        _deployment.Model.ReplyWithToolCall("delete_all", "{}").Then.Reply("I may not.");
        AgentLoop agent = new AgentLoop(_client.AsIChatClient("gpt-oss-120b"), call => call.Name != "delete_all")
            .AddTool(AIFunctionFactory.Create(() => Assert.Fail("was not approved"), "delete_all", "Deletes everything."));
        Assert.StartsWith("I may not.", await agent.RunAsync("Clean up."));
    }

    [Fact]
    public async Task StructuredAnswer_IsRead()
    {
        _deployment.Model.Reply("""{"Number":"2026-7","Total":119.00,"Currency":"EUR"}""");
        Assert.Equal(new StructuredAnswer.Invoice("2026-7", 119, "EUR"), await StructuredAnswer.RunAsync(_client, "Invoice 2026-7 ..."));
    }

    [Fact]
    public async Task EmbeddingIndex_FindsTheText()
    {
        _deployment.Model.SetEmbedding("keys", 1, 0);
        _deployment.Model.SetEmbedding("rain", 0, 1);
        _deployment.Model.SetEmbedding(TextEmbeddingOptions.FormatQuery("Given a question, retrieve the text that answers it", "Will it rain?"), 0, 1);
        Assert.Equal(2, await EmbeddingIndex.RunAsync(_client, ["keys", "keys", "rain", "keys", "keys"], "Will it rain?"));
    }

    [Fact]
    public async Task MeetingMinutes_HaveTimes()
    {
        _deployment.Model.ReplyWithTranscription("Guten Morgen", new ScriptedTranscriptionSegment("Guten Morgen", TimeSpan.Zero, TimeSpan.FromSeconds(1.5)))
            .WithLanguage("de").WithRecordingDuration(TimeSpan.FromSeconds(2))
            .Then.ReplyWithTranscription("Guten Morgen").WithWord("Guten", TimeSpan.Zero, TimeSpan.FromSeconds(0.5)).WithLanguage("de");
        using MemoryStream recording = new(Encoding.ASCII.GetBytes("RIFF    WAVEfmt "));
        Assert.StartsWith("WEBVTT", await MeetingMinutes.RunAsync(_client, recording, _output));
        Assert.Contains("Guten at 0.0 s", _output.ToString());
    }

    [Fact]
    public async Task ContractReader_AsksAboutTheText()
    {
        _deployment.Model.ReplyWithDocument(new ScriptedDocumentElement("NarrativeText", "The rent is due on the first.") { PageNumber = 1 })
            .Then.Reply("On the first.");
        using MemoryStream contract = new("<p>The rent is due on the first.</p>"u8.ToArray());
        Assert.Equal("On the first.", await ContractReader.RunAsync(_client, contract, _output));
        Assert.Contains("NarrativeText: The rent", _output.ToString());
    }

    [Fact]
    public async Task CodeCompletion_WholeAndStreamed()
    {
        _deployment.Model.Reply(" return a + b").Then.Reply(" return a - b");
        Assert.Equal((" return a + b", " return a - b"), await CodeCompletion.RunAsync(_client));
    }

    [Fact]
    public async Task ModelPicker_NoticesANewModel()
    {
        string picked = await ModelPicker.RunAsync(_client, () => _deployment.AddModel("new-model", "generate"), _output);
        Assert.Equal("gpt-oss-120b", picked);
        Assert.Contains("+new-model", _output.ToString());
    }

    [Fact]
    public async Task OpenAICode_WorksUnchanged()
    {
        _deployment.Model.Reply("KEM").Then.Reply("HPKE");
        Assert.Equal("KEM HPKE True", await OpenAICode.RunAsync(_client));
    }

    [Fact]
    public async Task MessagesOverHttp_ByHandAndByFactory()
    {
        _deployment.Model.Reply("A KEM.").Then.Reply("A KEM.");
        Assert.Equal("A KEM. (True)", await MessagesOverHttp.RunAsync(_client, _deployment.Endpoint));
        IServiceCollection services = new ServiceCollection().AddPrivatemode(_deployment.ConfigureClient);
        Assert.Equal("A KEM. (True)", await MessagesOverHttp.RunAsync(services, _deployment.Endpoint));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ManifestReview_DecidesAndIsLogged(bool answer)
    {
        using TemporaryFolder folder = new();
        ManifestReview review = new(_output, _ => answer);
        await using PrivatemodeClient client = _deployment.CreateClient(options => options.Verification.Manifest = review.CreatePolicy(folder.Path));
        if (answer)
        {
            VerifiedDeployment verified = await client.VerifyAsync();
            Assert.Contains(verified.ManifestSha256, _output.ToString());
            string log = Path.Combine(folder.Path, ManifestLog.InsecureLoopbackDirectoryName);
            Assert.EndsWith($"{ManifestSource.Approved}", Assert.Single(ManifestReview.ReadLog(Directory.Exists(log) ? log : folder.Path)));
        }
        else
        {
            await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => client.VerifyAsync());
        }
    }

    [Fact]
    public async Task EvidenceAudit_VerifiesLater()
    {
        using TemporaryFolder folder = new();
        string file = Path.Combine(folder.Path, "evidence.json");
        string manifest = await EvidenceAudit.SaveAsync(_client, file);
        string now = await EvidenceAudit.VerifyAsync(file, manifest, DateTimeOffset.UtcNow, _output, _deployment.InsecureLoopbackTrust);
        Assert.Contains("valid until", now);
        InsecureLoopbackTrust trust = _deployment.InsecureLoopbackTrust;
        Assert.StartsWith("refused", await EvidenceAudit.VerifyAsync(file, new string('0', 64), DateTimeOffset.UtcNow, _output, trust));
    }

    [Fact]
    public async Task ReceiptLog_IsReadBack()
    {
        using ReceiptLog chat = new(_client.AsIChatClient("gpt-oss-120b"), _output);
        _deployment.Model.Reply("Hello.");
        await chat.GetResponseAsync("Hi");
        EncryptionReceipt receipt = Assert.Single(ReceiptLog.Read(_output.ToString()));
        Assert.Contains("messages", receipt.EncryptedMembers);
    }

    [Fact]
    public async Task TwoAccounts_EachUseTheirKey()
    {
        _deployment.Model.Reply("for customers").Then.Reply("for the company");
        await using WebApplication app = TwoAccounts.Create(_deployment.ConfigureClient, options =>
        {
            _deployment.ConfigureClient(options);
            options.ApiKey = "key-of-company";
        });
        await app.StartAsync();
        using HttpClient browser = new() { BaseAddress = new Uri(app.Urls.First()) };
        Assert.Equal("for customers", await PostAsync(browser, "/ask"));
        Assert.Equal("for the company", await PostAsync(browser, "/internal/ask"));
        Assert.Equal("True", await PostAsync(browser, "/internal/embed"));
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/health")).StatusCode);
        Assert.Equal(2, _deployment.Requests.Select(request => request.Headers["Authorization"]).Distinct().Count());
        await app.StopAsync();
    }

    [Fact]
    public async Task HostedProxy_EncryptsRequestsOfItsCallers()
    {
        const string Key = "caller-key-0123456789";
        _deployment.Model.Reply("Hello.");
        await using WebApplication app = HostedProxy.Create(_deployment.ConfigureClient, Key);
        await app.StartAsync();
        using HttpClient caller = new() { BaseAddress = new Uri(app.Urls.First()) };
        Assert.Equal(HttpStatusCode.Unauthorized, (await ChatAsync(caller)).StatusCode);

        caller.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        using HttpResponseMessage answer = await ChatAsync(caller);
        Assert.Contains("Hello.", await answer.Content.ReadAsStringAsync());
        Assert.Contains("Who are you?", Assert.Single(_deployment.Requests).DecryptedBody);
        Assert.Equal(HttpStatusCode.OK, (await caller.GetAsync("/healthz")).StatusCode);
        await app.StopAsync();
    }

    [Fact]
    public void StrictSettings_AreTaken()
    {
        using ConcurrencyLimiter limiter = new(new() { PermitLimit = 2, QueueLimit = 10 });
        using PrivatemodeClient client = new(StrictSettings.Create(new string('a', 64), limiter, new byte[32], () => "alice"));
        Assert.NotNull(client.AsIChatClient("gpt-oss-120b"));
    }

    private static Task<HttpResponseMessage> ChatAsync(HttpClient caller) => caller.PostAsync("/v1/chat/completions", new StringContent(
        """{"model":"assistant","messages":[{"role":"user","content":"Who are you?"}]}""", Encoding.UTF8, "application/json"));

    private static async Task<string> PostAsync(HttpClient browser, string path)
    {
        using StringContent question = new("Who are you?");
        using HttpResponseMessage answer = await browser.PostAsync(path, question);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadAsStringAsync();
    }
}
