using System.Text.RegularExpressions;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>The documentation site. scripts/site builds it and checks its links.</summary>
public sealed partial class SiteTests
{
    private static readonly string Documents = Path.Combine(RepositoryFiles.Root, "docs");

    [Fact]
    public void TableOfContents_NamesEveryPage()
    {
        string[] entries = [.. Href().Matches(File.ReadAllText(Path.Combine(Documents, "toc.yml"))).Select(match => match.Groups["path"].Value)];
        Assert.Contains("adr/README.md", entries);
        Assert.Empty(Directory.EnumerateFiles(Documents, "*.md").Select(path => Path.GetFileName(path)!).Except(entries));
        Assert.All(entries, path => Assert.True(File.Exists(Path.Combine(Documents, path)), path));
    }

    [Fact]
    public void Site_IsBuiltByCi() =>
        Assert.Contains("scripts/site", File.ReadAllText(Path.Combine(RepositoryFiles.Root, ".ci/run")), StringComparison.Ordinal);

    [GeneratedRegex(@"^\s*href: (?<path>\S+)\s*$", RegexOptions.Multiline)]
    private static partial Regex Href();
}
