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
