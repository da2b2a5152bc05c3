using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>Runs a property over generated cases. A failure names the smallest case that was found and the seed to replay, which the environment variable
/// <c>PRIVATEMODE_REPLAY</c> takes in the same form: two numbers, or
/// those and a size, with commas between them.</summary>
internal static class Properties
{
    private static readonly FSharpOption<Replay>? Replayed = ParseReplay(Environment.GetEnvironmentVariable("PRIVATEMODE_REPLAY"));

    // scripts/mutation runs a property for each of hundreds of mutants.
    private static readonly int MostCases = int.TryParse(Environment.GetEnvironmentVariable("PRIVATEMODE_PROPERTY_CASES"), out int most) ? most : int.MaxValue;

    public static void Hold<T>(Gen<T> cases, Action<T> property, int count = 200) => Hold(cases.ToArbitrary(), property, count);

    /// <summary>The same for cases that can be made smaller.</summary>
    public static void Hold<T>(Arbitrary<T> cases, Action<T> property, int count = 200) => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(Math.Min(count, MostCases)).WithQuietOnSuccess(true).WithReplay(Replayed), Prop.ForAll(cases, property));

    /// <summary>The same for asynchronous properties, outside of the test framework's synchronization context.</summary>
    public static Task HoldAsync<T>(Arbitrary<T> cases, Func<T, Task> property, int count) =>
        Task.Run(() => Hold(cases, test => property(test).GetAwaiter().GetResult(), count));

    /// <summary>Smaller lists: halves, then all but one item, then all with one smaller item.</summary>
    public static IEnumerable<T[]> Smaller<T>(IReadOnlyList<T> items, Func<T, IEnumerable<T>>? smaller = null)
    {
        if (items.Count > 1)
        {
            yield return [.. items.Take(items.Count / 2)];
            yield return [.. items.Skip(items.Count / 2)];
        }

        for (int i = 0; i < items.Count; i++)
        {
            yield return [.. items.Take(i), .. items.Skip(i + 1)];
        }

        for (int i = 0; i < items.Count && smaller is not null; i++)
        {
            foreach (T item in smaller(items[i]))
            {
                yield return [.. items.Take(i), item, .. items.Skip(i + 1)];
            }
        }
    }

    private static FSharpOption<Replay>? ParseReplay(string? text)
    {
        ulong[] numbers = [.. (text ?? "").Split(',', '(', ')').Where(part => part.Length > 0).Select(part => ulong.Parse(part, CultureInfo.InvariantCulture))];
        return numbers.Length < 2
            ? null
            : new(new Replay(new Rnd(numbers[0], numbers[1]), numbers.Length == 2 ? FSharpOption<int>.None : FSharpOption<int>.Some((int)numbers[2])));
    }
}
