using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Privatemode.AI.Mutation.Tests;

namespace Privatemode.AI.Mutation.Runs;

/// <summary>One folder of the library: dotnet-stryker in a copy of the repository, its report, and the journal of the tests.</summary>
internal sealed class FolderRun(string root, string folder, string results)
{
    // Without tests of the folder, dotnet-stryker only lists the mutants. It needs one test.
    private const string OneTest = "Privatemode.AI.Tests.Exceptions.";

    private readonly string _copy = Path.Combine(root, "artifacts", "mutation", "source");
    private readonly string _sources = Path.Combine(results, "sources.txt");
    private readonly string _journal = Path.Combine(results, "journal.txt");
    private readonly string _sample = Path.Combine(results, "sample.txt");
    private readonly string _listed = Path.Combine(results, "listed");
    private readonly string _tested = Path.Combine(results, "tested");

    /// <param name="until">After this time, no further mutant is tested.</param>
    public async Task RunAsync(int? sample, int seed, bool resume, DateTimeOffset until)
    {
        string sources = HashOfSources();
        if (Directory.Exists(results) && !(resume && File.Exists(_sources) && File.ReadAllText(_sources) == sources))
        {
            Directory.Delete(results, recursive: true);
        }

        // The numbers of the mutants, and so the journal, hold for these sources.
        Directory.CreateDirectory(results);
        File.WriteAllText(_sources, sources);
        SourceCopy.Write(root, _copy, folder);
        if (sample is { } count)
        {
            await ChooseAsync(count, seed, until);
        }
        else
        {
            File.Delete(_sample);
        }

        await StrykerAsync(_tested, $"Privatemode.AI.Tests.{folder}.", until);
    }

    /// <summary>The report, as the journal completes it.</summary>
    public Report Read() => Report.Read(ReportOf(_tested)).With(
        File.Exists(_journal) ? Journal.Read(_journal) : new Dictionary<int, MutantOutcome>(),
        File.Exists(_sample) ? [.. File.ReadLines(_sample).Select(line => int.Parse(line, CultureInfo.InvariantCulture))] : null);

    private static string ReportOf(string output) => Path.Combine(output, "reports", "mutation-report.json");

    private async Task ChooseAsync(int count, int seed, DateTimeOffset until)
    {
        if (!File.Exists(ReportOf(_listed)))
        {
            // Of an empty sample, no mutant is tested.
            File.WriteAllText(_sample, "");
            await StrykerAsync(_listed, OneTest, until);
        }

        var random = new Random(seed);
        int[] chosen = [.. Report.Read(ReportOf(_listed)).Mutants.Where(mutant => mutant.Valid).Select(mutant => mutant.Id)];
        random.Shuffle(chosen);
        File.WriteAllLines(_sample, chosen.Take(count).Order().Select(id => id.ToString(CultureInfo.InvariantCulture)));
    }

    private string HashOfSources()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string[] files = Directory.GetFiles(Path.Combine(root, "src", "Privatemode.AI", folder), "*.cs", SearchOption.AllDirectories);
        foreach (string file in files.Order(StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(Path.GetRelativePath(root, file)));
            hash.AppendData(File.ReadAllBytes(file));
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private async Task StrykerAsync(string output, string tests, DateTimeOffset until)
    {
        string config = Path.Combine(results, "stryker-config.json");
        File.WriteAllText(config, Config());
        Directory.CreateDirectory(Path.GetDirectoryName(ReportOf(output))!);
        File.Delete(ReportOf(output));
        var start = new ProcessStartInfo("dotnet", ["stryker", "--config-file", config, "--output", output, "--skip-version-check"])
        {
            WorkingDirectory = Path.Combine(_copy, "tests", "Privatemode.AI.Mutation"),
        };
        start.Environment[UnitTests.OnlyVariable] = tests;
        start.Environment[Journal.FileVariable] = _journal;
        start.Environment[Journal.SampleVariable] = File.Exists(_sample) ? _sample : "";
        start.Environment[Journal.UntilVariable] = until.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        // They check the sources in another place.
        start.Environment["RunAnalyzers"] = "false";
        start.Environment["GenerateDocumentationFile"] = "false";
        using Process stryker = Process.Start(start)!;
        await stryker.WaitForExitAsync();
        if (!File.Exists(ReportOf(output)))
        {
            throw new InvalidOperationException("dotnet-stryker wrote no report: see above.");
        }
    }

    private string Config()
    {
        string own = File.ReadAllText(Path.Combine(root, "tests", "Privatemode.AI.Mutation", "stryker-config.json"));
        return own.Replace("FOLDER", folder, StringComparison.Ordinal);
    }
}
