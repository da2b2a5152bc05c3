using System.Text.RegularExpressions;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>Documents link to files that exist, so that moving one shows here and not to a reader.</summary>
public sealed partial class DocumentLinksTests
{
    [Fact]
    public void RelativeLinks_OfEveryDocument_LeadToAFile()
    {
        string[] documents = [.. RepositoryFiles.Under("", "*.md")];
        Assert.Contains(documents, path => Path.GetRelativePath(RepositoryFiles.Root, path) == "README.md");
        Assert.Empty(documents.SelectMany(BrokenLinks));
    }

    [Fact]
    public void Decisions_Each_AreInTheirIndex()
    {
        string folder = Path.Combine(RepositoryFiles.Root, "docs", "adr");
        Assert.Equal(
            Directory.GetFiles(folder, "0*.md").Select(Path.GetFileName).Order(),
            Targets(File.ReadAllText(Path.Combine(folder, "README.md"))).Where(target => target.StartsWith('0')));
    }

    [Theory]
    [InlineData("[a](SECURITY.md) and [b](src/x.md#part)", "SECURITY.md", "src/x.md")]
    [InlineData("![picture](a%20b.png \"title\")", "a b.png")]
    [InlineData("[a]: docs/y.md", "docs/y.md")]
    [InlineData("[a](https://example.com/x.md) [b](#part) [c](mailto:x@example.com)")]
    [InlineData("`[a](code.md)`\n```\n[b](code.md)\n```")]
    public void Targets_OfADocument_AreItsRelativeLinks(string document, params string[] targets) => Assert.Equal(targets, Targets(document));

    private static IEnumerable<string> BrokenLinks(string path) => Targets(File.ReadAllText(path))
        .Where(target => !Path.Exists(Path.Combine(target.StartsWith('/') ? RepositoryFiles.Root : Path.GetDirectoryName(path)!, target.TrimStart('/'))))
        .Select(target => $"{Path.GetRelativePath(RepositoryFiles.Root, path)}: {target}");

    private static IEnumerable<string> Targets(string document) => Link().Matches(Code().Replace(document, ""))
        .Select(match => match.Groups["target"].Value)
        .Where(target => !target.StartsWith('#') && !Scheme().IsMatch(target))
        .Select(target => Uri.UnescapeDataString(target.Split('#')[0]));

    [GeneratedRegex(@"^```.*?^```|`[^`\n]*`", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Code();

    [GeneratedRegex(@"\]\((?<target>[^\s)]+)|^\[[^\]]+\]:\s*(?<target>\S+)", RegexOptions.Multiline)]
    private static partial Regex Link();

    [GeneratedRegex("^[a-z][a-z0-9+.-]*:", RegexOptions.IgnoreCase)]
    private static partial Regex Scheme();
}
