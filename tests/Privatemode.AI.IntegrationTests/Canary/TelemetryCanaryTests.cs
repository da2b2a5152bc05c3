using System.ClientModel;
using System.Text;
using Microsoft.Extensions.AI;
using OpenAI.Audio;
using Privatemode.AI.IntegrationTests.Diagnostics;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Canary;

/// <summary>The sentinel in prompts, answers, errors, files and the API key, and everybody listening at the highest level: nobody hears of it.</summary>
[Collection(ListenersAlone.Name)]
public sealed class TelemetryCanaryTests : DeploymentTest
{
    private readonly TelemetryRecorder _recorder = new();
    private readonly CapturingLoggerFactory _logs = new();

    protected override void ConfigureDeployment(PrivatemodeTestDeploymentOptions options) => options.ApiKey = $"key-{Sentinel.Text}";

    /// <remarks>Bodies as they travel are not logged: here the service says things in the clear, and they would be.</remarks>
    protected override void Configure(PrivatemodeOptions options) => options.LoggerFactory = _logs;

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _recorder.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Chat_WhateverHappens_TelemetryHoldsNothingOfTheSentinel(bool streamed)
    {
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text($"{Sentinel.Text} answer one two three").WithReasoning($"{Sentinel.Text} reasoning"));
        int failures = 0;
        foreach (Fault? fault in (Fault?[])
            [
                null, Fault.EncryptedError(400, Sentinel.Text), Fault.UnencryptedError(400, Sentinel.Text), Fault.UnencryptedError(500, Sentinel.Text),
                Fault.TamperEvent(0), Fault.ReflectRequest, Fault.UnencryptedEvent(0), Fault.UnencryptedSuccess(), Fault.CutConnection(400),
                streamed ? Fault.ReplaceEventWithError(1, Sentinel.Text) : Fault.EncryptedError(422, Sentinel.Text),
            ])
        {
            if (fault is not null)
            {
                Deployment.Faults.Inject(fault);
            }

            failures += await TryAsync(streamed, new ChatOptions { AdditionalProperties = new() { ["user_tag"] = Sentinel.Text } }) is null ? 0 : 1;
        }

        Assert.Equal(9, failures);
        Assert.NotNull(await TryAsync(streamed, new ChatOptions { ModelId = Sentinel.NotAModel }));
        Assert.NotNull(await TryAsync(streamed, new ChatOptions { AdditionalProperties = new() { ["messages"] = Sentinel.Text } }));
        AssertNothingReported("privatemode.attest", "privatemode.exchange", "privatemode.seal", "privatemode.open");
        Assert.Contains(_recorder.Measurements, line => line.StartsWith("privatemode.refusals", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Responses_WhateverHappens_TelemetryHoldsNothingOfTheSentinel(bool streamed)
    {
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text($"{Sentinel.Text} answer one two three").WithReasoning($"{Sentinel.Text} reasoning"));
        using HttpClient http = new(Client.CreateHandler()) { BaseAddress = Deployment.Endpoint, Timeout = Timeout.InfiniteTimeSpan };
        string valid = $$"""
            {"model":"{{ModelId}}","stream":{{(streamed ? "true" : "false")}},"instructions":"{{Sentinel.Text}}","metadata":{"a":"{{Sentinel.Text}}"},
            "tools":[{"type":"function","name":"{{Sentinel.Text}}"}],"prompt_cache_key":"{{Sentinel.Text}}","client_metadata":{"a":"{{Sentinel.Text}}"},
            "input":[{"role":"user","content":"{{Sentinel.Text}}"},{"type":"reasoning","summary":[],"encrypted_content":"{{Sentinel.Text}}"},
            {"role":"assistant","content":"{{Sentinel.Text}}"},{"role":"user","content":"{{Sentinel.Text}}"}]}
            """;
        foreach (Fault? fault in (Fault?[])
            [null, Fault.EncryptedError(400, Sentinel.Text), Fault.UnencryptedError(400, Sentinel.Text), Fault.TamperEvent(0), Fault.ReflectRequest])
        {
            if (fault is not null)
            {
                Deployment.Faults.Inject(fault);
            }

            _ = await Record.ExceptionAsync(() => PostAsync(http, valid));
        }

        Assert.Equal(5, Deployment.Requests.Count);
        string refused = valid.Replace("\"role\":\"user\"", $"\"role\":\"{Sentinel.Text}\"", StringComparison.Ordinal);
        Assert.NotNull(await Record.ExceptionAsync(() => PostAsync(http, refused)));
        AssertNothingReported("privatemode.seal", "privatemode.open");
        Assert.Contains(_logs.Lines, line => line.Contains("ForeignReasoningDropped", StringComparison.Ordinal));
    }

    [Fact]
    public async Task File_ItsNameAndContent_AreNotTold()
    {
        Deployment.Model.ReplyWithTranscription(Sentinel.Text);
        AudioClient audio = Client.OpenAI.GetAudioClient("whisper-large-v3");
        ClientResult<AudioTranscription> text = await audio.TranscribeAudioAsync(
            new MemoryStream(Sentinel.Bytes), $"{Sentinel.Text}.wav", new AudioTranscriptionOptions { Prompt = Sentinel.Text }).OrTimeout();
        Assert.Equal(Sentinel.Text, text.Value.Text);
        AssertNothingReported("privatemode.seal", "privatemode.open");
    }

    [Fact]
    public async Task Deployment_DoesNotProveItself_IsToldWithoutItsWords()
    {
        Deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        Assert.IsType<PrivatemodeVerificationException>(await TryAsync(streamed: false, new ChatOptions()));
        Deployment.Evidence.Defect = EvidenceDefect.None;
        Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.UnencryptedError(503, Sentinel.Text), times: 20);
        Task<Exception?> asking = TryAsync(streamed: false, new ChatOptions());
        Time.Advance(await Time.TimerAsync(due => due == TimeSpan.FromSeconds(1)).OrTimeout());
        Time.Advance(await Time.TimerAsync(due => due == TimeSpan.FromSeconds(2)).OrTimeout());
        Assert.NotNull(await asking);
        AssertNothingReported("privatemode.attest");
        Assert.Contains(_logs.Lines, line => line.Contains("VerificationFailed", StringComparison.Ordinal));
    }

    private async Task<Exception?> TryAsync(bool streamed, ChatOptions options)
    {
        ChatMessage message = new(
            ChatRole.User, [new TextContent(Sentinel.Text), new DataContent(Sentinel.Bytes, "application/pdf") { Name = $"{Sentinel.Text}.pdf" }]);
        return await Record.ExceptionAsync(() => streamed
            ? Chat.GetStreamingResponseAsync([message], options).ToChatResponseAsync()
            : Chat.GetResponseAsync([message], options)).OrTimeout();
    }

    private static async Task PostAsync(HttpClient http, string body)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/responses") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        using HttpResponseMessage response = await http.SendAsync(request).OrTimeout();
        _ = await response.Content.ReadAsStringAsync().OrTimeout();
    }

    private void AssertNothingReported(params string[] activities)
    {
        _ = _recorder.Observe();
        Assert.All(activities, name => Assert.Contains(_recorder.Activities, item => item.OperationName == name));
        Assert.Equal(_recorder.Begun, _recorder.Activities.Count);
        Assert.NotEmpty(_recorder.Measurements);
        Assert.All(_recorder.Everything, text => Assert.Empty(Sentinel.FoundIn(text)));
        Assert.NotEmpty(_logs.Lines);
        Assert.All(_logs.Lines, line => Assert.Empty(Sentinel.FoundIn(line)));
    }
}
