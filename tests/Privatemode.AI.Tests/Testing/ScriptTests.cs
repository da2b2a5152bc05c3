using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Testing;

/// <summary>Mistakes in a script show where they were made, and not as an odd answer later.</summary>
public sealed class ScriptTests
{
    public static TheoryData<Action> Mistakes => new()
    {
        () => Fault.UnencryptedError(200),
        () => Fault.EncryptedError(600, "text"),
        () => ScriptedAnswer.Error(302, "text"),
        () => Fault.TamperEvent(-1),
        () => Fault.ReplaceEventWithError(-1, "text"),
        () => Fault.CutConnection(-1),
        () => Fault.StallBeforeEvent(-1),
        () => Fault.ChangeStatus(7),
        () => Fault.ChangeStatus(200),
        () => Fault.ChangeStatus(204),
        () => Fault.ChangeStatus(600),
        () => Fault.OversizedResponse(0),
        () => Fault.Delay(TimeSpan.Zero),
        () => Fault.Delay(TimeSpan.FromHours(25)),
    };

    public static TheoryData<string, Fault> Names => new()
    {
        { "TamperEvent(0)", Fault.TamperEvent(0) },
        { "NoResponse", Fault.NoResponse },
        { "UnknownSecret", Fault.UnknownSecret },
        { "UnencryptedError(503)", Fault.UnencryptedError(503, "text") },
        { "GpuRevoked(Driver)", Fault.GpuRevoked(DateTimeOffset.UnixEpoch, GpuComponent.Driver) },
        { "GpuRevocationUnknown(Gpu)", Fault.GpuRevocationUnknown() },
        { "Delay(00:00:03)", Fault.Delay(TimeSpan.FromSeconds(3)) },
    };

    public static TheoryData<string, Action> Nulls => new()
    {
        { "text", () => ScriptedAnswer.Text(null!) },
        { "message", () => ScriptedAnswer.Error(400, null!) },
        { "text", () => new ScriptedAnswer().WithText(null!) },
        { "reasoning", () => new ScriptedAnswer().WithReasoning(null!) },
        { "refusal", () => new ScriptedAnswer().WithRefusal(null!) },
        { "finishReason", () => new ScriptedAnswer().WithFinishReason(null!) },
        { "name", () => new ScriptedAnswer().WithToolCall(null!, "{}") },
        { "arguments", () => new ScriptedAnswer().WithToolCall("f", null!) },
        { "json", () => new ScriptedAnswer().WithRawJson(null!) },
        { "json", () => new ScriptedAnswer().WithRawEvents((IEnumerable<string>)null!) },
        { "json", () => new ScriptedAnswer().WithRawEvents("{}", null!) },
        { "message", () => Fault.EncryptedError(400, null!) },
        { "message", () => Fault.ReplaceEventWithError(0, null!) },
        { "target", () => Fault.Redirect(null!) },
    };

    [Theory]
    [MemberData(nameof(Nulls))]
    public void ScriptedAnswer_Null_IsRefusedWhereItIsGiven(string parameter, Action mistake) =>
        Assert.Throws<ArgumentNullException>(parameter, mistake);

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Script_NumberThatCannotBe_IsRefused(Action mistake) => Assert.ThrowsAny<ArgumentOutOfRangeException>(mistake);

    [Fact]
    public async Task Faults_ThatCannotHappenToWhatTheyAreFor_AreRefused()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        FaultInjector faults = deployment.Faults;
        Fault redirect = Fault.Redirect(new Uri("https://example.com"));
        foreach (Action mistake in (Action[])
        [
            () => faults.Inject(redirect),
            () => faults.Inject(Fault.OutdatedManifest),
            () => faults.InjectIntoKeyExchange(redirect),
            () => faults.InjectIntoModelList(Fault.UnknownSecret),
            () => faults.InjectIntoEvidence(EvidenceSource.Manifest, Fault.UnknownSecret),
            () => faults.InjectIntoEvidence(EvidenceSource.AmdChipCertificate, Fault.OutdatedManifest),
        ])
        {
            Assert.Throws<ArgumentException>("fault", mistake);
        }

