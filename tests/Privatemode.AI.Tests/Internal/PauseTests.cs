using Privatemode.AI.Internal;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Internal;

public sealed class PauseTests
{
    [Fact]
    public async Task SynchronousPause_TimerStillInItsCallback_EndsWithoutWaitingForIt()
    {
        using BusyTimers clock = new();
        Task pausing = TestTimeouts.OnOwnThread(() =>
        {
            clock.DelayAsync(TimeSpan.FromSeconds(1), async: false, CancellationToken.None).Completed();
            return true;
        });
        await pausing.OrTimeout();
        Assert.True(clock.IsInCallback);
    }

#if !DEBUG
    // A Debug build stops at an assertion here instead: a synchronous call must not leave work running.
    [Fact]
    public async Task Completed_WorkStillRunning_IsWaitedForRatherThanLeftBehind()
    {
        TaskCompletionSource<int> work = new();
        Task<int> waiting = TestTimeouts.OnOwnThread(() => new ValueTask<int>(work.Task).Completed());
        Assert.False(waiting.IsCompleted);
        work.SetResult(5);
        Assert.Equal(5, await waiting.OrTimeout());
    }
#endif

    /// <summary>Timers that fire at once and stay in their callback until the clock is disposed; disposing them asynchronously waits for that.</summary>
    private sealed class BusyTimers : TimeProvider, IDisposable
    {
        private readonly TaskCompletionSource _leave = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsInCallback { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _ = Task.Run(() =>
            {
                IsInCallback = true;
                callback(state);
            });
            return new Timer(_leave.Task);
        }

        public void Dispose() => _leave.SetResult();

        private sealed class Timer(Task callback) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => new(callback);
        }
    }
}
