using System.Text.RegularExpressions;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>Each claim of docs/threat-model.md has tests. <c>.ci/claims</c> checks that they ran and passed.</summary>
public sealed partial class ThreatModelTests
{
    private static readonly string[] Lines = File.ReadAllLines(Path.Combine(RepositoryFiles.Root, "docs", "threat-model.md"));

    [Fact]
    public void Claims_AreNumberedInOrder_AndEachHasATest()
    {
        Match[] claims = [.. Claims()];
        Assert.Equal(Enumerable.Range(1, claims.Length), claims.Select(claim => int.Parse(claim.Groups["number"].Value)));
        Assert.True(claims.Length >= 50, "A claim was removed.");
        Assert.All(claims, claim => Assert.NotEmpty(TestName().Matches(claim.Groups["tests"].Value)));
    }

    [Fact]
    public void Tests_OfAllClaims_Exist()
    {
        HashSet<string> tests = [.. RepositoryFiles.Under("tests", "*.cs").SelectMany(path => TestsOf(File.ReadAllText(path)))];
        string[] named = [.. Claims()
            .SelectMany(claim => TestName().Matches(claim.Groups["tests"].Value)).Select(match => match.Groups["test"].Value)];
        Assert.Empty(named.Except(tests));
        Assert.Empty(named.GroupBy(name => name).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    [Fact]
    public void Attackers_ReferToClaimsThatExist()
    {
        int claims = Claims().Count();
        IEnumerable<string> rows = Lines
            .SkipWhile(line => line != "## Attackers").TakeWhile(line => line != "## Claims and tests").Where(line => line.StartsWith('|'));
        int[] numbers = [.. rows.Select(row => row.Split('|')[^2]).SelectMany(cell => Number().Matches(cell)).Select(match => int.Parse(match.Value))];
        Assert.True(numbers.Length > 10);
        Assert.All(numbers, number => Assert.InRange(number, 1, claims));
    }

    [Fact]
    public void CiRun_ChecksThatTheTestsRan() =>
        Assert.Contains(".ci/claims \"$work/results\"", File.ReadAllText(Path.Combine(RepositoryFiles.Root, ".ci/run")), StringComparison.Ordinal);

    private static IEnumerable<Match> Claims() => Lines.Select(line => Claim().Match(line)).Where(match => match.Success);

    /// <summary>Names as <c>Class.Method</c>. A class that contains tests is at the beginning of a line in its file.</summary>
    private static IEnumerable<string> TestsOf(string source)
    {
        string type = "";
        foreach (Match match in ClassOrTest().Matches(source))
        {
            type = match.Groups["type"].Success ? match.Groups["type"].Value : type;
            if (match.Groups["method"].Success)
            {
                yield return $"{type}.{match.Groups["method"].Value}";
            }
        }
    }

    [GeneratedRegex(@"^\| (?<number>\d+) \| (?<claim>[^|]+) \| (?<tests>[^|]+) \|$")]
    private static partial Regex Claim();

    [GeneratedRegex("`(?<test>[A-Za-z0-9_]+Tests[.][A-Za-z0-9_]+)`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"(?<=[(–, ])\d+(?=[),–])")]
    private static partial Regex Number();

    [GeneratedRegex(
        @"^public (?:sealed |abstract |partial )*class (?<type>\w+)" +
        @"|\[\w*(?:Fact|Theory)\b[^\n]*\n(?:\s*\[[^\n]*\n)*\s*public [^\n(]*?(?<method>\w+)\(",
        RegexOptions.Multiline)]
    private static partial Regex ClassOrTest();
}
