using System.Runtime.CompilerServices;
using Privatemode.AI.Internal;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Internal;

public sealed class UserCallbackTests
{
    private static readonly AsyncLocal<string?> Ambient = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AskAsync_CallbackThrows_TheSameExceptionIsMarked(bool later)
    {
        InvalidOperationException thrown = new("mine");
        Exception caught = await Assert.ThrowsAsync<InvalidOperationException>(async () => await UserCallback.InvokeAsync<int>(
            async _ =>
            {
                if (later)
                {
                    await Task.Yield();
                }

                throw thrown;
            },
            CancellationToken.None));
        Assert.Same(thrown, caught);
        Assert.True(UserCallback.Threw(caught));
        Assert.Contains(nameof(AskAsync_CallbackThrows_TheSameExceptionIsMarked), caught.StackTrace, StringComparison.Ordinal);
        Assert.False(UserCallback.Threw(new InvalidOperationException("ours")));
        Assert.False(UserCallback.Threw(new InvalidOperationException("ours", thrown)));
    }

    [Fact]
    public void Ask_OneExceptionOnManyThreads_IsMarkedOnEach()
    {
        InvalidOperationException thrown = new("mine");
        Parallel.For(0, 64, _ =>
        {
            Assert.Same(thrown, Assert.Throws<InvalidOperationException>(() => UserCallback.Invoke<int>(() => throw thrown)));
            Assert.True(UserCallback.Threw(thrown));
        });
        Assert.Single(thrown.Data);
    }

    [Fact]
    public void Threw_ExceptionWithoutData_IsNotACallbacks()
    {
        ExceptionWithoutData thrown = new();
        Assert.Same(thrown, Assert.Throws<ExceptionWithoutData>(() => UserCallback.Invoke<int>(() => throw thrown)));
        Assert.False(UserCallback.Threw(thrown));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Start_NothingOfTheCallersContextFlows(bool isSuppressed)
    {
        Ambient.Value = "of the caller";
        Assert.Null(await Start());
        Assert.Equal("of the caller", await Task.Run<string?>(() => Ambient.Value));

        Task<string?> Start()
        {
            using IDisposable? flow = isSuppressed ? ExecutionContext.SuppressFlow() : null;
            Task<string?> seen = BackgroundWork.Start(() => Task.Run<string?>(() => Ambient.Value));
            Assert.Equal(isSuppressed, ExecutionContext.IsFlowSuppressed());
            return seen;
        }
    }

    [Fact]
    public void StartTimer_TargetInUse_TicksOnce()
    {
        ManualTimeProvider time = new();
        List<string> ticks = [];
        using ITimer timer = BackgroundWork.StartTimer(time, ticks, static ticks => ticks.Add("tick"), TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(["tick"], ticks);
    }

    [Fact]
    public void StartTimer_DoesNotKeepItsTargetAlive()
    {
        ManualTimeProvider time = new();
        WeakReference target = Start(time);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.False(target.IsAlive);
        time.Advance(TimeSpan.FromSeconds(1));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Start(ManualTimeProvider time)
        {
            object target = new();
            _ = BackgroundWork.StartTimer(time, target, static _ => Assert.Fail("The target is gone."), TimeSpan.FromSeconds(1));
            return new WeakReference(target);
        }
    }

    [Fact]
    public async Task Observe_TaskFails_EndsWithoutFailing()
    {
        TaskCompletionSource<int> source = new();
        Task end = BackgroundWork.Observe(source.Task);
        Assert.False(end.IsCompleted);
        source.SetException(new InvalidOperationException("failed"));
        await end.OrTimeout();
    }

    private sealed class ExceptionWithoutData : Exception
    {
        public override System.Collections.IDictionary Data => null!;
    }
}
