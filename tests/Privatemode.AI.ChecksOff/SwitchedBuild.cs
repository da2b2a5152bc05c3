namespace Privatemode.AI.ChecksOff;

/// <summary>A copy of the repository in a temporary folder, in which each check of the list has a switch. Nothing of it is ever packed.</summary>
internal sealed class SwitchedBuild : IDisposable
{
    /// <summary>Number of the check that is switched off in a test run; 0 or absent: none.</summary>
    public const string Variable = "PRIVATEMODE_CHECK_OFF";

    private const string Switch = $$"""
        internal static class PrivatemodeCheckSwitch
        {
            private static readonly int Number = int.TryParse(System.Environment.GetEnvironmentVariable("{{Variable}}"), out int number) ? number : 0;

            public static bool IsOff(int number) => number == Number;
        }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("privatemode-checks-off-").FullName;

    /// <summary>The test projects, and how the line of an entry begins that names tests of them.</summary>
    public static (string Start, string Project)[] Projects { get; } =
    [
        ("by integration ", "tests/Privatemode.AI.IntegrationTests"),
        ("by proxy ", "tests/Privatemode.AI.AspNetCore.Tests"),
        ("by tool ", "tests/Privatemode.Tool.Tests"),
        ("by semantic kernel ", "tests/Privatemode.AI.EcosystemTests"),
        ("by ", "tests/Privatemode.AI.Tests"),
    ];

    /// <summary>Copies the repository, puts the switches in and builds the tests.</summary>
    /// <param name="repository">The folder of the repository.</param>
    /// <param name="checks">All checks of the list.</param>
    /// <param name="projects">The folders of the test projects to build, below the repository.</param>
    /// <exception cref="InvalidDataException">A check of the list is no longer where the list says.</exception>
    /// <exception cref="InvalidOperationException">The copy does not build.</exception>
    public void Make(string repository, IReadOnlyList<Check> checks, IEnumerable<string> projects)
    {
        string files = Command.Output("git", repository, "ls-files", "--cached", "--others", "--exclude-standard");
        foreach (string file in files.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string from = Path.Combine(repository, file);
            string to = Path.Combine(_folder, file);
            if (File.Exists(from))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.Copy(from, to);
            }
        }

        foreach ((string path, string text) in SwitchedSources.Require(Path.Combine(_folder, "src"), checks))
        {
            File.WriteAllText(path, text);
        }

        string[] sources = ["Privatemode.AI", "Privatemode.AI.Testing", "Privatemode.AI.AspNetCore", "Privatemode.AI.SemanticKernel", "Privatemode.Tool"];
        foreach (string project in sources)
        {
            File.WriteAllText(Path.Combine(_folder, "src", project, "PrivatemodeCheckSwitch.cs"), Switch);
        }

        // A compiler that stays in memory saves time; without a name of its own, it would outlive this program.
        bool sharesCompiler = Environment.GetEnvironmentVariable("SharedCompilationId") is { Length: > 0 };
        foreach (string project in projects)
        {
            CommandResult built = Command.Run("dotnet", _folder, TimeSpan.FromMinutes(20), null, "build", project, "-c", "Release", "-nodeReuse:false",
                "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false", "-p:GenerateDocumentationFile=false", $"-p:UseSharedCompilation={sharesCompiler}");
            if (built.ExitCode != 0)
            {
                IEnumerable<string> errors = built.Output.Split('\n').Where(line => line.Contains("error", StringComparison.Ordinal)).Distinct().Take(40);
                throw new InvalidOperationException($"The copy with switches does not build:\n{string.Join('\n', errors)}");
            }
        }
    }

    /// <summary>Runs the tests whose full names contain one of these parts, with one check switched off, or none for 0.</summary>
    public CommandResult Test(string project, IEnumerable<string> tests, int number, TimeSpan timeout)
    {
        string filter = string.Join('|', tests.Select(part => $"FullyQualifiedName~{part}"));
        string assembly = Path.Combine(_folder, project, "bin", "Release", "net10.0", $"{Path.GetFileName(project)}.dll");

        // The repository's own tests must notice: published vectors, which are not available everywhere, are left out.
        Dictionary<string, string?> environment = new()
        {
            [Variable] = $"{number}",
            ["PRIVATEMODE_VECTORS"] = null,
            ["PRIVATEMODE_API_KEY"] = null,
            ["DOTNET_TieredPGO"] = "0",
        };

        // Each run is short, so that what happens before the first test counts. One failure says enough.
        string[] settings = ["RunConfiguration.CollectSourceInformation=false", "xUnit.PreEnumerateTheories=false", $"xUnit.StopOnFail={number != 0}"];
        return Command.Run("dotnet", _folder, timeout, environment, ["test", assembly, "--filter", filter, "--", .. settings]);
    }

    public void Dispose()
    {
        for (int tries = 1; Directory.Exists(_folder); tries++)
        {
            try
            {
                Directory.Delete(_folder, recursive: true);
            }
            catch (IOException) when (tries < 20)
            {
                // Processes that were ended a moment ago may still be writing.
                Thread.Sleep(TimeSpan.FromMilliseconds(250));
            }
        }
    }
}
