using Privatemode.AI.Testing;

namespace Privatemode.AI.IntegrationTests;

/// <summary>A fault that cannot happen makes the test fail that ordered it; left out silently, the test would pass for nothing.</summary>
public sealed class MissedFaultTests : DeploymentTest
{
    // Event 0 carries the role, 1 and 2 a word each, 3 the finish, 4 the usage.
    private const string Answer = "one two";
    private const int Events = 5;

    public static TheoryData<string, Fault> NotInAStream => new()
    {
        { "Tamper", Fault.TamperEvent(Events) },
        { "Drop", Fault.DropEvent(Events) },
        { "Duplicate", Fault.DuplicateEvent(99) },
        { "Swap", Fault.SwapEvents(Events - 1) },
        { "Truncate", Fault.TruncateEvent(Events) },
        { "UnsealedMember", Fault.UnsealedMember(Events) },
        { "ErrorEvent", Fault.ErrorEvent(Events, "text") },
        { "Stall", Fault.Stall(Events) },
        { "Cut", Fault.CutConnection(1_000_000) },
        { "Relabel", Fault.Relabel(400) },
    };

    public static TheoryData<string, Fault> NotInAWholeAnswer => new()
    {
        { "Tamper", Fault.TamperEvent(1) },
        { "Drop", Fault.DropEvent(0) },
        { "Duplicate", Fault.DuplicateEvent(0) },
        { "Swap", Fault.SwapEvents(0) },
        { "Truncate", Fault.TruncateEvent(0) },
        { "UnsealedMember", Fault.UnsealedMember(1) },
        { "ErrorEvent", Fault.ErrorEvent(0, "text") },
        { "RemoveFinish", Fault.RemoveFinish },
        { "RemoveEndMark", Fault.RemoveEndMark },
        { "Stall", Fault.Stall(1) },
        { "Cut", Fault.CutConnection(1_000_000) },
    };

    public static TheoryData<string, Fault> NotInAnError => new()
    {
        { "Reflect", Fault.ReflectRequest },
        { "UnsealedMember", Fault.UnsealedMember(0) },
        { "Relabel", Fault.Relabel(418) },
        { "Drop", Fault.DropEvent(0) },
        { "Tamper", Fault.TamperEvent(1) },
    };

    [Theory]
    [MemberData(nameof(NotInAStream))]
    public async Task Stream_FaultBeyondItsEvents_IsAnErrorThatSaysSo(string kind, Fault fault)
    {
        Deployment.Model.Reply(Answer);
        Deployment.Faults.Next(fault);
        AssertMissed(kind, (await StreamAsync()).Failure);
    }

    [Theory]
    [MemberData(nameof(NotInAWholeAnswer))]
    public async Task Chat_FaultOfStreams_IsAnErrorThatSaysSo(string kind, Fault fault)
    {
        Deployment.Faults.Next(fault);
        AssertMissed(kind, await AskAsync());
    }

    [Theory]
    [MemberData(nameof(NotInAnError))]
    public async Task Chat_FaultOfAnswersOnAScriptedError_IsAnErrorThatSaysSo(string kind, Fault fault)
    {
        Deployment.Model.Fail(400, "text");
        Deployment.Faults.Next(fault);
        AssertMissed(kind, await AskAsync());
    }

    [Fact]
    public async Task Embeddings_FaultOfStreams_IsAnErrorThatSaysSo()
    {
        Deployment.Faults.Next(Fault.DropEvent(0));
        System.ClientModel.ClientResultException exception = await Assert.ThrowsAsync<System.ClientModel.ClientResultException>(
            () => Client.OpenAI.GetEmbeddingClient("qwen3-embedding-4b").GenerateEmbeddingAsync("text"));
        Assert.Contains("could not be applied", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_SealedErrorOrderedOverAScriptedError_IsTheOrderedOne()
    {
        Deployment.Model.Fail(400, "scripted");
        Deployment.Faults.Next(Fault.SealedError(422, "ordered"));
        PrivatemodeServiceException exception = Assert.IsType<PrivatemodeServiceException>(await AskAsync());
        Assert.Equal((422, "ordered"), (exception.Status, exception.ServerMessage));
    }

    [Fact]
    public void NextKeyExchange_FaultOfAnswers_IsRefused() =>
        Assert.Throws<ArgumentException>("fault", () => Deployment.Faults.NextKeyExchange(Fault.DropEvent(0)));

    private static void AssertMissed(string kind, Exception? failure)
    {
        PrivatemodeServiceException exception = Assert.IsType<PrivatemodeServiceException>(failure);
        Assert.Equal(500, exception.Status);
        Assert.Contains($"'{kind}'", exception.ServerMessage, StringComparison.Ordinal);
        Assert.Contains("could not be applied", exception.ServerMessage, StringComparison.Ordinal);
    }
}
