using Privatemode.AI.Fuzz.Targets;

namespace Privatemode.AI.Fuzz.Running;

/// <summary>Plants a fault for every rule: a fuzzer that finds nothing must be one that could have.</summary>
internal static class SelfTest
{
    private const int Inputs = 3000;
    private const ulong Seed = 1;

    /// <summary>The number of planted faults that were not found.</summary>
    public static int Run(IReadOnlyList<FuzzTarget> targets)
    {
        FuzzTarget readers = targets.Single(target => target.Name == "pck-extension");
        int missed = Expect(readers, "nothing planted", null);
        missed += Expect(Damaged(readers, () => throw new InvalidOperationException("planted")), "another exception", FailureKind.Exception);
        missed += Expect(Damaged(readers, () => GC.KeepAlive(new byte[(16 << 20) + 1])), "an array of more than 16 MiB", FailureKind.Memory);
        missed += Expect(Damaged(readers, () => Thread.Sleep(2100)), "a pause of 2.1 seconds", FailureKind.Slow);

        // A verifier that accepts whatever comes has to be found out wherever something is signed.
        foreach (FuzzTarget target in targets.Where(target => target.Signed is not null))
        {
            missed += Expect(target, $"{target.Name}: nothing planted", null, 300);
            missed += ExpectBlind(target);
        }

        Console.WriteLine(missed == 0 ? "self-test passed: every planted fault was found" : $"self-test FAILED: {missed} missed");
        return missed;
    }

    /// <summary>A target that fails for some lengths of its input, and does not end for others, which afl-fuzz must find.</summary>
    public static FuzzTarget Plant(FuzzTarget target) => Damaged(
        Damaged(target, () => throw new InvalidOperationException("planted")), () => Thread.Sleep(Timeout.Infinite), length: 8);

    private static int Expect(FuzzTarget target, string planted, FailureKind? kind, int inputs = Inputs)
    {
        TargetRun run = new(target, Seed);
        _ = run.Run(TimeSpan.FromMinutes(1), inputs, threads: 1);
        return Conclude(planted, run, kind);
    }

    // The undamaged seeds teach the run what is signed; only then is the judge replaced.
    private static int ExpectBlind(FuzzTarget target)
    {
        bool isBlind = false;
        FuzzSeed[] seeds = [.. target.Seeds.Select(seed => seed with { Judge = parts => Volatile.Read(ref isBlind) || seed.Judge(parts) })];
        TargetRun run = new(target with { Seeds = seeds }, Seed);
        Volatile.Write(ref isBlind, true);
        _ = run.Run(TimeSpan.FromMinutes(1), Inputs, threads: 1);
        return Conclude($"{target.Name}: a verifier that accepts all", run, FailureKind.Accepted);
    }

    private static int Conclude(string planted, TargetRun run, FailureKind? kind)
    {
        bool found = kind is null ? run.Failures.Count == 0 : run.Failures.Any(failure => failure.Kind == kind);
        string result = kind is null ? "nothing found" : "found";
        Console.WriteLine($"{(found ? result : "MISSED"),-14} {planted}, {run.Inputs} inputs");
        return found ? 0 : 1;
    }

    // Every hundredth reading misbehaves; undamaged seeds are read first, and do not count.
    private static FuzzTarget Damaged(FuzzTarget target, Action fault, int length = 7)
    {
        FuzzSeed[] seeds = [.. target.Seeds.Select(seed => seed with
        {
            Judge = parts =>
            {
                if (parts[0].Length % 100 == length)
                {
                    fault();
                }

                return seed.Judge(parts);
            },
        })];
        return target with { Seeds = seeds };
    }
}
