using System.Globalization;

using Xunit.Sdk;

namespace Privatemode.AI.Mutation.Tests;

/// <summary>Which mutants each test reaches, and the processor time it takes without a mutant. Kept in a file, one line per test.</summary>
internal sealed class Reach
{
    // Processor time, because other programs may be busy. A slower test would run for hundreds of mutants.
    private static readonly TimeSpan SlowestTest = TimeSpan.FromSeconds(0.25);

    // Recording each reached mutant is slow, and a test reaches most of its mutants early.
    private static readonly TimeSpan LongestCapture = TimeSpan.FromSeconds(20);

    private readonly Dictionary<int, List<string>> _testsOf = [];

    /// <summary>All tests that take part, the fastest first.</summary>
    public List<string> Tests { get; } = [];

    /// <returns>The tests that reach the mutant, the fastest first.</returns>
    public IReadOnlyList<string> TestsOf(int mutant) => _testsOf.GetValueOrDefault(mutant, []);

    public static Reach Read(string file)
    {
        var reach = new Reach();
        foreach (string[] words in File.ReadLines(file).Select(line => line.Split(' ')).OrderBy(words => Number(words[1])))
        {
            reach.Tests.Add(words[0]);
            foreach (int mutant in words[2].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Number))
            {
                if (!reach._testsOf.TryGetValue(mutant, out List<string>? tests))
                {
                    reach._testsOf[mutant] = tests = [];
                }

                tests.Add(words[0]);
            }
        }

        return reach;
    }

    /// <summary>Runs each test twice: for its time, and for what it reaches.</summary>
    public static async Task WriteAsync(UnitTests tests, string file)
    {
        var lines = new List<string>();
        foreach ((string name, IXunitTestCase one) in tests.Cases)
        {
            (bool passed, int[] reached) = await CaptureAsync(tests, one);
            TimeSpan start = Environment.CpuUsage.TotalTime;
            passed = passed && await PassesAsync(tests, one);
            TimeSpan time = Environment.CpuUsage.TotalTime - start;
            if (passed && time <= SlowestTest)
            {
                lines.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {(int)time.TotalMilliseconds} {string.Join(',', reached)}"));
            }
            else
            {
                Console.WriteLine($"left out, {(passed ? "slow" : "fails without a mutant")}: {one.DisplayName}");
            }
        }

        File.WriteAllLines(file, lines);
    }

    private static async Task<(bool Passed, int[] Reached)> CaptureAsync(UnitTests tests, IXunitTestCase one)
    {
        MutantSwitch.StartCapture();
        Task<bool> run = PassesAsync(tests, one);
        await Task.WhenAny(run, Task.Delay(LongestCapture));
        int[] reached = MutantSwitch.EndCapture();
        return (await run, reached);
    }

    private static async Task<bool> PassesAsync(UnitTests tests, IXunitTestCase one)
    {
        var run = new TestRun(tests);
        return await run.RunAsync([one]) && run.Failed is null;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
