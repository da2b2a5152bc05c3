namespace Privatemode.AI;

/// <summary>Runs what comes from other libraries outside the caller's synchronization context and scheduler.</summary>
internal static class CallerContext
{
    /// <summary>Goes to the next item.</summary>
    /// <remarks>
    /// The enumerator of the OpenAI client awaits its request without <c>ConfigureAwait(false)</c>. A caller who blocks the one thread of his
    /// context would wait for himself.
    /// </remarks>
    public static ValueTask<bool> MoveNextAsync<T>(IAsyncEnumerator<T> items)
    {
        if (TaskScheduler.Current != TaskScheduler.Default)
        {
            return new ValueTask<bool>(Task.Run(() => items.MoveNextAsync().AsTask()));
        }

        if (SynchronizationContext.Current is not { } context)
        {
            return items.MoveNextAsync();
        }

        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            return items.MoveNextAsync();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }
}
