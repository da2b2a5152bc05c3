using System.Diagnostics;

namespace Privatemode.AI.Internal;

/// <summary>
/// Helps methods that have one body for synchronous and asynchronous callers. With <c>async: false</c>, every awaited task is already complete, so a
/// synchronous caller performs synchronous I/O. Only the platform's HTTP client can still use the thread pool, to open a connection.
/// </summary>
internal static class SyncOrAsync
{
    /// <summary>Returns the result of a task that should already be complete, and waits for it if it is not.</summary>
    /// <remarks>An incomplete task is a bug of this library, but an exception would leave work running that still uses the call's buffers.</remarks>
    public static T Completed<T>(this ValueTask<T> task)
    {
        Debug.Assert(task.IsCompleted, "A synchronous call did asynchronous work.");
        return task.IsCompleted ? task.GetAwaiter().GetResult() : task.AsTask().GetAwaiter().GetResult();
    }

    /// <inheritdoc cref="Completed{T}(ValueTask{T})"/>
    public static void Completed(this ValueTask task)
    {
        Debug.Assert(task.IsCompleted, "A synchronous call did asynchronous work.");
        if (task.IsCompleted)
        {
            task.GetAwaiter().GetResult();
        }
        else
        {
            task.AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>Waits for a task: awaits it, or blocks if the caller is synchronous.</summary>
    public static async ValueTask<T> WaitAsync<T>(Task<T> task, bool async, CancellationToken cancellationToken)
    {
        if (async)
        {
            return await task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        // Unlike Wait, this does not throw the task's exception; the next line does, unwrapped.
        _ = Task.WaitAny([task], cancellationToken);
        return task.GetAwaiter().GetResult();
    }

    /// <summary>Waits for a time; a synchronous caller blocks its thread.</summary>
    public static async ValueTask DelayAsync(this TimeProvider clock, TimeSpan time, bool async, CancellationToken cancellationToken)
    {
        if (time <= TimeSpan.Zero)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return;
        }

        if (!async && clock == TimeProvider.System)
        {
            // The timers of the platform need the thread pool, which may be busy with callers like this one.
            if (cancellationToken.WaitHandle.WaitOne(time))
            {
                throw new OperationCanceledException(cancellationToken);
            }

            return;
        }

        TaskCompletionSource<bool> elapsed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // Not DisposeAsync, which waits for the callback: it may still be running when a synchronous caller wakes.
        using ITimer timer = clock.CreateTimer(
            static state => ((TaskCompletionSource<bool>)state!).TrySetResult(true), elapsed, time, Timeout.InfiniteTimeSpan);
        _ = await WaitAsync(elapsed.Task, async, cancellationToken).ConfigureAwait(false);
    }
}
