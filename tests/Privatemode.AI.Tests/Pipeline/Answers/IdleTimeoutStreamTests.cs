using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Answers;

public sealed class IdleTimeoutStreamTests
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(100);

    private readonly ScriptedStream _network = new();
    private readonly ManualTimeProvider _time = new();
    private readonly byte[] _buffer = new byte[16];

    [Theory]
    [InlineData("async")]
    [InlineData("async with a token")]
    [InlineData("sync")]
    public async Task Read_AfterACallerCancelledOne_IsNotSaidToHavePausedTooLong(string way)
    {
        await using IdleTimeoutStream stream = Stream();
        using CancellationTokenSource caller = new();
        Task<int> reading = stream.ReadAsync(_buffer, caller.Token).AsTask();
        await _network.WaitsAsync();
        await caller.CancelAsync();
        OperationCanceledException first = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.OrTimeout());
        Assert.Equal(caller.Token, first.CancellationToken);

        _network.Deliver("after the gap");
        using CancellationTokenSource other = new();
        OperationCanceledException second = await Assert.ThrowsAsync<OperationCanceledException>(() => way switch
        {
            "async" => stream.ReadAsync(_buffer).AsTask(),
            "async with a token" => stream.ReadAsync(_buffer, other.Token).AsTask(),
            _ => TestTimeouts.OnOwnThread(() => stream.Read(_buffer)),
        });
        Assert.Contains("canceled", second.Message, StringComparison.Ordinal);
        Assert.Equal(1, _network.Reads);
    }

    [Fact]
    public async Task Read_TokenWasCancelledBefore_LeavesTheStreamAsItWas()
    {
        await using IdleTimeoutStream stream = Stream();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stream.ReadAsync(_buffer, new CancellationToken(canceled: true)).AsTask());
        _network.Deliver("text");
        Assert.Equal(4, await stream.ReadAsync(_buffer).AsTask().OrTimeout());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Read_PausesTooLong_IsATimeoutForGood(bool withToken)
    {
        await using IdleTimeoutStream stream = Stream();
        using CancellationTokenSource caller = new();
        Task<int> reading = stream.ReadAsync(_buffer, withToken ? caller.Token : CancellationToken.None).AsTask();
        await _network.WaitsAsync();
        _time.Advance(Idle);
        Assert.Equal(ServiceFailureReason.Timeout, (await Assert.ThrowsAsync<PrivatemodeServiceException>(() => reading.OrTimeout())).Reason);
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => stream.ReadAsync(_buffer).AsTask().OrTimeout());
    }

    [Fact]
    public async Task Read_CallerCancelsAfterAnEarlierReadEnded_ChangesNothing()
    {
        await using IdleTimeoutStream stream = Stream();
        using CancellationTokenSource caller = new();
        _network.Deliver("one");
        Assert.Equal(3, await stream.ReadAsync(_buffer, caller.Token).AsTask().OrTimeout());
        await caller.CancelAsync();
        _network.Deliver("three");
        Assert.Equal(5, await stream.ReadAsync(_buffer).AsTask().OrTimeout());
    }

    [Fact]
    public async Task Read_BytesComeButNoEvent_DoesNotExtendTheWait()
    {
        await using IdleTimeoutStream stream = Stream();
        for (int i = 0; i < 9; i++)
        {
            Task<int> comment = stream.ReadAsync(_buffer).AsTask();
            await _network.WaitsAsync();
            _time.Advance(Idle / 10);
            _network.Deliver(": x");
            Assert.Equal(3, await comment.OrTimeout());
        }

        Task<int> reading = stream.ReadAsync(_buffer).AsTask();
        await _network.WaitsAsync();
        _time.Advance(Idle / 10);
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => reading.OrTimeout());
    }

    [Fact]
    public async Task Read_TheReaderPauses_DoesNotCount()
    {
        await using IdleTimeoutStream stream = Stream();
        for (int i = 0; i < 20; i++)
        {
            _time.Advance(Idle);
            _network.Deliver(": x");
            Assert.Equal(3, await stream.ReadAsync(_buffer).AsTask().OrTimeout());
        }
    }

    private IdleTimeoutStream Stream() => new(_network, Idle, Idle, () => 0, _time, "sdk_0");
}