        Assert.Throws<ArgumentOutOfRangeException>("source", () => faults.InjectIntoEvidence((EvidenceSource)99, redirect));
        Assert.Throws<ArgumentNullException>("fault", () => faults.Inject(null!));
        Assert.Throws<ArgumentNullException>("fault", () => faults.InjectIntoEvidence(EvidenceSource.Manifest, null!));
        Assert.Equal(0, faults.PendingCount);
        faults.InjectIntoEvidence(EvidenceSource.Manifest, Fault.OutdatedManifest);
        Assert.Equal(1, faults.PendingCount);
    }

    [Fact]
    public async Task Script_OfEveryKind_GoesOnWithThen()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        deployment.Model.Reply("one").Then.ReplyWithTranscription("two", new ScriptedTranscriptionSegment("two", TimeSpan.Zero, TimeSpan.FromSeconds(1)))
            .Then.ReplyWithDocument(new ScriptedDocumentElement("Title", "three"));
        await using PrivatemodeClient client = deployment.CreateClient();

        Assert.Equal("one", (await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout()).Text);
        ISpeechToTextClient speech = client.AsISpeechToTextClient("whisper-large-v3");
        Assert.Equal("two", (await speech.GetTextAsync(new MemoryStream(Recording.Wave())).OrTimeout()).Text);
        Assert.Equal("three", (await client.Documents.PartitionAsync(new MemoryStream([1])).OrTimeout()).Text);
    }

    [Fact]
    public async Task Inject_ForAllRequests_AppliesUntilCleared()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        await using PrivatemodeClient client = deployment.CreateClient();
        IChatClient chat = client.AsIChatClient("gpt-oss-120b");
        deployment.Faults.Inject(Fault.UnencryptedError(400), times: int.MaxValue);
        deployment.Faults.Inject(Fault.TamperEvent(0));

        for (int i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<PrivatemodeServiceException>(() => chat.GetResponseAsync("hi").OrTimeout());
        }

        Assert.Equal(int.MaxValue - 2, deployment.Faults.PendingCount);
        deployment.Faults.Clear();
        Assert.Equal(0, deployment.Faults.PendingCount);
        Assert.Equal("You said: hi", (await chat.GetResponseAsync("hi").OrTimeout()).Text);
    }

    [Fact]
    public async Task Inject_SeveralTimes_AppliesToThatManyRequests()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        await using PrivatemodeClient client = deployment.CreateClient();
        IChatClient chat = client.AsIChatClient("gpt-oss-120b");
        deployment.Faults.Inject(Fault.UnencryptedError(400), times: 2);
        deployment.Faults.Inject(Fault.TamperEvent(0));

        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => chat.GetResponseAsync("hi").OrTimeout());
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => chat.GetResponseAsync("hi").OrTimeout());
        await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => chat.GetResponseAsync("hi").OrTimeout());
        Assert.Equal("You said: hi", (await chat.GetResponseAsync("hi").OrTimeout()).Text);
    }

    [Fact]
    public async Task Delay_OfEachRequestOfACall_WaitsForTheDeploymentsClock()
    {
        ManualTimeProvider clock = new();
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(new() { TimeProvider = clock });
        await using PrivatemodeClient client = deployment.CreateClient();
        deployment.Faults.InjectIntoKeyExchange(Fault.Delay(TimeSpan.FromSeconds(3)));
        deployment.Faults.Inject(Fault.Delay(TimeSpan.FromSeconds(4)));

        Task<ChatResponse> answer = client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi");
        foreach (TimeSpan delay in (TimeSpan[])[TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(4)])
        {
            await clock.TimerAsync(wait => wait == delay).OrTimeout();
            Assert.False(answer.IsCompleted);
            clock.Advance(delay);
        }

        Assert.Equal("You said: hi", (await answer.OrTimeout()).Text);
    }

    [Fact]
    public async Task ReplyWithToolCall_OwnId_IsTheIdOfTheCall()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        await using PrivatemodeClient client = deployment.CreateClient();
        deployment.Model.ReplyWithToolCall("f", "{}", "call-7");

        ChatResponse response = await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout();

        Assert.Equal("call-7", response.Messages[0].Contents.OfType<FunctionCallContent>().Single().CallId);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ToString_OfAFault_NamesItsMember(string text, Fault fault) => Assert.Equal(text, fault.ToString());

    [Fact]
    public async Task SetFallback_FunctionThrows_ItsTextIsInTheError()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        deployment.Model.SetFallback(_ => throw new NotSupportedException("no such prompt"));
        await using PrivatemodeClient client = deployment.CreateClient();

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout());

        Assert.Equal(500, exception.Status);
        Assert.Contains("no such prompt", exception.ServerMessage, StringComparison.Ordinal);
        Assert.DoesNotContain("no such prompt", exception.Message, StringComparison.Ordinal);
    }
}
