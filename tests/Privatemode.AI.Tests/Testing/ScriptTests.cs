using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Testing;

/// <summary>Mistakes in a script show where they were made, and not as an odd answer later.</summary>
public sealed class ScriptTests
{
    public static TheoryData<Action> Mistakes => new()
    {
        () => Fault.PlainError(200),
        () => Fault.SealedError(600, "text"),
        () => ScriptedAnswer.Error(302, "text"),
        () => Fault.TamperEvent(-1),
        () => Fault.ErrorEvent(-1, "text"),
        () => Fault.CutConnection(-1),
        () => Fault.Stall(-2),
        () => Fault.Relabel(7),
        () => Fault.Relabel(200),
        () => Fault.Relabel(204),
        () => Fault.Relabel(600),
        () => Fault.Oversize(0),
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
        { "json", () => new ScriptedAnswer().WithJson(null!) },
        { "json", () => new ScriptedAnswer().WithEvents((IEnumerable<string>)null!) },
        { "json", () => new ScriptedAnswer().WithEvents("{}", null!) },
        { "message", () => Fault.SealedError(400, null!) },
        { "message", () => Fault.ErrorEvent(0, null!) },
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
        FaultPlan faults = deployment.Faults;
        Fault delay = Fault.Delay(TimeSpan.FromSeconds(1));
        foreach (Action mistake in (Action[])
        [
            () => faults.Next(delay),
            () => faults.Next(Fault.OutdatedManifest),
            () => faults.NextKeyExchange(delay),
            () => faults.NextModelList(Fault.UnknownSecret),
            () => faults.NextEvidence(EvidenceSource.Manifest, Fault.UnknownSecret),
            () => faults.NextEvidence(EvidenceSource.AmdChip, Fault.OutdatedManifest),
        ])
        {
            Assert.Throws<ArgumentException>("fault", mistake);
        }

        Assert.Throws<ArgumentOutOfRangeException>("source", () => faults.NextEvidence((EvidenceSource)99, delay));
        Assert.Throws<ArgumentNullException>("fault", () => faults.Next(null!));
        Assert.Throws<ArgumentNullException>("fault", () => faults.NextEvidence(EvidenceSource.Manifest, null!));
        Assert.Equal(0, faults.Pending);
        faults.NextEvidence(EvidenceSource.Manifest, Fault.OutdatedManifest);
        Assert.Equal(1, faults.Pending);
    }

    [Fact]
    public async Task Script_OfEveryKind_GoesOnWithThen()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        deployment.Model.Reply("one").ThenTranscribe("two", new ScriptedSegment("two", TimeSpan.Zero, TimeSpan.FromSeconds(1)))
            .ThenPartition(new ScriptedElement("Title", "three"));
        await using PrivatemodeClient client = deployment.CreateClient();

        Assert.Equal("one", (await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout()).Text);
        ISpeechToTextClient speech = client.AsISpeechToTextClient("whisper-large-v3");
        Assert.Equal("two", (await speech.GetTextAsync(new MemoryStream(Recording.Wave())).OrTimeout()).Text);
        Assert.Equal("three", (await client.Documents.PartitionAsync(new MemoryStream([1])).OrTimeout()).Text);
    }

    [Fact]
    public async Task Respond_FunctionThrows_ItsTextIsInTheError()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        deployment.Model.Respond(_ => throw new NotSupportedException("no such prompt"));
        await using PrivatemodeClient client = deployment.CreateClient();

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout());

        Assert.Equal(500, exception.Status);
        Assert.Contains("no such prompt", exception.ServerMessage, StringComparison.Ordinal);
        Assert.DoesNotContain("no such prompt", exception.Message, StringComparison.Ordinal);
    }
}
