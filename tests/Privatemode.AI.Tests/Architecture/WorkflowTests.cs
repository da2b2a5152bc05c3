using System.Text.RegularExpressions;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>The files in <c>.github</c> name files, projects and actions. GitHub would report a wrong name only when it runs them.</summary>
public sealed partial class WorkflowTests
{
    private static readonly string[] Packages =
        [.. Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, "src"), "*.csproj", SearchOption.AllDirectories).Select(Name).Order()];

    [Fact]
    public void Paths_InEveryFile_Exist()
    {
        string[] paths = [.. Files().SelectMany(file => RepositoryPath().Matches(File.ReadAllText(file))).Select(match => match.Value.TrimEnd('.'))];
        Assert.Contains(".ci/run", paths);
        Assert.Contains("tests/NpmClients", paths);
        Assert.DoesNotContain(paths, path => !Path.Exists(Path.Combine(RepositoryFiles.Root, path)));
    }

    [Fact]
    public void Actions_AreOfThisRepositoryOrPinnedByCommit()
    {
        string[] actions = [.. Workflows().SelectMany(file => Uses().Matches(File.ReadAllText(file))).Select(match => match.Groups["action"].Value)];
        Assert.NotEmpty(actions);
        Assert.DoesNotContain(actions, action => action.StartsWith("./", StringComparison.Ordinal)
            ? !File.Exists(Path.Combine(RepositoryFiles.Root, action)) : !Pinned().IsMatch(action));
    }

    [Fact]
    public void Permissions_OfEveryWorkflow_BeginWithReadingOnly() => Assert.All(
        Workflows(),
        file => Assert.Contains("\npermissions:\n  contents: read\n\n", File.ReadAllText(file).ReplaceLineEndings("\n"), StringComparison.Ordinal));

    [Fact]
    public void Release_AttestsEveryPackage_WithAnSbom()
    {
        string release = File.ReadAllText(Workflows().Single(file => Name(file) == "release"));
        Assert.Equal(Packages, SbomProjects().Match(release).Groups["names"].Value.Split(' ').Order());
        Assert.Equal([.. Packages.Append("Privatemode.AI.Templates").Order()], AttestedPackages().Match(release).Groups["names"].Value.Split(", ").Order());
    }

    [Fact]
    public void Tests_RunOnThreeSystems()
    {
        string ci = File.ReadAllText(Workflows().Single(file => Name(file) == "ci"));
        Assert.Contains("runs-on: ubuntu-latest", ci, StringComparison.Ordinal);
        Assert.Contains("os: [windows-latest, macos-latest]", ci, StringComparison.Ordinal);
        Assert.Contains("run: .ci/run", ci, StringComparison.Ordinal);
        Assert.Contains("run: dotnet test -c Release", ci, StringComparison.Ordinal);
    }

    private static string Name(string path) => Path.GetFileNameWithoutExtension(path);

    private static string[] Files() => Directory.GetFiles(Path.Combine(RepositoryFiles.Root, ".github"), "*", SearchOption.AllDirectories);

    private static string[] Workflows() => Directory.GetFiles(Path.Combine(RepositoryFiles.Root, ".github", "workflows"), "*.yml");

    [GeneratedRegex(@"(?<![\w.-]|[\w.-]/)(\.ci|scripts|src|tests|docs|examples)/[A-Za-z0-9_./-]+")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex(@"uses: (?<action>\S.*)")]
    private static partial Regex Uses();

    [GeneratedRegex(@"^[\w./-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+\s*$")]
    private static partial Regex Pinned();

    [GeneratedRegex(@"for project in (?<names>[\w. ]+); do")]
    private static partial Regex SbomProjects();

    [GeneratedRegex(@"package: \[(?<names>[\w., ]+)\]")]
    private static partial Regex AttestedPackages();
}
