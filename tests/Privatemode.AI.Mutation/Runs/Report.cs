using System.Text.Json;

using Privatemode.AI.Mutation.Tests;

namespace Privatemode.AI.Mutation.Runs;

/// <summary>A report of dotnet-stryker.</summary>
internal sealed class Report(IReadOnlyList<Mutant> mutants)
{
    public IReadOnlyList<Mutant> Mutants => mutants;

    public static Report Read(string file)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(file));
        var mutants = new List<Mutant>();
        foreach (JsonProperty source in json.RootElement.GetProperty("files").EnumerateObject())
        {
            string text = source.Value.GetProperty("source").GetString()!;
            string name = Path.GetFileName(source.Name);
            Mutant[] ofFile = [.. source.Value.GetProperty("mutants").EnumerateArray().Select(mutant => Mutant.Read(name, text, mutant))];
            if (ofFile.Any(mutant => mutant.Status != "Ignored"))
            {
                mutants.AddRange(ofFile);
            }
        }

        return new Report([.. mutants.OrderBy(mutant => mutant.Id)]);
    }

    /// <param name="journal">The mutants that were tested, in this run or before.</param>
    /// <param name="reach">Which mutants a test reaches.</param>
    /// <param name="chosen">The mutants that count.</param>
    public Report With(IReadOnlyDictionary<int, MutantOutcome> journal, Reach reach, HashSet<int> chosen) => new(
        [.. mutants.Where(mutant => !mutant.Valid || chosen.Contains(mutant.Id)).Select(mutant => mutant with
        {
            Status = !mutant.Valid ? mutant.Status
                : journal.TryGetValue(mutant.Id, out MutantOutcome outcome) ? outcome == MutantOutcome.SurvivedInStatic ? "Survived" : outcome.ToString()
                : reach.TestsOf(mutant.Id).Count == 0 && !mutant.IsStatic ? "NoCoverage"
                : "Untested",
        })]);

    /// <returns>The score in percent.</returns>
    public double Print(TextWriter output, bool survivors)
    {
        output.WriteLine($"{"",-36}{"mutants",8}{"killed",8}{"time",6}{"crash",6}{"survive",8}{"no test",8}{"untested",9}{"score",7}");
        foreach (IGrouping<string, Mutant> file in mutants.Where(mutant => mutant.Valid).GroupBy(mutant => mutant.File).OrderBy(file => file.Key))
        {
            PrintLine(output, file.Key, [.. file]);
        }

        double score = PrintLine(output, "all", [.. mutants.Where(mutant => mutant.Valid)]);
        int failed = mutants.Count(mutant => mutant.Status == "CompileError"), texts = mutants.Count(mutant => mutant.IsText);
        output.WriteLine($"left out: {failed} that do not compile, {texts} texts");
        foreach (Mutant alive in survivors ? mutants.Where(mutant => mutant.Alive) : [])
        {
            output.WriteLine($"{alive.File}({alive.Line},{alive.Column}) {alive.Status} {alive.Mutator}\n  - {alive.Original}\n  + {alive.Replacement}");
        }

        return score;
    }

    private static double PrintLine(TextWriter output, string name, Mutant[] all)
    {
        int Count(string status) => all.Count(mutant => mutant.Status == status);
        int killed = Count("Killed"), timedOut = Count("TimedOut"), crashed = Count("Crashed");
        int survived = Count("Survived"), uncovered = Count("NoCoverage");
        int tested = killed + timedOut + crashed + survived + uncovered;
        double score = tested == 0 ? 0 : 100.0 * (killed + timedOut + crashed) / tested;
        output.WriteLine(FormattableString.Invariant(
            $"{name,-36}{all.Length,8}{killed,8}{timedOut,6}{crashed,6}{survived,8}{uncovered,8}{all.Length - tested,9}{score,7:0.0}"));
        return score;
    }
}

/// <param name="File">Its name: those of the library are different.</param>
/// <param name="Original">The text that was replaced.</param>
/// <param name="IsStatic">It changes the value of a static field: in a process that has it already, it changes nothing.</param>
internal sealed record Mutant(int Id, string File, int Line, int Column, string Mutator, string Original, string Replacement, string Status, bool IsStatic)
{
    public bool Valid => Status is not ("Ignored" or "CompileError") && !IsText;

    /// <summary>A text of several words that is replaced by an empty one, as in the message of an exception. Tests do not repeat it.</summary>
    public bool IsText => Replacement is "\"\"" or "$\"\"" && Original.Trim('$', '"').Split(' ').Count(word => word.Any(char.IsLetter)) > 1;

    public bool Alive => Valid && Status is "Survived" or "NoCoverage";

    public static Mutant Read(string file, string text, JsonElement mutant)
    {
        JsonElement start = mutant.GetProperty("location").GetProperty("start"), end = mutant.GetProperty("location").GetProperty("end");
        int line = start.GetProperty("line").GetInt32(), column = start.GetProperty("column").GetInt32();
        return new Mutant(
            int.Parse(mutant.GetProperty("id").GetString()!, System.Globalization.CultureInfo.InvariantCulture), file, line, column,
            mutant.GetProperty("mutatorName").GetString()!,
            Part(text, Offset(text, line, column), Offset(text, end.GetProperty("line").GetInt32(), end.GetProperty("column").GetInt32())),
            Shortened(mutant.GetProperty("replacement").GetString() ?? ""),
            mutant.GetProperty("status").GetString()!,
            mutant.TryGetProperty("static", out JsonElement isStatic) && isStatic.GetBoolean());
    }

    private static string Part(string text, int start, int end) => Shortened(text[Math.Min(start, end)..Math.Max(start, end)]);

    private static string Shortened(string text)
    {
        string one = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return one.Length <= 140 ? one : one[..140] + "…";
    }

    private static int Offset(string text, int line, int column)
    {
        int start = 0;
        for (int i = 1; i < line; i++)
        {
            start = text.IndexOf('\n', start) + 1;
        }

        return Math.Min(start + column - 1, text.Length);
    }
}
