using System.Globalization;

namespace Privatemode.AI.Benchmarks;

/// <summary>Compares figures with the most that is accepted, so that <c>--enforce</c> can fail a run.</summary>
/// <remarks>The accepted value of a row is its bar, or the value in docs/performance.md if the bar is not met yet.</remarks>
internal static class Accepted
{
    /// <summary>A figure may exceed its accepted value by a quarter: ratios within one run vary by a tenth, and more if the machine does other work.</summary>
    public const double Slack = 1.25;

    private static readonly List<string> Worse = [];

    public static void Check(string row, double value, double accepted)
    {
        // In this order, so that a figure which is not a number fails.
        if (!(value <= accepted * Slack))
        {
            Worse.Add(string.Create(CultureInfo.InvariantCulture, $"{row}: {value:0.###}, accepted {accepted:0.###}"));
        }
    }

    /// <summary>Prints the rows that are worse than accepted.</summary>
    /// <returns>Whether there are none.</returns>
    public static bool Report()
    {
        Console.WriteLine();
        foreach (string row in Worse)
        {
            Console.WriteLine($"WORSE {row}");
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Worse.Count} rows are more than {Slack - 1:P0} worse than accepted"));
        return Worse.Count == 0;
    }
}
