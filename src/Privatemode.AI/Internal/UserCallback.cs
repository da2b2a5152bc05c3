using System.Runtime.CompilerServices;

namespace Privatemode.AI.Internal;

/// <summary>What a callback of the user's throws goes to his caller as it is: nobody else knows what it means.</summary>
internal static class Callbacks
{
    private static readonly ConditionalWeakTable<Exception, object> Thrown = [];

    /// <summary>Asks one.</summary>
    public static T Ask<T>(Func<T> callback)
    {
        try
        {
            return callback();
        }
        catch (Exception exception) when (Note(exception))
        {
            throw;
        }
    }

    /// <summary>Calls an asynchronous one outside of the caller's synchronization context. Await the result in a try block with <see cref="Note"/>.</summary>
    public static ValueTask<T> StartAsync<T>(Func<CancellationToken, ValueTask<T>> callback, CancellationToken cancellationToken)
    {
        try
        {
            return CallerContext.StartOutside(static call => call.callback(call.cancellationToken), (callback, cancellationToken));
        }
        catch (Exception exception) when (Note(exception))
        {
            throw;
        }
    }

    /// <summary>For the filter of a catch clause around one: notes what it threw, and catches nothing.</summary>
    public static bool Note(Exception exception)
    {
        Thrown.AddOrUpdate(exception, exception.GetType());
        return false;
    }

    /// <summary>Whether a callback threw this.</summary>
    public static bool Threw(Exception exception) => Thrown.TryGetValue(exception, out _);
}

/// <summary>Runs what comes from other libraries and from callbacks outside the caller's synchronization context and scheduler.</summary>
internal static class CallerContext
{
    /// <summary>Goes to the next item.</summary>
    /// <remarks>The enumerator of the OpenAI client awaits its request without <c>ConfigureAwait(false)</c>.</remarks>
    public static ValueTask<bool> MoveNextAsync<T>(IAsyncEnumerator<T> items) => StartOutside(static items => items.MoveNextAsync(), items);

    /// <summary>Starts asynchronous work on the caller's thread and in its execution context, where it finds no context to come back to.</summary>
    /// <remarks>Work that awaits without <c>ConfigureAwait(false)</c> would never end if the caller blocks the only thread of its context.</remarks>
    public static ValueTask<TResult> StartOutside<TState, TResult>(Func<TState, ValueTask<TResult>> start, TState state)
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

    /// <remarks>Runs on the caller's thread: one of the pool may not be available while synchronous callers block it.</remarks>
    private static ValueTask<TResult> StartOutsideOfScheduler<TState, TResult>(Func<TState, ValueTask<TResult>> start, TState state)
    {
        Task<ValueTask<TResult>> starting = new(() => StartOutside(start, state));
        starting.RunSynchronously(TaskScheduler.Default);
        return starting.GetAwaiter().GetResult();
    }
}
