using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>A call is sent four times at most, whatever a hop does to it.</summary>
public sealed class SendBudgetTests : IAsyncLifetime
{
    private const string ChatPath = "/v1/chat/completions";
    private const string VictimPath = "/v1/completions";
    private const string Unknown = """{"error":{"message":"no secret for ID x","type":""}}""";

    private PrivatemodeTestDeployment _deployment = null!;

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync(new() { TimeProvider = new ImmediateTimeProvider() });

    public async Task DisposeAsync() => await _deployment.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task NoSecretForId_WrittenByAHopWhileOtherCallsWork_IsSentFourTimesAtMost(bool streamed)
    {
        PrivatemodeClient? client = null;
        await using LoopbackHop hop = new(_deployment.Endpoint, async exchange =>
        {
            if (exchange.Path != VictimPath)
            {
                return false;
            }

            // Another call works under the same secret, which is what told a forgotten secret from one that never worked.
            _ = await client!.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi", cancellationToken: exchange.Stop);
            await exchange.AnswerAsync(500, Unknown);
            return true;
        });
        await using PrivatemodeClient made = client = NewClient(hop);
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => CompleteAsync(client, streamed).OrTimeout());
        Assert.Equal(500, exception.Status);
        Assert.Equal(4, hop.Count(VictimPath));
        Assert.Equal(4, _deployment.KeyExchangeCount);
    }

    [Theory]
    [InlineData("503 503 unknown unknown unknown unknown")]
    [InlineData("unknown 503 503 503 503")]
    [InlineData("reset 503 503 503 503")]
    [InlineData("503 reset unknown 429 503 503")]
    [InlineData("unknown reset 503 408 503")]
    public async Task FailuresOfDifferentKinds_ShareOneBudgetOfFourSends(string script)
    {
        Queue<string> steps = new(script.Split(' '));
        await using LoopbackHop hop = new(_deployment.Endpoint, async exchange =>
        {
            if (exchange.Path != ChatPath || !steps.TryDequeue(out string? step))
            {
                return false;
            }

            switch (step)
            {
                case "unknown":
                    await exchange.AnswerAsync(500, Unknown);
                    break;
                case "reset":
                    exchange.End(resets: true);
                    break;
                default:
                    await exchange.AnswerAsync(int.Parse(step, System.Globalization.CultureInfo.InvariantCulture), "busy");
                    break;
            }

            return true;
        });
        await using PrivatemodeClient client = NewClient(hop);
        _ = await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout());
        Assert.InRange(hop.Count(ChatPath), 2, 4);
    }

    private PrivatemodeClient NewClient(LoopbackHop hop) => _deployment.CreateClient(options => options.Endpoint = hop.Endpoint);

    private static async Task CompleteAsync(PrivatemodeClient client, bool streamed)
    {
        TextCompletionClient completions = client.GetTextCompletionClient("gpt-oss-120b");
        TextCompletionRequest request = new("hi");
        if (!streamed)
        {
            _ = await completions.CompleteAsync(request);
            return;
        }

        await foreach (TextCompletion _ in completions.CompleteStreamingAsync(request))
        {
        }
    }
}
