namespace Privatemode.AI.Tests.Fakes;

/// <summary>The one generous limit for everything a test waits for: it is reached only when something is broken.</summary>
internal static class TestTimeouts
{
    public static readonly TimeSpan Default = TimeSpan.FromSeconds(60);

    public static Task<T> OrTimeout<T>(this Task<T> task) => task.WaitAsync(Default);

    public static Task OrTimeout(this Task task) => task.WaitAsync(Default);

    /// <summary>The same items, each awaited for so long at most.</summary>
    public static async IAsyncEnumerable<T> WithTimeout<T>(this IAsyncEnumerable<T> items)
    {
        await using IAsyncEnumerator<T> enumerator = items.GetAsyncEnumerator();
        while (await enumerator.MoveNextAsync().AsTask().OrTimeout())
        {
            yield return enumerator.Current;
        }
    }

    /// <summary>Completes when a condition is met that no task announces.</summary>
    /// <exception cref="TimeoutException">It was not met in time.</exception>
    public static async Task UntilAsync(Func<bool> isMet, TimeSpan? limit = null)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!isMet())
        {
            if (TimeProvider.System.GetElapsedTime(start) > (limit ?? Default))
            {
                throw new TimeoutException("The condition was not met in time.");
            }

            await Task.Yield();
        }
    }

    /// <summary>Runs a blocking call on a thread of its own, as a synchronous caller would.</summary>
    public static Task<T> OnOwnThread<T>(Func<T> call) =>
        Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).OrTimeout();
}
