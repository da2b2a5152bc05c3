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
        { "json", () => new ScriptedAnswer().WithDocument(null!) },
        { "json", () => new ScriptedAnswer().WithEvents((IEnumerable<string>)null!) },
        { "json", () => new ScriptedAnswer().WithEvents("{}", null!) },
    };

    [Theory]
    [MemberData(nameof(Nulls))]
    public void ScriptedAnswer_Null_IsRefusedWhereItIsGiven(string parameter, Action mistake) =>
        Assert.Throws<ArgumentNullException>(parameter, mistake);

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Script_NumberThatCannotBe_IsRefused(Action mistake) => Assert.ThrowsAny<ArgumentOutOfRangeException>(mistake);

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
