namespace Privatemode.AI.Internal;

/// <summary>Calls callbacks of the application. Their exceptions reach the caller unchanged, and are never treated as failures of the service, of the
/// OpenAI client or of this library.</summary>
internal static class UserCallback
{
    // The exception object itself is marked: it passes through the OpenAI client, and through verifications and sessions that several callers wait for.
    private const string Mark = "Privatemode.AI.Callback";

    private static readonly Lock Marking = new();

    public static T Invoke<T>(Func<T> callback)
    {
        try
        {
            return callback();
        }
        catch (Exception exception) when (MarkThrown(exception))
        {
            throw;
        }
    }

    /// <summary>Calls an asynchronous callback outside of the caller's synchronization context.</summary>
    public static async ValueTask<T> InvokeAsync<T>(Func<CancellationToken, ValueTask<T>> callback, CancellationToken cancellationToken)
    {
        try
        {
            return await CallerContext.StartWithoutContext(static call => call.callback(call.cancellationToken), (callback, cancellationToken))
                .ConfigureAwait(false);
        }
        catch (Exception exception) when (MarkThrown(exception))
        {
            throw;
        }
    }

    /// <summary>Marks an exception as thrown by a callback. Use it as the filter of a catch clause: it returns false, so nothing is caught.</summary>
    public static bool MarkThrown(Exception exception)
    {
        // An application may throw one exception object on several threads.
        lock (Marking)
        {
            exception.Data[Mark] = true;
        }

        return false;
    }

    /// <summary>Returns whether a callback threw this exception.</summary>
    public static bool Threw(Exception exception) => exception.Data?.Contains(Mark) == true; // null if a type of another library overrides it so
}

/// <summary>Runs code of other libraries and callbacks outside of the caller's synchronization context and scheduler.</summary>
internal static class CallerContext
{
    /// <summary>Moves to the next item.</summary>
    /// <remarks>The enumerator of the OpenAI client awaits its request without <c>ConfigureAwait(false)</c>.</remarks>
    public static ValueTask<bool> MoveNextAsync<T>(IAsyncEnumerator<T> items) => StartWithoutContext(static items => items.MoveNextAsync(), items);

    /// <summary>Starts asynchronous work on the caller's thread and in its execution context, but without a context to return to.</summary>
    /// <remarks>Work that awaits without <c>ConfigureAwait(false)</c> would never end if the caller blocked the only thread of its context.</remarks>
    public static ValueTask<TResult> StartWithoutContext<TState, TResult>(Func<TState, ValueTask<TResult>> start, TState state)
    {
        if (TaskScheduler.Current != TaskScheduler.Default)
        {
            return StartOutsideOfScheduler(start, state);
        }

        if (SynchronizationContext.Current is not { } context)
        {
            return start(state);
        }

        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            return start(state);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    /// <remarks>Runs on the caller's thread, because the pool may have no free thread while synchronous callers block it.</remarks>
    private static ValueTask<TResult> StartOutsideOfScheduler<TState, TResult>(Func<TState, ValueTask<TResult>> start, TState state)
    {
        Task<ValueTask<TResult>> starting = new(() => StartWithoutContext(start, state));
        starting.RunSynchronously(TaskScheduler.Default);
        return starting.GetAwaiter().GetResult();
    }
}

/// <summary>Runs work that does not belong to one caller. The execution context of the caller that starts it does not flow into it.</summary>
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
    /// <param name="tick">The callback. It must not capture variables.</param>
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

    /// <summary>Marks the exceptions of a task as observed, even if no caller waits for it any more. The result completes when the task has ended.</summary>
    public static Task Observe(Task task) => task.ContinueWith(
        static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
