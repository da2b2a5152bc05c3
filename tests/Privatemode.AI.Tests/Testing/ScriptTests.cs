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
        Fault delay = Fault.Delay(TimeSpan.FromSeconds(1));
        foreach (Action mistake in (Action[])
        [
            () => faults.Inject(delay),
            () => faults.Inject(Fault.OutdatedManifest),
            () => faults.InjectIntoKeyExchange(delay),
            () => faults.InjectIntoModelList(Fault.UnknownSecret),
            () => faults.InjectIntoEvidence(EvidenceSource.Manifest, Fault.UnknownSecret),
            () => faults.InjectIntoEvidence(EvidenceSource.AmdChipCertificate, Fault.OutdatedManifest),
        ])
        {
            Assert.Throws<ArgumentException>("fault", mistake);
        }

        Assert.Throws<ArgumentOutOfRangeException>("source", () => faults.InjectIntoEvidence((EvidenceSource)99, delay));
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
