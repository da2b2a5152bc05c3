using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Chat;

public sealed class ChatCancellationTests : IAsyncLifetime
{
    private readonly TaskCompletionSource _serverWasLeft = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PrivatemodeTestDeployment? _deployment;
    private PrivatemodeClient? _client;

    private PrivatemodeTestDeployment Deployment => _deployment!;

    private IChatClient Chat { get; set; } = null!;

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync(new() { BeforeStreamEvent = WatchAsync });
        _client = _deployment.CreateClient();
        Chat = _client.AsIChatClient(ChatFixture.Model);
        await _client.ConnectAsync();
    }

    public async Task DisposeAsync()
    {
        await _client!.DisposeAsync();
        await Deployment.DisposeAsync();
    }

    [Fact]
    public async Task GetResponseAsync_TokenCancelledBefore_SendsNothing()
    {
        using CancellationTokenSource source = new();
        await source.CancelAsync();

        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Chat.GetResponseAsync("hi", cancellationToken: source.Token));

        Assert.Equal(source.Token, exception.CancellationToken);
        Assert.Empty(Deployment.Requests);
    }

    [Fact]
    public async Task GetResponseAsync_TokenCancelledWhileWaiting_EndsWithTheCallersToken()
    {
        using CancellationTokenSource source = new();
        Deployment.Faults.Inject(Fault.NoResponse);
        TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Deployment.Model.SetFallback(_ =>
        {
            arrived.SetResult();
            return ScriptedAnswer.Text("x");
        });

        Task<ChatResponse> call = Chat.GetResponseAsync("hi", cancellationToken: source.Token);
        await arrived.Task.WaitAsync(TestTime.Limit);
        await source.CancelAsync();

        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(TestTime.Limit));
        Assert.Equal(source.Token, exception.CancellationToken);
        Assert.Single(Deployment.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task GetStreamingResponseAsync_TokenCancelledInBetween_EndsWithTheCallersToken(bool byWithCancellation)
    {
        using CancellationTokenSource source = new();
        Deployment.Faults.Inject(Fault.StallBeforeEvent(2));
        _ = Deployment.Model.Reply("one two three");
        IAsyncEnumerable<ChatResponseUpdate> stream = byWithCancellation
            ? Chat.GetStreamingResponseAsync("hi")
            : Chat.GetStreamingResponseAsync("hi", cancellationToken: source.Token);
        int updates = 0;

        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (ChatResponseUpdate _ in stream.WithCancellation(byWithCancellation ? source.Token : default))
            {
                if (++updates == 2)
                {
                    await source.CancelAsync();
                }
            }
        }).WaitAsync(TestTime.Limit);

        Assert.Equal(source.Token, exception.CancellationToken);
        Assert.Equal(2, updates);
        Assert.Single(Deployment.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task GetStreamingResponseAsync_TwoTokens_EitherEndsTheStream(bool second)
    {
        using CancellationTokenSource ofTheCall = new();
        using CancellationTokenSource ofTheLoop = new();
        Deployment.Faults.Inject(Fault.StallBeforeEvent(1));
        _ = Deployment.Model.Reply("one two three");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (ChatResponseUpdate _ in Chat.GetStreamingResponseAsync("hi", cancellationToken: ofTheCall.Token)
                .WithCancellation(ofTheLoop.Token))
            {
                await (second ? ofTheLoop : ofTheCall).CancelAsync();
            }
        }).WaitAsync(TestTime.Limit);
    }

    [Fact]
    public async Task GetStreamingResponseAsync_TokenCancelledBefore_SendsNothing()
    {
        using CancellationTokenSource source = new();
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (ChatResponseUpdate _ in Chat.GetStreamingResponseAsync("hi", cancellationToken: source.Token))
            {
            }
        });

        Assert.Empty(Deployment.Requests);
    }

    /// <summary>Leaving the loop ends the generation on the server, which would otherwise go on at the caller's cost.</summary>
    [Fact]
    public async Task GetStreamingResponseAsync_LoopLeft_ClosesTheStream()
    {
        _ = Deployment.Model.Reply("one two three");

        await foreach (ChatResponseUpdate update in Chat.GetStreamingResponseAsync("hi"))
        {
            if (update.Text.Length > 0)
            {
                break;
            }
        }

        await _serverWasLeft.Task.WaitAsync(TestTime.Limit);
    }

    /// <summary>Lets two events through; the third waits until the client goes away.</summary>
    private async ValueTask WatchAsync(int number, CancellationToken aborted)
    {
        if (number < 2)
        {
            return;
        }

        using CancellationTokenRegistration registration = aborted.Register(() => _serverWasLeft.TrySetResult());
        await _serverWasLeft.Task.WaitAsync(TestTime.Limit, CancellationToken.None);
    }
}
