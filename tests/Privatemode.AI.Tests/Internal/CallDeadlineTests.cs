using Privatemode.AI.Internal;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Internal;

public sealed class CallDeadlineTests : IDisposable
{
    private readonly CancellationTokenSource _caller = new();
    private readonly CancellationTokenSource _closing = new();

    public void Dispose()
    {
        _caller.Dispose();
        _closing.Dispose();
    }

    [Fact]
    public void Token_NotRead_StartsNoTimer()
    {
        CountedTimers clock = new();
        using (CallDeadline deadline = new(TimeSpan.FromMinutes(1), clock, async: true, _caller.Token, _closing.Token))
        {
            Assert.False(deadline.IsOver);
            Assert.Equal(0, clock.Timers);
            _ = (deadline.Token, deadline.Token);
        }

        Assert.Equal(1, clock.Timers);
    }

    [Fact]
    public void Token_OnlyTheCallerCanCancel_IsTheCallers()
    {
        using CallDeadline deadline = new(Timeout.InfiniteTimeSpan, TimeProvider.System, async: true, _caller.Token);
        Assert.Equal(_caller.Token, deadline.Token);
    }

    [Fact]
    public void Token_NothingCanCancel_IsNone()
    {
        using CallDeadline deadline = new(Timeout.InfiniteTimeSpan, TimeProvider.System, async: true, CancellationToken.None);
        Assert.Equal(CancellationToken.None, deadline.Token);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Token_OnlyTheTimeCanCancel_IsCancelledByIt(bool async)
    {
        using CallDeadline deadline = new(TimeSpan.FromMilliseconds(1), TimeProvider.System, async, CancellationToken.None);
        TaskCompletionSource over = new();
        await using CancellationTokenRegistration registration = deadline.Token.Register(over.SetResult);
        await over.Task.OrTimeout();
        Assert.True(deadline is { HasPassed: true, IsOver: true });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Token_EachCancels_IsCancelled(bool byCaller)
    {
        using CallDeadline deadline = new(TimeSpan.FromMinutes(1), TimeProvider.System, async: false, _caller.Token, _closing.Token);
        CancellationToken token = deadline.Token;
        await (byCaller ? _caller : _closing).CancelAsync();
        Assert.True(token.IsCancellationRequested && deadline is { HasPassed: false, IsOver: true });
        Assert.IsType(byCaller ? typeof(OperationCanceledException) : typeof(ObjectDisposedException), deadline.ToException("It took too long."));
    }

    [Fact]
    public async Task ToException_EndOfTheClientDoesNotCancel_SaysSo()
    {
        using CallDeadline deadline = new(TimeSpan.FromMinutes(1), TimeProvider.System, async: true, _caller.Token);
        await _closing.CancelAsync();
        Assert.False(deadline.Token.IsCancellationRequested);
        Assert.IsType<ObjectDisposedException>(deadline.ToUnansweredException("sdk_0", isClosed: _closing.IsCancellationRequested));
    }

    private sealed class CountedTimers : TimeProvider
    {
        public int Timers { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Timers++;
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
