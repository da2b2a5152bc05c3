using System.Diagnostics;

using Xunit.Abstractions;
using Xunit.Sdk;

namespace Privatemode.AI.Mutation.Tests;

/// <summary>
/// One run of chosen tests. It stops at the first failure. It is given up when no test ends for a while: mostly of processor time, since the time on the
/// clock says little on a busy machine, and a mutant that loops burns it.
/// </summary>
internal sealed class TestRun(UnitTests tests) : IMessageSink
{
    private static readonly TimeSpan ProcessorLimit = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan ClockLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _ended;
    private bool _over;

    /// <summary>The first test that failed.</summary>
    public IXunitTestCase? Failed { get; private set; }

    /// <returns>Whether the tests came to an end. If not, threads of this process still run them.</returns>
    public async Task<bool> RunAsync(IReadOnlyCollection<IXunitTestCase> cases)
    {
        using var process = Process.GetCurrentProcess();
        TimeSpan used = process.TotalProcessorTime;
        long since = Stopwatch.GetTimestamp();
        int ended = 0;
        _ = Task.Factory.StartNew(() => tests.Run(cases, this), TaskCreationOptions.LongRunning);
        while (await Task.WhenAny(_finished.Task, Task.Delay(Interval)) != _finished.Task)
        {
            process.Refresh();
            if (ended != Volatile.Read(ref _ended))
            {
                ended = Volatile.Read(ref _ended);
                used = process.TotalProcessorTime;
                since = Stopwatch.GetTimestamp();
            }
            else if (process.TotalProcessorTime - used > ProcessorLimit || Stopwatch.GetElapsedTime(since) > ClockLimit)
            {
                lock (_lock)
                {
                    _over = true;
                    return Failed is not null;
                }
            }
        }

        return true;
    }

    public bool OnMessage(IMessageSinkMessage message)
    {
        lock (_lock)
        {
            if (_over)
            {
                return false;
            }

            Take(message);
            return Failed is null;
        }
    }

    private void Take(IMessageSinkMessage message)
    {
        switch (message)
        {
            case ITestFailed { TestCase: IXunitTestCase one }:
                Failed ??= one;
                break;
            case ITestCaseCleanupFailure { TestCases: var cases }:
                Failed ??= cases.OfType<IXunitTestCase>().FirstOrDefault();
                break;
            case ITestClassCleanupFailure { TestCases: var cases }:
                Failed ??= cases.OfType<IXunitTestCase>().FirstOrDefault();
                break;
            case ITestCaseFinished:
                Volatile.Write(ref _ended, _ended + 1);
                break;
            case ITestAssemblyFinished:
                _finished.TrySetResult();
                break;
        }
    }
}
