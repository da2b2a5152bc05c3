namespace Privatemode.AI.Tests.Fakes;

/// <summary>The one generous limit for everything a test waits for: it is reached only when something is broken.</summary>
internal static class TestTimeouts
{
    public static readonly TimeSpan Default = TimeSpan.FromSeconds(60);

    public static Task<T> OrTimeout<T>(this Task<T> task) => task.WaitAsync(Default);

    public static Task OrTimeout(this Task task) => task.WaitAsync(Default);

    /// <summary>Runs a blocking call on a thread of its own, as a synchronous caller would.</summary>
    public static Task<T> OnOwnThread<T>(Func<T> call) =>
        Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).OrTimeout();
}
