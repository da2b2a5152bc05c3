using Privatemode.AI.Testing;

namespace Privatemode.AI.IntegrationTests.Pipeline.Answers;

/// <summary>A fault that cannot happen makes the test fail that ordered it; left out silently, the test would pass for nothing.</summary>
public sealed class MissedFaultTests : DeploymentTest
{
    // Event 0 carries the role, 1 and 2 a word each, 3 the finish, 4 the usage.
    private const string Answer = "one two";
    private const int Events = 5;

    public static TheoryData<string, Fault> NotInAStream => new()
    {
        { nameof(Fault.TamperEvent), Fault.TamperEvent(Events) },
        { nameof(Fault.DropEvent), Fault.DropEvent(Events) },
        { nameof(Fault.DuplicateEvent), Fault.DuplicateEvent(99) },
        { nameof(Fault.SwapEvents), Fault.SwapEvents(Events - 1) },
        { nameof(Fault.TruncateEvent), Fault.TruncateEvent(Events) },
        { nameof(Fault.UnencryptedEvent), Fault.UnencryptedEvent(Events) },
        { nameof(Fault.ReplaceEventWithError), Fault.ReplaceEventWithError(Events, "text") },
        { nameof(Fault.StallBeforeEvent), Fault.StallBeforeEvent(Events) },
        { nameof(Fault.CutConnection), Fault.CutConnection(1_000_000) },
        { nameof(Fault.ChangeStatus), Fault.ChangeStatus(400) },
    };

    public static TheoryData<string, Fault> NotInAWholeAnswer => new()
    {
        { nameof(Fault.TamperEvent), Fault.TamperEvent(1) },
        { nameof(Fault.DropEvent), Fault.DropEvent(0) },
        { nameof(Fault.DuplicateEvent), Fault.DuplicateEvent(0) },
        { nameof(Fault.SwapEvents), Fault.SwapEvents(0) },
        { nameof(Fault.TruncateEvent), Fault.TruncateEvent(0) },
        { nameof(Fault.UnencryptedEvent), Fault.UnencryptedEvent(1) },
        { nameof(Fault.ReplaceEventWithError), Fault.ReplaceEventWithError(0, "text") },
        { nameof(Fault.RemoveFinishEvent), Fault.RemoveFinishEvent },
        { nameof(Fault.RemoveEndMarker), Fault.RemoveEndMarker },
        { nameof(Fault.StallBeforeEvent), Fault.StallBeforeEvent(1) },
        { nameof(Fault.CutConnection), Fault.CutConnection(1_000_000) },
    };

    public static TheoryData<string, Fault> NotInAnError => new()
    {
        { nameof(Fault.ReflectRequest), Fault.ReflectRequest },
        { nameof(Fault.UnencryptedEvent), Fault.UnencryptedEvent(0) },
        { nameof(Fault.ChangeStatus), Fault.ChangeStatus(418) },
        { nameof(Fault.DropEvent), Fault.DropEvent(0) },
        { nameof(Fault.TamperEvent), Fault.TamperEvent(1) },
    };

    [Theory]
    [MemberData(nameof(NotInAStream))]
    public async Task Stream_FaultBeyondItsEvents_IsAnErrorThatSaysSo(string kind, Fault fault)
    {
        Deployment.Model.Reply(Answer);
        Deployment.Faults.Inject(fault);
        AssertMissed(kind, (await StreamAsync()).Failure);
    }

    [Theory]
    [MemberData(nameof(NotInAWholeAnswer))]
    public async Task Chat_FaultOfStreams_IsAnErrorThatSaysSo(string kind, Fault fault)
    {
        Deployment.Faults.Inject(fault);
        AssertMissed(kind, await AskAsync());
    }

    [Theory]
    [MemberData(nameof(NotInAnError))]
    public async Task Chat_FaultOfAnswersOnAScriptedError_IsAnErrorThatSaysSo(string kind, Fault fault)
    {
        Deployment.Model.ReplyWithError(400, "text");
        Deployment.Faults.Inject(fault);
        AssertMissed(kind, await AskAsync());
    }

    [Fact]
    public async Task Embeddings_FaultOfStreams_IsAnErrorThatSaysSo()
    {
        Deployment.Faults.Inject(Fault.DropEvent(0));
        System.ClientModel.ClientResultException exception = await Assert.ThrowsAsync<System.ClientModel.ClientResultException>(
            () => Client.OpenAI.GetEmbeddingClient("qwen3-embedding-4b").GenerateEmbeddingAsync("text"));
        Assert.Contains("could not be applied", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_EncryptedErrorOrderedOverAScriptedError_IsTheOrderedOne()
    {
        Deployment.Model.ReplyWithError(400, "scripted");
        Deployment.Faults.Inject(Fault.EncryptedError(422, "ordered"));
        PrivatemodeServiceException exception = Assert.IsType<PrivatemodeServiceException>(await AskAsync());
        Assert.Equal((422, "ordered"), (exception.Status, exception.ServerMessage));
    }

    [Fact]
    public void InjectIntoKeyExchange_FaultOfAnswers_IsRefused() =>
        Assert.Throws<ArgumentException>("fault", () => Deployment.Faults.InjectIntoKeyExchange(Fault.DropEvent(0)));

    private static void AssertMissed(string kind, Exception? failure)
    {
        PrivatemodeServiceException exception = Assert.IsType<PrivatemodeServiceException>(failure);
        Assert.Equal(500, exception.Status);
        Assert.Contains($"'{kind}", exception.ServerMessage, StringComparison.Ordinal);
        Assert.Contains("could not be applied", exception.ServerMessage, StringComparison.Ordinal);
    }
}
