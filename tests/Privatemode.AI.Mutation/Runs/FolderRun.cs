using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Privatemode.AI.Mutation.Listing;
using Privatemode.AI.Mutation.Tests;

namespace Privatemode.AI.Mutation.Runs;

/// <summary>One folder of the library: its mutants, which dotnet-stryker compiles, and the processes that test them.</summary>
internal sealed class FolderRun(string root, string folder)
{
    private const string Library = "Privatemode.AI.dll";

    private readonly string _copy = Path.Combine(root, "artifacts", "mutation", "source");
    private readonly string _results = Path.Combine(root, "artifacts", "mutation", folder);

    private string Mutants => Path.Combine(_results, "listing", "reports", "mutation-report.json");

    /// <param name="until">After this time, no further mutant is tested.</param>
    public async Task RunAsync(int? sample, int seed, bool resume, DateTimeOffset until)
    {
        await ListAsync(keepJournal: resume);
        if (resume)
        {
            Journal.ForgetSurvivors(Of("journal.txt"));
        }

        // In the order of the seed: what a stopped run tested is a sample too.
        var random = new Random(seed);
        int[] chosen = [.. Report.Read(Mutants).Mutants.Where(mutant => mutant.Valid).Select(mutant => mutant.Id)];
        random.Shuffle(chosen);
        chosen = [.. chosen.Take(sample ?? chosen.Length)];
        File.WriteAllLines(Of("chosen.txt"), chosen.Select(id => id.ToString(CultureInfo.InvariantCulture)));

        // The tests may be others than in the last run.
        File.Delete(Of("reach.txt"));
        string program = CopyProgram();
        int exit;
        do
        {
            long before = LengthOfJournal();
            exit = await TestAsync(program, until, only: null);
            if (exit is not (TestProcess.Done or TestProcess.Again) && LengthOfJournal() == before)
            {
                throw new InvalidOperationException($"The tests ended with {exit}: see above.");
            }
        }
        while (exit != TestProcess.Done);

        foreach (int mutant in InStatic(chosen))
        {
            if (DateTimeOffset.UtcNow < until)
            {
                await TestAsync(program, until, mutant);
            }
        }
    }

    /// <summary>The chosen mutants of the last run, and their outcomes.</summary>
    public Report Read() => Report.Read(Mutants).With(
        Journal.Read(Of("journal.txt")),
        Reach.Read(Of("reach.txt")),
        [.. File.ReadLines(Of("chosen.txt")).Select(line => int.Parse(line, CultureInfo.InvariantCulture))]);

    private long LengthOfJournal() => File.Exists(Of("journal.txt")) ? new FileInfo(Of("journal.txt")).Length : 0;

    private string Of(string name) => Path.Combine(_results, name);

    private int[] InStatic(int[] chosen)
    {
        HashSet<int> isStatic = [.. Report.Read(Mutants).Mutants.Where(mutant => mutant.IsStatic).Select(mutant => mutant.Id)];
        var outcomes = Journal.Read(Of("journal.txt"));
        return [.. chosen.Where(mutant =>
            isStatic.Contains(mutant) && (!outcomes.TryGetValue(mutant, out MutantOutcome outcome) || outcome == MutantOutcome.Survived))];
    }

    /// <summary>Lets dotnet-stryker write the mutants, unless they are there for the same sources.</summary>
    /// <param name="keepJournal">Unless the sources of the folder changed: the numbers of the mutants hold for these sources.</param>
    private async Task ListAsync(bool keepJournal)
    {
        Directory.CreateDirectory(_results);
        string ofFolder = Hash(folder), ofLibrary = Hash("");
        string[] before = File.Exists(Of("sources.txt")) ? File.ReadAllLines(Of("sources.txt")) : [];
        if (!keepJournal || !before.Contains(ofFolder))
        {
            File.Delete(Of("journal.txt"));
        }

        if (!before.Contains(ofLibrary) || !File.Exists(Mutants))
        {
            File.Delete(Of("sources.txt"));
            await StrykerAsync();
            File.WriteAllLines(Of("sources.txt"), [ofFolder, ofLibrary]);
        }
    }

    private string Hash(string part)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(Config()));
        string[] files = Directory.GetFiles(Path.Combine(root, "src", "Privatemode.AI", part), "*.cs", SearchOption.AllDirectories);
        foreach (string file in files.Where(file => !file.Contains("/obj/", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(Path.GetRelativePath(root, file)));
            hash.AppendData(File.ReadAllBytes(file));
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private async Task StrykerAsync()
    {
        SourceCopy.Write(root, _copy, folder);
        File.WriteAllText(Of("stryker-config.json"), Config());
        Directory.CreateDirectory(Path.GetDirectoryName(Mutants)!);
        File.Delete(Mutants);
        var start = new ProcessStartInfo(
            "dotnet", ["stryker", "--config-file", Of("stryker-config.json"), "--output", Of("listing"), "--skip-version-check"])
        {
            WorkingDirectory = Path.Combine(_copy, "tests", "Privatemode.AI.Mutation"),
        };
        start.Environment["PRIVATEMODE_MUTATION_LISTING"] = "true";
        start.Environment[EmptyTests.LibraryVariable] = Of(Library);
        // They check the sources in another place.
        start.Environment["RunAnalyzers"] = "false";
        start.Environment["GenerateDocumentationFile"] = "false";
        using Process stryker = Process.Start(start)!;
        await stryker.WaitForExitAsync();
        if (!File.Exists(Mutants) || !File.Exists(Of(Library)))
        {
            throw new InvalidOperationException("dotnet-stryker wrote no report: see above.");
        }
    }

    private string Config()
    {
        string own = File.ReadAllText(Path.Combine(root, "tests", "Privatemode.AI.Mutation", "stryker-config.json"));
        return own.Replace("FOLDER", folder, StringComparison.Ordinal);
    }

    /// <returns>This program and the tests, with the library that contains the mutants.</returns>
    private string CopyProgram()
    {
        string target = Of("program");
        foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(target, Path.GetRelativePath(AppContext.BaseDirectory, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy, overwrite: true);
        }

        File.Copy(Of(Library), Path.Combine(target, Library), overwrite: true);
        return Path.Combine(target, "Privatemode.AI.Mutation.dll");
    }

    private async Task<int> TestAsync(string program, DateTimeOffset until, int? only)
    {
        var start = new ProcessStartInfo("dotnet", [program, "--test", folder, _results]) { WorkingDirectory = root };
        start.Environment[Journal.UntilVariable] = until.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        start.Environment[TestProcess.OnlyVariable] = only?.ToString(CultureInfo.InvariantCulture) ?? "";
        start.Environment["PRIVATEMODE_PROPERTY_CASES"] = "200";
        using Process tests = Process.Start(start)!;
        await tests.WaitForExitAsync();
        return tests.ExitCode;
    }
}
