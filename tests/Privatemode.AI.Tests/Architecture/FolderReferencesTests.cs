using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>Which folders of the library and of the proxy may use which, as the tables of docs/architecture.md say.</summary>
public sealed partial class FolderReferencesTests
{
    private const string Root = "(root)";

    private const string ImplicitUsings =
        "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; " +
        "global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;";

    private const string Library = "Privatemode.AI";
    private const string LibraryTable = "## Folders";
    private const string Proxy = "Privatemode.AI.AspNetCore";
    private const string ProxyTable = "## Folders of the proxy";

    // Two tests need them, and the library takes seconds.
    private static readonly ConcurrentDictionary<string, Lazy<(string File, string From, string To, string Type)[]>> s_references = new();

    [Theory]
    [InlineData(Library, LibraryTable)]
    [InlineData(Proxy, ProxyTable)]
    public void Sources_UseOnlyTheFoldersTheyMay(string project, string table)
    {
        Dictionary<string, string[]> mayUse = Table(table);
        (string File, string From, string To, string Type)[] references = ReferencesOf(project, mayUse);
        Assert.NotEmpty(references);
        string wrong = string.Join('\n', references
            .Where(reference => !mayUse.TryGetValue(reference.From, out string[]? used) || !used.Contains(reference.To))
            .Select(reference => $"{reference.File} ({reference.From}) uses {reference.Type} ({reference.To})").Distinct().Order());
        Assert.True(wrong.Length == 0, wrong);
    }

    [Theory]
    [InlineData(Library, LibraryTable)]
    [InlineData(Proxy, ProxyTable)]
    public void Table_AllowsOnlyWhatIsUsed(string project, string table)
    {
        Dictionary<string, string[]> mayUse = Table(table);
        HashSet<(string, string)> used = [.. ReferencesOf(project, mayUse).Select(reference => (reference.From, reference.To))];
        string unused = string.Join(
            '\n', mayUse.SelectMany(row => row.Value.Where(to => !used.Contains((row.Key, to))).Select(to => $"{row.Key} does not use {to}")));
        Assert.True(unused.Length == 0, unused);
    }

    [Fact]
    public void References_OfText_AreTypesAndMembersButNotNames()
    {
        SyntaxTree[] trees =
        [
            Parse("A/One.cs", "namespace N.A; class One { public static int Value; public class Inner { } }"),
            Parse("B/Two.cs", "using N.A; namespace N.B; class Two { string M() => nameof(One); /* One */ }"),
            Parse("C/Three.cs", "namespace N.C; class Three { int M() => N.A.One.Value; object O() => new A.One.Inner(); /// <see cref=\"B.Two\"/>\n }"),
        ];
        Assert.Equal(
            [("C", "A")],
            References(Compile(trees), path => path[..path.IndexOf('/', StringComparison.Ordinal)])
                .Select(reference => (reference.From, reference.To)).Distinct());
    }

    private static (string File, string From, string To, string Type)[] ReferencesOf(string project, Dictionary<string, string[]> mayUse) =>
        s_references.GetOrAdd(project, name => new(() => [.. References(Compile(Sources(name)), path => FolderOf(path, mayUse.Keys))])).Value;

    private static IEnumerable<SyntaxTree> Sources(string project) => RepositoryFiles.Sources(project)
        .Select(path => Parse(
            Path.GetRelativePath(Path.Combine(RepositoryFiles.Root, "src", project), path).Replace('\\', '/'), File.ReadAllText(path)))
        .Append(Parse("", ImplicitUsings));

    private static SyntaxTree Parse(string path, string text) => CSharpSyntaxTree.ParseText(text, path: path);

    private static CSharpCompilation Compile(IEnumerable<SyntaxTree> trees) => CSharpCompilation.Create(
        "FolderReferences",
        trees,
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => !Path.GetFileName(path).StartsWith("Privatemode.AI", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path)),
        new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));

    /// <summary>Every mention of a type or a member of another folder in code. A name in nameof(…) or in a comment is no use.</summary>
    private static IEnumerable<(string File, string From, string To, string Type)> References(CSharpCompilation compilation, Func<string, string> folderOf)
    {
        foreach (SyntaxTree tree in compilation.SyntaxTrees.Where(tree => tree.FilePath.Length > 0))
        {
            SemanticModel model = compilation.GetSemanticModel(tree);
            foreach (SimpleNameSyntax name in tree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>().Where(name => !IsNameOnly(name)))
            {
                SymbolInfo info = model.GetSymbolInfo(name);
                ISymbol? symbol = info.Symbol ?? info.CandidateSymbols.FirstOrDefault();
                INamedTypeSymbol? type = symbol as INamedTypeSymbol ?? symbol?.ContainingType;
                string? other = type?.OriginalDefinition.DeclaringSyntaxReferences.FirstOrDefault()?.SyntaxTree.FilePath;
                if (other is { Length: > 0 } && folderOf(other) != folderOf(tree.FilePath))
                {
                    yield return (tree.FilePath, folderOf(tree.FilePath), folderOf(other), type!.Name);
                }
            }
        }
    }

    private static bool IsNameOnly(SyntaxNode name) => name.Ancestors().Any(
        node => node is UsingDirectiveSyntax or InvocationExpressionSyntax { Expression: IdentifierNameSyntax { Identifier.ValueText: "nameof" } });

    /// <summary>The row of the table that a file belongs to: the longest folder; its own folder if there is none.</summary>
    private static string FolderOf(string path, IEnumerable<string> rows)
    {
        string folder = Path.GetDirectoryName(path)!.Replace('\\', '/');
        return folder.Length == 0 ? Root
            : rows.Where(row => folder == row || folder.StartsWith(row + "/", StringComparison.Ordinal)).MaxBy(row => row.Length) ?? folder;
    }

    /// <summary>The table below a heading.</summary>
    private static Dictionary<string, string[]> Table(string heading)
    {
        string[] lines = File.ReadAllLines(Path.Combine(RepositoryFiles.Root, "docs", "architecture.md"));
        string section = string.Join(
            '\n', lines.SkipWhile(line => line != heading).Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal)));
        return Row().Matches(section).ToDictionary(
            row => row.Groups["folder"].Value,
            row => (string[])[.. Code().Matches(row.Groups["uses"].Value).Select(code => code.Groups[1].Value)]);
    }

    [GeneratedRegex(@"^\| `(?<folder>\(root\)|[A-Z]\w+(?:/\w+)*)` \|[^|]*\| (?<uses>[^|]*) \|\r?$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
