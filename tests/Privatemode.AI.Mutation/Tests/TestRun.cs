using System.Diagnostics;

using Xunit.Abstractions;
using Xunit.Sdk;

namespace Privatemode.AI.Mutation.Tests;

/// <summary>
/// One run of chosen tests. It stops at the first failure: the mutant is killed. It is given up when no test ends for a while: mostly of processor time,
/// since the time on the clock says little on a busy machine, and a mutant that loops burns it.
/// </summary>
internal sealed class TestRun(UnitTests tests, Action<IXunitTestCase, TestOutcome> report) : IMessageSink
{
    private static readonly TimeSpan ProcessorLimit = TimeSpan.FromSeconds(Number("PRIVATEMODE_MUTATION_PROCESSOR_SECONDS", 10));
    private static readonly TimeSpan ClockLimit = TimeSpan.FromSeconds(Number("PRIVATEMODE_MUTATION_CLOCK_SECONDS", 180));
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (IXunitTestCase Case, TestOutcome Outcome)> _running = [];
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _ended;
    private bool _failed;
    private bool _over;

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
                GiveUp();
                return false;
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
            return !_failed;
        }
    }

    private void Take(IMessageSinkMessage message)
    {
        switch (message)
        {
            case ITestCaseStarting { TestCase: IXunitTestCase one }:
                _running[one.UniqueID] = (one, TestOutcome.Passed);
                break;
            case ITestFailed { TestCase: IXunitTestCase one }:
                _running[one.UniqueID] = (one, TestOutcome.Failed);
                _failed = true;
                break;
            case ITestCaseCleanupFailure { TestCases: var cases }:
                Fail(cases);
                break;
            case ITestClassCleanupFailure { TestCases: var cases }:
                Fail(cases);
                break;
            case ITestCaseFinished { TestCase: IXunitTestCase one } when _running.Remove(one.UniqueID, out var finished):
                Volatile.Write(ref _ended, _ended + 1);
                report(finished.Case, finished.Outcome);
                break;
            case ITestAssemblyFinished:
                _finished.TrySetResult();
                break;
        }
    }

    private void Fail(IEnumerable<ITestCase> cases)
    {
        _failed = true;
        foreach (IXunitTestCase one in cases.OfType<IXunitTestCase>())
        {
            report(one, TestOutcome.Failed);
        }
    }

    private void GiveUp()
    {
        lock (_lock)
        {
            _over = true;
            foreach ((IXunitTestCase one, _) in _running.Values)
            {
                report(one, TestOutcome.TimedOut);
            }
        }
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out int number) ? number : otherwise;
}

internal enum TestOutcome
{
    Passed,
    Failed,
    TimedOut,
}
