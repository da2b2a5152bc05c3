namespace Privatemode.AI.Internal;

/// <summary>Work that belongs to no caller in particular: nothing of the execution context of the one who happened to start it flows into it.</summary>
internal static class BackgroundWork
{
    public static T Start<T>(Func<T> start)
    {
        AsyncFlowControl? flow = ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
        try
        {
            return start();
        }
        finally
        {
            flow?.Undo();
        }
    }

    /// <summary>Starts a timer that ticks once and does not keep its target in memory.</summary>
    /// <param name="tick">Must not capture anything.</param>
    public static ITimer StartTimer<T>(TimeProvider clock, T target, Action<T> tick, TimeSpan due)
        where T : class
    {
        WeakReference<T> weak = new(target);
        return Start(() => clock.CreateTimer(
            _ =>
            {
                if (weak.TryGetTarget(out T? target))
                {
                    tick(target);
                }
            },
            null, due, Timeout.InfiniteTimeSpan));
    }

    /// <summary>Marks what a task throws as seen, also when all who waited for it have left. The result is done when the task has ended.</summary>
    public static Task Observe(Task task) => task.ContinueWith(
        static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
