using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

using Privatemode.AI.Mutation.Tests;

namespace Privatemode.AI.Mutation.Runs;

/// <summary>One folder of the library: dotnet-stryker in a copy of the repository, its report, and the journal of the tests.</summary>
internal sealed class FolderRun(string root, string folder, string results)
{
    // Without tests of the folder, dotnet-stryker only lists the mutants. It needs one test.
    private const string OneTest = "Privatemode.AI.Tests.Exceptions.";

    private readonly string _copy = Path.Combine(root, "artifacts", "mutation", "source");
    private readonly string _journal = Path.Combine(results, "journal.txt");
    private readonly string _sample = Path.Combine(results, "sample.txt");
    private readonly string _listed = Path.Combine(results, "listed");
    private readonly string _tested = Path.Combine(results, "tested");

    public async Task RunAsync(int? sample, int seed, bool resume, CancellationToken stop)
    {
        if (!resume && Directory.Exists(results))
        {
            Directory.Delete(results, recursive: true);
        }

        Directory.CreateDirectory(results);
        SourceCopy.Write(root, _copy, folder);
        if (!SameMutants())
        {
            File.Delete(_journal);
            await StrykerAsync(_listed, OneTest, journal: false, stop);
        }

        File.Delete(_sample);
        if (sample is { } count)
        {
            var random = new Random(seed);
            int[] chosen = [.. Report.Read(ReportOf(_listed)).Mutants.Where(mutant => mutant.Valid).Select(mutant => mutant.Id)];
            random.Shuffle(chosen);
            File.WriteAllLines(_sample, chosen.Take(count).Order().Select(id => id.ToString(CultureInfo.InvariantCulture)));
        }

        await StrykerAsync(_tested, $"Privatemode.AI.Tests.{folder}.", journal: true, stop);
    }

    /// <summary>The report, corrected by the journal: a run that was stopped has no report of its own.</summary>
    public Report Read()
    {
        Report report = Report.Read(File.Exists(ReportOf(_tested)) ? ReportOf(_tested) : ReportOf(_listed));
        return report.With(
            File.Exists(_journal) ? Journal.Read(_journal) : null,
            File.Exists(_sample) ? [.. File.ReadLines(_sample).Select(line => int.Parse(line, CultureInfo.InvariantCulture))] : null);
    }

    private static string ReportOf(string output) => Path.Combine(output, "reports", "mutation-report.json");

    /// <summary>The numbers of the mutants in the journal hold for the sources that were listed.</summary>
    private bool SameMutants() => File.Exists(ReportOf(_listed))
        && Report.Read(ReportOf(_listed)).Sources.All(source => File.Exists(source.Key) && File.ReadAllText(source.Key) == source.Value);

    private async Task StrykerAsync(string output, string tests, bool journal, CancellationToken stop)
    {
        string config = Path.Combine(results, "stryker-config.json");
        File.WriteAllText(config, Config());
        File.Delete(ReportOf(output));
        var start = new ProcessStartInfo("dotnet", ["stryker", "--config-file", config, "--output", output, "--skip-version-check"])
        {
            WorkingDirectory = Path.Combine(_copy, "tests", "Privatemode.AI.Mutation"),
        };
        start.Environment["PRIVATEMODE_MUTATION_TESTS"] = tests;
        start.Environment[Journal.FileVariable] = journal ? _journal : "";
        start.Environment[Journal.SampleVariable] = journal && File.Exists(_sample) ? _sample : "";
        // They check the sources in another place.
        start.Environment["RunAnalyzers"] = "false";
        start.Environment["GenerateDocumentationFile"] = "false";
        using Process stryker = Process.Start(start)!;
        try
        {
            await stryker.WaitForExitAsync(stop);
        }
        catch (OperationCanceledException)
        {
            stryker.Kill(entireProcessTree: true);
        }
    }

    private string Config()
    {
        string own = File.ReadAllText(Path.Combine(root, "tests", "Privatemode.AI.Mutation", "stryker-config.json"));
        return own.Replace("FOLDER", folder, StringComparison.Ordinal);
    }
}
