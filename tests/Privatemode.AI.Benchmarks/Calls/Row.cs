using System.Globalization;

namespace Privatemode.AI.Benchmarks.Calls;

/// <summary>One row of the table: what is measured, ours, what it is compared with, and the bar.</summary>
/// <param name="What">What is measured.</param>
/// <param name="Ours">The figure of the library.</param>
/// <param name="Clear">The figure that it is compared with.</param>
/// <param name="Unit">Unit of both.</param>
/// <param name="Bar">The most that <see cref="Value"/> may be; null if the row has no bar.</param>
/// <param name="IsDifference">Whether the bar is for the difference, and not for the ratio.</param>
/// <param name="Today">The value in docs/performance.md if the bar is not met yet; <c>--enforce</c> compares with it.</param>
internal sealed record Row(string What, double Ours, double Clear, string Unit, double? Bar, bool IsDifference = false, double? Today = null)
{
    public double Value => IsDifference ? Ours - Clear : Ours / Clear;

    public static void PrintHead() =>
        Console.WriteLine("| row | in the clear, or bare | ours | ours against it | bar | |\n| --- | --- | --- | --- | --- | --- |");

    public void Print()
    {
        if (Bar is { } bar)
        {
            Accepted.Check(What, Value, Today ?? bar);
        }

        string value = IsDifference ? $"{Format(Value, "+0.###;-0.###")} {Unit}" : $"{Format(Value, "0.00")} x";
        string shown = Bar is { } most ? IsDifference ? $"+{Format(most, "0.###")} {Unit}" : $"{Format(most, "0.00")} x" : "";
        string met = Bar is null ? "" : Value <= Bar ? "met" : "**not met**";
        Console.WriteLine($"| {What} | {Format(Clear, "0.###")} {Unit} | {Format(Ours, "0.###")} {Unit} | {value} | {shown} | {met} |");
    }

    private static string Format(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
