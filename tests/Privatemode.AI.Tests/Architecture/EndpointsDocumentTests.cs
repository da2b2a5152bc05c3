using System.Text.RegularExpressions;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>The tests that docs/endpoints.md names exist.</summary>
public sealed partial class EndpointsDocumentTests
{
    private static readonly string[] Rows =
        [.. File.ReadAllLines(Path.Combine(RepositoryFiles.Root, "docs", "endpoints.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal))];

    private static readonly string[] Sources = [.. RepositoryFiles.Under("tests", "*.cs").Select(File.ReadAllText)];

    [Fact]
    public void Cells_OfTheTable_AreNotEmpty()
    {
        Assert.Equal(9, Rows.Length);
        Assert.All(Rows, row => Assert.DoesNotContain(row.Trim('|').Split('|'), string.IsNullOrWhiteSpace));
        Assert.All(Rows, row => Assert.Equal(8, row.Trim('|').Split('|').Length));
    }

    [Fact]
    public void Tests_OfTheTable_Exist()
    {
        List<string> missing = [];
        foreach (string name in Rows.SelectMany(row => row.Split('|')[3..].SelectMany(cell => Code().Matches(cell).Select(match => match.Groups[1].Value))))
        {
            string[] parts = name.Split('.');
            string? source = Sources.FirstOrDefault(text => Regex.IsMatch(text, $@"\bclass {parts[0]}\b"));
            if (source is null || (parts.Length > 1 && !source.Contains($" {parts[1]}(", StringComparison.Ordinal)))
            {
                missing.Add(name);
            }
        }

        Assert.Empty(missing);
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
