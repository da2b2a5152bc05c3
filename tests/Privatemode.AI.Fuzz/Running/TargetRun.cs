using System.Collections.Concurrent;
using System.Diagnostics;
using Privatemode.AI.Fuzz.Mutation;
using Privatemode.AI.Fuzz.Targets;

namespace Privatemode.AI.Fuzz.Running;

/// <summary>Runs one target on several threads. An input depends on seed, target and iteration, not on the thread.</summary>
internal sealed class TargetRun
{
    /// <summary>The most bytes that one input may make a target allocate.</summary>
    public const long MaxBytes = 16L << 20;

    private const int MaxFailures = 5;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private readonly FuzzTarget _target;
    private readonly ulong _seed;
    private readonly ForgeryCheck _forgeries;
    private readonly ConcurrentQueue<Failure> _failures = new();
    private readonly ConcurrentDictionary<string, byte> _seen = new(StringComparer.Ordinal);
    private long _next;
    private long _inputs;
    private long _accepted;

    public TargetRun(FuzzTarget target, ulong seed)
    {
        _target = target;
        _seed = seed;
        _forgeries = new ForgeryCheck(target);
    }

    public long Inputs => _inputs;

    /// <summary>Damaged inputs that were accepted, because the damage was not in anything that is signed.</summary>
    public long Accepted => _accepted;

    public IReadOnlyCollection<Failure> Failures => _failures;

    /// <summary>Whether the target failed often enough to stop.</summary>
    private bool IsDone => _failures.Count >= MaxFailures;

    /// <summary>Runs until the time or the number of inputs is used up.</summary>
    public TimeSpan Run(TimeSpan time, long inputs, int threads, long first = 0)
    {
        _next = first;
        long last = first + inputs;
        Stopwatch watch = Stopwatch.StartNew();
        using Watchdog watchdog = new(threads);
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(index => new Thread(() =>
        {
            while (watch.Elapsed < time && !IsDone && Interlocked.Increment(ref _next) - 1 is { } iteration && iteration < last)
            {
                RunOne(iteration, watchdog, index);
            }
        }))];
        Array.ForEach(workers, worker => worker.Start());
        Array.ForEach(workers, worker => worker.Join());
        return watch.Elapsed;
    }

    private void RunOne(long iteration, Watchdog watchdog, int thread)
    {
        (FuzzSeed seed, byte[][] parts) = Mutator.Create(_target, Rng.Of(_seed, _target.Name, iteration));
        Failure Describe(FailureKind kind, string detail) => new(kind, detail, _target.Name, _seed, iteration, seed.Name, parts);
        watchdog.Enter(thread, () => Describe(FailureKind.Slow, "does not end"));
        Outcome outcome = Judge(seed, parts);

        // Another program may have had the processor: slow is what is slow twice.
        if (outcome.Time > Longest && outcome.Time is var before && (outcome = Judge(seed, parts)).Time > Longest)
        {
            Report(Describe(FailureKind.Slow, $"{before.TotalSeconds:0.0} s, then {outcome.Time.TotalSeconds:0.0} s"));
        }

        watchdog.Leave(thread);
        _ = Interlocked.Increment(ref _inputs);
        if (outcome.Bytes > MaxBytes)
        {
            Report(Describe(FailureKind.Memory, $"{outcome.Bytes:N0} bytes allocated for {parts.Sum(part => part.Length):N0}"));
        }

        if (outcome.Exception is { } exception)
        {
            Report(Describe(FailureKind.Exception, exception.ToString()));
        }
        else if (outcome.IsAccepted)
        {
            _ = Interlocked.Increment(ref _accepted);
            if (_forgeries.Find(parts) is { } forged)
            {
                Report(Describe(FailureKind.Accepted, forged));
            }
        }
    }

    private static Outcome Judge(FuzzSeed seed, byte[][] parts)
    {
        bool accepted = false;
        Exception? unexpected = null;
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        try
        {
            accepted = seed.Judge(parts);
        }
        catch (PrivatemodeVerificationException)
        {
        }
        catch (Exception exception)
        {
            unexpected = exception;
        }

        TimeSpan time = Stopwatch.GetElapsedTime(start);
        return new Outcome(accepted, unexpected, time, GC.GetAllocatedBytesForCurrentThread() - bytes);
    }

    // The same thing once: the first line says what, without numbers.
    private void Report(Failure failure)
    {
        string what = failure.Kind == FailureKind.Exception ? string.Join('\n', failure.Detail.Split('\n').Take(3)) : failure.Detail.Split(':')[0];
        string key = failure.Kind + new string([.. what.Where(character => !char.IsDigit(character))]);
        if (_seen.TryAdd(key, 0))
        {
            _failures.Enqueue(failure);
        }
    }

    private readonly record struct Outcome(bool IsAccepted, Exception? Exception, TimeSpan Time, long Bytes);
}
