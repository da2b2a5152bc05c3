using Xunit.Sdk;

namespace Privatemode.AI.Mutation.Tests;

/// <summary>
/// The process that tests mutants, one after another, until all are tested or one leaves it unusable: it loops, or static state of the process still
/// holds what it wrote. Then another process continues.
/// </summary>
internal sealed class TestProcess
{
    /// <summary>All mutants are tested, or the time is over.</summary>
    public const int Done = 0;

    /// <summary>Another process must go on.</summary>
    public const int Again = 3;

    /// <summary>The only mutant to test. It is on from the start, before static fields get their values.</summary>
    public const string OnlyVariable = "PRIVATEMODE_MUTATION_ONLY";

    private const int FirstTests = 8;

    // These folders have the tests of the code that reads answers and events.
    private static readonly Dictionary<string, string[]> AlsoTestedBy = new() { ["Encryption"] = ["Pipeline", "Responses", "PropertyTests"] };

    private readonly UnitTests _tests;
    private readonly Journal _journal;
    private readonly Reach _reach;
    private readonly Dictionary<string, int> _kills = [];

    private TestProcess(UnitTests tests, Journal journal, Reach reach)
    {
        _tests = tests;
        _journal = journal;
        _reach = reach;
    }

    public static async Task<int> RunAsync(string folder, string results)
    {
        MutantSwitch.Off();
        using var tests = new UnitTests([folder, .. AlsoTestedBy.GetValueOrDefault(folder, [])]);
        string reach = Path.Combine(results, "reach.txt");
        if (!File.Exists(reach))
        {
            await Reach.WriteAsync(tests, reach);
            return Again;
        }

        var process = new TestProcess(tests, new Journal(Path.Combine(results, "journal.txt")), Reach.Read(reach));
        if (int.TryParse(Environment.GetEnvironmentVariable(OnlyVariable), out int only))
        {
            return await process.TestStaticAsync(only);
        }

        foreach (int mutant in File.ReadLines(Path.Combine(results, "chosen.txt")).Select(int.Parse))
        {
            if (process._journal.TimeIsOver)
            {
                return Done;
            }

            IReadOnlyList<string> reaching = process._reach.TestsOf(mutant);
            if (process._journal.Known(mutant) is null && reaching.Count > 0 && !await process.TestAsync(mutant, reaching))
            {
                return Again;
            }
        }

        return Done;
    }

    /// <returns>Whether the process can go on.</returns>
    private async Task<bool> TestAsync(int mutant, IReadOnlyList<string> reaching)
    {
        IXunitTestCase[] cases = Cases(reaching.OrderByDescending(name => _kills.GetValueOrDefault(name)));
        bool doubtful = _journal.IsDoubtful(mutant);
        if (doubtful)
        {
            // Static fields get their values without the mutant.
            MutantSwitch.Off();
            await new TestRun(_tests).RunAsync(cases);
        }

        _journal.Start(mutant);
        MutantSwitch.On(mutant);
        var run = new TestRun(_tests);
        bool ended = await run.RunAsync(cases[..Math.Min(FirstTests, cases.Length)]);
        if (ended && run.Failed is null && cases.Length > FirstTests)
        {
            run = new TestRun(_tests);
            ended = await run.RunAsync(cases[FirstTests..]);
        }

        MutantSwitch.Off();
        if (!ended)
        {
            _journal.End(mutant, MutantOutcome.TimedOut);
            return false;
        }

        if (run.Failed is not { } killer)
        {
            _journal.End(mutant, MutantOutcome.Survived);
            return true;
        }

        // Only a test that passes without the mutant proves something.
        var without = new TestRun(_tests);
        bool passes = await without.RunAsync([killer]) && without.Failed is null;
        _journal.End(mutant, passes || doubtful ? MutantOutcome.Killed : MutantOutcome.Doubtful);
        _kills[killer.UniqueID] = _kills.GetValueOrDefault(killer.UniqueID) + 1;
        return passes;
    }

    private async Task<int> TestStaticAsync(int mutant)
    {
        _journal.Start(mutant);
        MutantSwitch.On(mutant);
        var run = new TestRun(_tests);
        bool ended = await run.RunAsync(Cases(_reach.Tests));
        _journal.End(mutant, !ended ? MutantOutcome.TimedOut : run.Failed is null ? MutantOutcome.SurvivedInStatic : MutantOutcome.Killed);
        return Done;
    }

    private IXunitTestCase[] Cases(IEnumerable<string> names) => [.. names.Select(_tests.Cases.GetValueOrDefault).OfType<IXunitTestCase>()];
}
