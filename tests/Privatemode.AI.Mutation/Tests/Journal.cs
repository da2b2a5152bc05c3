using System.Collections.ObjectModel;
using System.Globalization;

namespace Privatemode.AI.Mutation.Tests;

/// <summary>
/// What became of each mutant, one line each: a run that was stopped goes on where it was. A mutant that took the process down twice is a crash.
/// Mutants that are not in this list were not tested.
/// </summary>
internal sealed class Journal
{
    /// <summary>The time, in seconds since 1970, after which no further mutant is tested.</summary>
    public const string UntilVariable = "PRIVATEMODE_MUTATION_UNTIL";

    private const int StartsUntilCrash = 2;

    private readonly string _file;
    private readonly long _until = long.TryParse(Environment.GetEnvironmentVariable(UntilVariable), out long until) ? until : long.MaxValue;
    private readonly ReadOnlyDictionary<int, MutantOutcome> _outcomes;

    public Journal(string file)
    {
        _file = file;
        _outcomes = Read(file);
    }

    public bool TimeIsOver => DateTimeOffset.UtcNow.ToUnixTimeSeconds() > _until;

    /// <returns>The outcomes; empty without the file.</returns>
    public static ReadOnlyDictionary<int, MutantOutcome> Read(string file)
    {
        var outcomes = new Dictionary<int, MutantOutcome>();
        var starts = new Dictionary<int, int>();
        foreach (string[] words in File.Exists(file) ? File.ReadLines(file).Select(line => line.Split(' ')).Where(words => words.Length == 2) : [])
        {
            int mutant = int.Parse(words[0], CultureInfo.InvariantCulture);
            if (words[1] == "Untested")
            {
                outcomes.Remove(mutant);
                starts.Remove(mutant);
            }
            else if (words[1] != "Started")
            {
                outcomes[mutant] = Enum.Parse<MutantOutcome>(words[1]);
                starts.Remove(mutant);
            }
            else if ((starts[mutant] = starts.GetValueOrDefault(mutant) + 1) >= StartsUntilCrash)
            {
                outcomes[mutant] = MutantOutcome.Crashed;
            }
        }

        return outcomes.AsReadOnly();
    }

    /// <summary>Tests may have been added since: all survivors are tested again.</summary>
    public static void ForgetSurvivors(string file)
    {
        int[] survivors = [.. Read(file).Where(one => one.Value is MutantOutcome.Survived or MutantOutcome.SurvivedInStatic).Select(one => one.Key)];
        File.AppendAllLines(file, survivors.Select(mutant => string.Create(CultureInfo.InvariantCulture, $"{mutant} Untested")));
    }

    /// <summary>What is known without running a test, or <see langword="null"/>.</summary>
    public MutantOutcome? Known(int mutant) =>
        _outcomes.TryGetValue(mutant, out MutantOutcome outcome) && outcome != MutantOutcome.Doubtful ? outcome : null;

    /// <summary>Whether a test failed with the mutant, and then also without it.</summary>
    public bool IsDoubtful(int mutant) => _outcomes.TryGetValue(mutant, out MutantOutcome outcome) && outcome == MutantOutcome.Doubtful;

    public void Start(int mutant) => Write(mutant, "Started");

    public void End(int mutant, MutantOutcome outcome) => Write(mutant, outcome.ToString());

    private void Write(int mutant, string word) => File.AppendAllText(_file, string.Create(CultureInfo.InvariantCulture, $"{mutant} {word}\n"));
}

internal enum MutantOutcome
{
    Killed,
    Survived,
    SurvivedInStatic,
    Doubtful,
    TimedOut,
    Crashed,
}
