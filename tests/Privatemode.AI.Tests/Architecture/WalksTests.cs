using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Tests.Memory;
using Xunit.Abstractions;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>The walks of docs/architecture.md name all files of which code runs, and no others. What runs is measured: see <see cref="WalkProgram"/>. The
/// files and types of its first table exist.</summary>
public sealed partial class WalksTests(ITestOutputHelper report)
{
    private const string Document = "docs/architecture.md";

    // How a caller asks for a verification is no part of the walk.
    private static readonly string[] Entry = ["PrivatemodeClient.cs", "ClientComposition.cs", "Pipeline/Calls/ApiKeys.cs"];

    private static readonly string Library = Path.Combine(RepositoryFiles.Root, "src", "Privatemode.AI");

    [Theory]
    [InlineData(WalkProgram.Whole, "A chat", "whole", 65)]
    [InlineData(WalkProgram.Streamed, "A chat", "stream", 66)]
    [InlineData(WalkProgram.SevSnp, "A first verification", "SEV-SNP", 60)]
    [InlineData(WalkProgram.Tdx, "A first verification", "TDX", 60)]
    public async Task Walk_NamesTheFilesThatRun(string program, string heading, string column, int most)
    {
        string[] rows = [.. Rows(heading).Where(row => row.When.Length == 0 || row.When == column).Select(row => row.File)];
        ILookup<string, string> files = FilesOfTypes();
        (string When, string Type)[] measured = await MeasureAsync(program);
        string[] during = [.. measured.Where(one => one.When == "call").SelectMany(one => files[one.Type]).Distinct()
            .Except(heading == "A first verification" ? Entry : [])];
        string[] ever = [.. measured.SelectMany(one => files[one.Type]).Distinct()];
        string[] missing = [.. during.Except(rows).Order(StringComparer.Ordinal)];
        string[] superfluous = [.. rows.Except(ever).Order(StringComparer.Ordinal)];
        report.WriteLine($"{column}: {rows.Length} rows; {during.Length} files run");
        Assert.True(
            missing.Length + superfluous.Length == 0,
            $"{Document}, \"{heading}\" ({column}). Add rows for the files that run: {List(missing)}. " +
            $"Remove the rows of files that do not run: {List(superfluous)}.");
        Assert.True(rows.Length <= most, $"{Document}, \"{heading}\" ({column}): {rows.Length} files, and at most {most} are allowed.");
    }

    [Theory]
    [InlineData("A chat")]
    [InlineData("A first verification")]
    [InlineData("An answer with an error status")]
    public void Walk_NamesFilesThatExist_EachOnce(string heading)
    {
        (int Number, string File, string When)[] rows = Rows(heading);
        Assert.Equal(Enumerable.Range(1, rows.Length), rows.Select(row => row.Number));
        Assert.Empty(rows.Where(row => !File.Exists(Path.Combine(Library, row.File))).Select(row => row.File));
        Assert.Empty(rows.GroupBy(row => row.File).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    [Fact]
    public void WhereToLook_NamesFilesThatExist_AndTheTypesInThem()
    {
        ILookup<string, string> types = FilesOfTypes();
        List<string> missing = [];
        string[] rows = [.. Section("Where to look").Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal))];
        Assert.True(rows.Length > 25);
        foreach (string row in rows)
        {
            string[] cells = row.Trim('|').Split('|');
            Assert.Equal(3, cells.Length);
            string file = "";
            foreach (string name in Code().Matches(cells[1]).Select(match => match.Groups[1].Value))
            {
                file = name.Contains('.') ? name : file;
                bool isThere = name.Contains('.')
                    ? Exists(name)
                    : types.Any(type => type.Key.EndsWith($".{name}", StringComparison.Ordinal) && type.Contains(file));
                missing.AddRange(isThere ? [] : [$"{cells[0].Trim()}: {name}"]);
            }
        }

        Assert.Empty(missing);
    }

    [Fact]
    public void WhereToLook_NamesMembersThatExist()
    {
        string sources = string.Join('\n', RepositoryFiles.Sources("Privatemode.AI").Select(File.ReadAllText));
        string section = Section("Where to look");
        Assert.DoesNotContain(
            Code().Matches(section[section.IndexOf("\n|", StringComparison.Ordinal)..]).Select(match => match.Groups[1].Value),
            name => !Exists(name) && !name.Split('.').All(part => sources.Contains(part, StringComparison.Ordinal)));
    }

    [Fact]
    public void NewClearMember_NamesFilesThatExist()
    {
        string[] files = [.. Code().Matches(Section("Where to look").Split("\n### A new clear member\n")[1])
            .Select(match => match.Groups[1].Value).Where(name => name.Contains('/') || name.EndsWith(".md", StringComparison.Ordinal))];
        Assert.True(files.Length > 10);
        Assert.DoesNotContain(files, name => !Exists(name));
    }

    private static bool Exists(string name) => File.Exists(Path.Combine(Library, name)) || File.Exists(Path.Combine(RepositoryFiles.Root, name));

    private static string List(string[] files) => files.Length == 0 ? "none" : string.Join(", ", files);

    private static (int Number, string File, string When)[] Rows(string heading) => [.. Row().Matches(Section(heading))
        .Select(row => (int.Parse(row.Groups["n"].ValueSpan), row.Groups["file"].Value, row.Groups["when"].Value.Trim()))];

    private static string Section(string heading)
    {
        string text = File.ReadAllText(Path.Combine(RepositoryFiles.Root, Document)).ReplaceLineEndings("\n");
        int begin = text.IndexOf($"\n## {heading}\n", StringComparison.Ordinal);
        Assert.True(begin >= 0, $"{Document} has no heading \"{heading}\".");
        int end = text.IndexOf("\n## ", begin + 1, StringComparison.Ordinal);
        return text[begin..(end < 0 ? text.Length : end)];
    }

    private static async Task<(string When, string Type)[]> MeasureAsync(string program)
    {
        ProcessStartInfo start = new("dotnet", ["exec", typeof(MemoryProgram).Assembly.Location, program])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_TC_CallCountingDelayMs"] = "0";
        start.Environment["DOTNET_TC_CallCountThreshold"] = WalkProgram.Threshold.ToString("x");
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string output = await child.StandardOutput.ReadToEndAsync().OrTimeout();
        await child.WaitForExitAsync().OrTimeout();
        Assert.True(child.ExitCode == 0, $"{child.ExitCode}: {await errors}");
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split(' ')).Select(parts => (parts[0], parts[1]))];
    }

    /// <summary>Outermost types by their full names, with their files.</summary>
    private static ILookup<string, string> FilesOfTypes() => RepositoryFiles.Sources("Privatemode.AI")
        .SelectMany(path => CSharpSyntaxTree.ParseText(File.ReadAllText(path)).GetRoot().DescendantNodes().OfType<BaseTypeDeclarationSyntax>()
            .Where(type => type.Parent is BaseNamespaceDeclarationSyntax)
            .Select(type => ($"{((BaseNamespaceDeclarationSyntax)type.Parent!).Name}.{type.Identifier.Text}",
                Path.GetRelativePath(Library, path).Replace('\\', '/'))))
        .ToLookup(type => type.Item1, type => type.Item2);

    [GeneratedRegex(@"^\| (?<n>\d+) \| `(?<file>[^`]+\.cs)` \|(?<when>[^|]*)\|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
