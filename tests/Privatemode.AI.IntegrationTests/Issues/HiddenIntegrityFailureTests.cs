using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary>A tool asks Privatemode too, and its answer is forged. The function invocation of Microsoft.Extensions.AI told the model that the function
/// failed, and the caller never learned of the forgery.</summary>
public sealed class HiddenIntegrityFailureTests : DeploymentTest
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task ForgedAnswerInAFunction_ReachesTheCaller(bool streamed, bool wrapped)
    {
        _ = Deployment.Model.Reply("").WithToolCall("ask", "{}").Then.Reply("done");
        using IChatClient client = Client.AsIChatClient(ModelId).AsBuilder().UseFunctionInvocation().Build();
        ChatOptions options = new() { Tools = [AIFunctionFactory.Create(AskAsync, "ask")] };

        _ = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => wrapped
            ? Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(client, options, streamed)).ContinueWith(task => throw task.Result.InnerException!)
            : RunAsync(client, options, streamed));
        Assert.Equal(2, Deployment.Requests.Count);

        async Task<string> AskAsync()
        {
            Deployment.Faults.Inject(Fault.UnencryptedSuccess());
            try
            {
                return (await Client.AsIChatClient(ModelId).GetResponseAsync("inner").OrTimeout()).Text;
            }
            catch (PrivatemodeIntegrityException exception) when (wrapped)
            {
                throw new InvalidOperationException("The tool failed.", exception);
            }
        }
    }

    [Fact]
    public async Task ForgedAnswer_OneOfSeveralFailuresOfAFunction_ReachesTheCaller()
    {
        _ = Deployment.Model.Reply("").WithToolCall("ask", "{}").Then.Reply("done");
        using IChatClient client = Client.AsIChatClient(ModelId).AsBuilder().UseFunctionInvocation().Build();
        ChatOptions options = new()
        {
            Tools = [AIFunctionFactory.Create(string () => throw new AggregateException(
                new InvalidOperationException(), new PrivatemodeIntegrityException("forged", "The answer is forged.")), "ask")],
        };

        _ = await Assert.ThrowsAsync<AggregateException>(() => client.GetResponseAsync("outer", options).OrTimeout());
        Assert.Single(Deployment.Requests);
    }

    [Fact]
    public async Task OtherFailureOfAFunction_IsToldToTheModel()
    {
        _ = Deployment.Model.Reply("").WithToolCall("ask", "{}").Then.Reply("done");
        using IChatClient client = Client.AsIChatClient(ModelId).AsBuilder().UseFunctionInvocation().Build();
        ChatOptions options = new() { Tools = [AIFunctionFactory.Create(string () => throw new InvalidOperationException(), "ask")] };

        Assert.Equal("done", (await client.GetResponseAsync("outer", options).OrTimeout()).Text);
    }

    private static async Task RunAsync(IChatClient client, ChatOptions options, bool streamed) =>
        _ = streamed
            ? await client.GetStreamingResponseAsync("outer", options).ToChatResponseAsync().OrTimeout()
            : await client.GetResponseAsync("outer", options).OrTimeout();
}
