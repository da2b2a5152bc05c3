namespace Privatemode.AI.Internal;

/// <summary>Waiting by the injected clock.</summary>
internal static class Pause
{
    /// <summary>Waits for a time; a synchronous caller blocks its thread.</summary>
    public static async ValueTask ForAsync(TimeSpan time, TimeProvider clock, bool async, CancellationToken cancellationToken)
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

        // Not DisposeAsync: that waits for the callback, which may still be on its way out when a synchronous caller wakes.
        using ITimer timer = clock.CreateTimer(
            static state => ((TaskCompletionSource<bool>)state!).TrySetResult(true), elapsed, time, Timeout.InfiniteTimeSpan);
        _ = await SyncOrAsync.WaitAsync(elapsed.Task, async, cancellationToken).ConfigureAwait(false);
    }
}
