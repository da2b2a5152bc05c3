using System.Collections.ObjectModel;
using System.Globalization;
using System.IO.MemoryMappedFiles;

namespace Privatemode.AI.Mutation.Tests;

/// <summary>
/// What became of each mutant, one line each: a run that was stopped goes on where it was. A mutant that took the process down twice is a crash.
/// dotnet-stryker writes its report only at the end of a run. What is not in this list, was not tested.
/// </summary>
internal sealed class Journal
{
    public const string FileVariable = "PRIVATEMODE_MUTATION_JOURNAL";

    /// <summary>A file with the numbers of the mutants that are tested. Without it: all.</summary>
    public const string SampleVariable = "PRIVATEMODE_MUTATION_SAMPLE";

    /// <summary>The time, in seconds since 1970, after which no further mutant is tested.</summary>
    public const string UntilVariable = "PRIVATEMODE_MUTATION_UNTIL";

    private const int StartsUntilCrash = 2;

    private readonly string? _file = Environment.GetEnvironmentVariable(FileVariable);
    private readonly HashSet<int>? _sample = Environment.GetEnvironmentVariable(SampleVariable) is { Length: > 0 } sample
        ? [.. File.ReadLines(sample).Select(line => int.Parse(line, CultureInfo.InvariantCulture))]
        : null;
    private readonly long _until = long.TryParse(Environment.GetEnvironmentVariable(UntilVariable), out long until) ? until : long.MaxValue;
    private readonly Dictionary<int, MutantOutcome> _outcomes = [];

    public Journal()
    {
        if (_file is not null && File.Exists(_file))
        {
            _outcomes = new Dictionary<int, MutantOutcome>(Read(_file));
        }
    }

    /// <summary>The mutant that is on, or -1.</summary>
    public static int ActiveMutant()
    {
        if (Environment.GetEnvironmentVariable("STRYKER_MUTANT_FILE") is not { Length: > 0 } file || !File.Exists(file))
        {
            return -1;
        }

        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using MemoryMappedFile mapped = MemoryMappedFile.CreateFromFile(
            stream, mapName: null, sizeof(int), MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        using MemoryMappedViewAccessor view = mapped.CreateViewAccessor(0, sizeof(int), MemoryMappedFileAccess.Read);
        return view.ReadInt32(0);
    }

    public static ReadOnlyDictionary<int, MutantOutcome> Read(string file)
    {
        var outcomes = new Dictionary<int, MutantOutcome>();
        var starts = new Dictionary<int, int>();
        foreach (string[] words in File.ReadLines(file).Select(line => line.Split(' ')).Where(words => words.Length == 2))
        {
            int mutant = int.Parse(words[0], CultureInfo.InvariantCulture);
            if (words[1] != "Started")
            {
                outcomes[mutant] = Enum.Parse<MutantOutcome>(words[1]);
                starts.Remove(mutant);
            }
            else
            {
                int before = starts.GetValueOrDefault(mutant);
                starts[mutant] = before + 1;
                if (before + 1 >= StartsUntilCrash)
                {
                    outcomes[mutant] = MutantOutcome.Crashed;
                }
            }
        }

        return outcomes.AsReadOnly();
    }

    /// <summary>What is known without running a test, or <see langword="null"/>. Survivors are tested again: tests may have been added.</summary>
    public MutantOutcome? Known(int mutant) =>
        _sample?.Contains(mutant) == false ? MutantOutcome.Survived
        : _outcomes.TryGetValue(mutant, out MutantOutcome outcome) && outcome != MutantOutcome.Survived ? outcome
        : DateTimeOffset.UtcNow.ToUnixTimeSeconds() > _until ? MutantOutcome.Survived
        : null;

    public void Start(int mutant) => Write(mutant, "Started");

    public void End(int mutant, MutantOutcome outcome) => Write(mutant, outcome.ToString());

    private void Write(int mutant, string word)
    {
        if (_file is not null)
        {
            File.AppendAllText(_file, string.Create(CultureInfo.InvariantCulture, $"{mutant} {word}\n"));
        }
    }
}

internal enum MutantOutcome
{
    Killed,
    Survived,
    TimedOut,
    Crashed,
}
