using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.AI;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Diagnostics;

/// <summary>What calls tell of themselves.</summary>
[Collection(ListenersAlone.Name)]
public sealed class CallTelemetryTests : DeploymentTest
{
    private const string Ok = "privatemode.endpoint=/v1/chat/completions privatemode.outcome=ok privatemode.tee=SEV-SNP";

    private readonly TelemetryRecorder _recorder = new();
    private readonly CapturingLoggerFactory _logs = new();

    protected override void Configure(PrivatemodeOptions options) => options.LoggerFactory = _logs;

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _recorder.Dispose();
    }

    [Fact]
    public async Task Chat_Unary_TellsOfEveryStep()
    {
        using Activity caller = new Activity("caller").Start();
        Assert.Null(await AskAsync());
        Assert.Same(caller, Activity.Current);
        Assert.Equal(
            ["privatemode.attest", "privatemode.exchange", "privatemode.seal", "privatemode.open"], _recorder.Activities.Select(item => item.OperationName));
        string digest = (await Client.VerifyAsync().OrTimeout()).ManifestSha256;
        string[] tags =
        [
            "gen_ai.request.model=gpt-oss-120b", "privatemode.attempt=0", "privatemode.endpoint=/v1/chat/completions",
            $"privatemode.manifest.sha256={digest}", "privatemode.outcome=ok", "privatemode.tee=SEV-SNP",
        ];
        Assert.Equal(tags, _recorder.TagsOf("privatemode.seal"));
        Assert.Equal(tags, _recorder.TagsOf("privatemode.open"));
        Assert.Equal([$"privatemode.manifest.sha256={digest}", "privatemode.outcome=ok", "privatemode.tee=SEV-SNP"], _recorder.TagsOf("privatemode.exchange"));

        // What is done for everybody belongs to no caller; a verification somebody asks for is his.
        Assert.Equal(
            [null, null, caller.Id, caller.Id, caller.Id], _recorder.Activities.Select(item => item.ParentId));
        Assert.All(_recorder.Activities, item => Assert.Equal(ActivityStatusCode.Unset, item.Status));
        Assert.All(Deployment.AllRequests, request => Assert.DoesNotContain(request.Headers.Keys, name => name.StartsWith("trace", StringComparison.Ordinal)));
        Assert.Equal(["call", "request"], _recorder.Activities.Select(item => (string?)item.GetTagItem("privatemode.trigger")).OfType<string>());
    }

    [Fact]
    public async Task Chat_Unary_IsMeasuredAndLogged()
    {
        Assert.Null(await AskAsync());
        const string Verified = "privatemode.outcome=ok privatemode.tee=SEV-SNP";
        Assert.Equal(
            [
                $"privatemode.attest.duration 0 {Verified} privatemode.trigger=call",
                $"privatemode.attestations 1 {Verified} privatemode.trigger=call",
                $"privatemode.exchange.duration 0 {Verified}",
                $"privatemode.seal.duration 0 {Ok}",
                $"privatemode.open.duration 0 {Ok}",
            ],
            _recorder.Measurements);
        Assert.Equal(["Information ManifestAdopted", "Information DeploymentVerified", "Debug SecretExchanged"], OwnLogs());
        Assert.Contains(_logs.Lines, line => line.Contains(Deployment.Endpoint.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Chat_Streamed_EndsWithTheStreamAndIsNeverCurrent()
    {
        using Activity caller = new Activity("caller").Start();
        await foreach (ChatResponseUpdate update in Chat.GetStreamingResponseAsync("tell me something longer than a word").WithTimeout())
        {
            Assert.Same(caller, Activity.Current);
            using Activity own = new Activity("own").Start();
            Assert.Same(caller, own.Parent);
        }

        Assert.Same(caller, Activity.Current);
        Activity open = Assert.Single(_recorder.Activities, item => item.OperationName == "privatemode.open");
        long events = Assert.IsType<long>(open.GetTagItem("privatemode.events"));
        Assert.True(events > 2, $"{events} events");
        Assert.Contains($"privatemode.open.events {events.ToString(CultureInfo.InvariantCulture)} {Ok}", _recorder.Measurements);
        Assert.Equal(_recorder.Begun, _recorder.Activities.Count);
    }

    [Fact]
    public void SynchronousStream_EndsWithTheStreamAndLeavesTheCallersActivity()
    {
        using Activity caller = new Activity("caller").Start();
        int updates = 0;
        foreach (OpenAI.Chat.StreamingChatCompletionUpdate update in Client.OpenAI.GetChatClient(ModelId).CompleteChatStreaming("tell me more"))
        {
            updates++;
            Assert.Same(caller, Activity.Current);
        }

        Assert.True(updates > 2);
        Assert.Same(caller, Activity.Current);
        Assert.Contains("privatemode.outcome=ok", _recorder.TagsOf("privatemode.open"));
    }

    [Fact]
    public async Task Stream_LeftBeforeItsEnd_IsNoError()
    {
        await foreach (ChatResponseUpdate update in Chat.GetStreamingResponseAsync("tell me something longer than a word").WithTimeout())
        {
            break;
        }

        Activity open = Assert.Single(_recorder.Activities, item => item.OperationName == "privatemode.open");
        Assert.Equal(("abandoned", ActivityStatusCode.Unset), (open.GetTagItem("privatemode.outcome"), open.Status));
        Assert.DoesNotContain(OwnLogs(), line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Answer_Altered_IsCountedAndLoggedOnce(bool streamed)
    {
        Deployment.Faults.Inject(Fault.TamperEvent(0));
        Exception? failure = streamed ? (await StreamAsync()).Failure : await AskAsync();
        PrivatemodeIntegrityException exception = Assert.IsType<PrivatemodeIntegrityException>(failure);
        Assert.Single(_recorder.Measurements, line => line == $"privatemode.refusals 1 error.type={exception.ErrorType} privatemode.refused=answer");
        Assert.Single(OwnLogs(), "Error IntegrityFailure");
        Assert.Contains(_logs.Lines, line => line.Contains(exception.RequestId!, StringComparison.Ordinal) && line.Contains(exception.ErrorType));
        Activity open = Assert.Single(_recorder.Activities, item => item.OperationName == "privatemode.open");
        Assert.Equal((exception.ErrorType, ActivityStatusCode.Error), (open.GetTagItem("error.type"), open.Status));
        Assert.Contains("privatemode.outcome=failed", TelemetryRecorder.TagsOf(open));
    }

    [Fact]
    public async Task Stream_PausesTooLong_IsATimeout()
    {
        Deployment.Model.Reply("one two three four");
        Deployment.Faults.Inject(Fault.StallBeforeEvent(3));
        string text = "";
        await using IAsyncEnumerator<ChatResponseUpdate> updates = Chat.GetStreamingResponseAsync("hi").GetAsyncEnumerator();
        while (text != "one two" && await updates.MoveNextAsync().AsTask().OrTimeout())
        {
            text += updates.Current.Text;
        }

        Task<bool> stalled = updates.MoveNextAsync().AsTask();
        await Time.TimerAsync(due => due == TimeSpan.FromSeconds(100)).OrTimeout();
        Time.Advance(TimeSpan.FromSeconds(100));
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => stalled.OrTimeout());
        Assert.Contains("error.type=timeout", _recorder.TagsOf("privatemode.open"));
    }

    [Fact]
    public async Task Call_WouldLeak_IsCountedAndLoggedAndNothingElse()
    {
        OpenAI.Chat.ChatCompletionOptions raw = new();
        raw.Patch.Set("$.model"u8, "no model ");
        ChatOptions options = new() { RawRepresentationFactory = _ => raw };
        Exception? failure = await Record.ExceptionAsync(() => Chat.GetResponseAsync("hi", options)).OrTimeout();
        string refused = Assert.IsType<PrivatemodeWouldLeakException>(failure).ErrorType;
        Assert.Equal([$"privatemode.refusals 1 error.type={refused} privatemode.refused=call"], _recorder.Measurements);
        Assert.Equal(["Warning CallRefused"], OwnLogs());
        Assert.Equal(0, _recorder.Begun);
    }

    [Fact]
    public async Task Secret_Forgotten_IsCountedAsARepeat()
    {
        await AskAsync();
        Deployment.ForgetSecrets();
        Assert.Null(await AskAsync());
        Assert.Single(_recorder.Measurements, "privatemode.repeats 1 privatemode.reason=unknown-secret");
        Assert.Single(OwnLogs(), "Information SecretForgotten");
        Activity[] opened = [.. _recorder.Activities.Where(item => item.OperationName == "privatemode.open")];
        Assert.Equal(["ok", "error-answer", "ok"], opened.Select(item => item.GetTagItem("privatemode.outcome")));
        Assert.Equal([0, 0, 1], opened.Select(item => item.GetTagItem("privatemode.attempt")));
        Assert.Equal([null, 500, null], opened.Select(item => item.GetTagItem("http.response.status_code")));
    }

    [Fact]
    public async Task Service_LimitsTheRate_IsCountedAsARetry()
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(429, Sentinel.Text, TimeSpan.FromSeconds(7)));
        Task<Exception?> asking = AskAsync();
        Time.Advance(await Time.TimerAsync(due => due == TimeSpan.FromSeconds(7)).OrTimeout());
        Assert.Null(await asking);
        Assert.Single(_recorder.Measurements, "privatemode.retries 1 error.type=429");
        Assert.Single(OwnLogs(), "Warning RateLimited");
        Assert.Contains(_logs.Lines, line => line.Contains("wait 7 s", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Models_NotEncrypted_HaveNoActivityOfEncryption()
    {
        Assert.NotEmpty(await Client.Models.ListAsync().OrTimeout());
        Assert.DoesNotContain(_recorder.Activities, item => item.OperationName == "privatemode.seal");
        Assert.Contains("privatemode.endpoint=/v1/models", _recorder.TagsOf("privatemode.open"));
    }

    private IEnumerable<string> OwnLogs() => _logs.Lines.Where(line => line.StartsWith("Privatemode.AI ", StringComparison.Ordinal))
        .Select(line => string.Join(' ', line.Split(' ')[1..3]));
}
