using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>The code of a document is one program. It compiles for a reader who copies it into a new console project: with the namespaces it shows,
/// the settings of the template, and nothing that the projects of this repository allow themselves.</summary>
public sealed partial class SnippetsTests
{
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    public static TheoryData<string> Documents() => [.. ((string[])[".", "docs", "src", "examples", "tests"])
        .SelectMany(folder => folder == "." ? Directory.EnumerateFiles(RepositoryFiles.Root, "*.md") : RepositoryFiles.Under(folder, "*.md"))
        .Where(path => Snippet().Matches(File.ReadAllText(path)) is { Count: > 0 } snippets && !snippets.Any(IsOfTheProxy))
        .Select(path => Path.GetRelativePath(RepositoryFiles.Root, path))
        .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Snippets_OfADocument_CompileForAReader(string document) =>
        Assert.Equal("", string.Join('\n', Errors(Program(File.ReadAllText(Path.Combine(RepositoryFiles.Root, document))))));

    [Fact]
    public void Documents_WithCode_AreFound() =>
        Assert.Superset(
            new HashSet<string> { "README.md", "docs/errors.md", "docs/telemetry.md", "src/Privatemode.AI/README.md", "src/Privatemode.AI.Testing/README.md" },
            Documents().Cast<object[]>().Select(row => (string)row[0]).ToHashSet());

    [Theory]
    [InlineData("using Microsoft.Extensions.AI;\nISpeechToTextClient? speech = null;", "MEAI001")]
    [InlineData("Console.WriteLine(nameof(Privatemode.AI.Pipeline.Requests.CanonicalText));", "CS0122")]
    [InlineData("PrivatemodeClient client = new();", "CS0246")]
    public void Program_ThatAReaderCannotCompile_IsFound(string program, string error) =>
        Assert.Contains(Errors(program), found => found.Contains(error, StringComparison.Ordinal));

    /// <summary>Needs ASP.NET Core, and is in the tests of that package (<c>ReadmeTests</c>).</summary>
    private static bool IsOfTheProxy(Match snippet) => snippet.Value.Contains("AddPrivatemodeProxy", StringComparison.Ordinal);

    /// <summary>All snippets, one after the other; a later one may bring namespaces of its own. Types of an earlier one are moved to the end, where the
    /// language requires them.</summary>
    private static string Program(string document)
    {
        string code = string.Concat(Snippet().Matches(document).Select(match => match.Groups["code"].Value));
        CompilationUnitSyntax program = SyntaxFactory.ParseCompilationUnit(
            string.Concat(Using().Matches(code).Select(match => match.Value).Distinct()) + Using().Replace(code, ""));
        return program.WithMembers([.. program.Members.OrderBy(member => member is not GlobalStatementSyntax)]).ToFullString();
    }

    private static IEnumerable<string> Errors(string program)
    {
        CSharpParseOptions language = new(LanguageVersion.Preview);
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Reader",
            [CSharpSyntaxTree.ParseText(ImplicitUsings, language), CSharpSyntaxTree.ParseText(program, language)],
            ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        return [.. from found in compilation.GetDiagnostics()
                   where found.Severity == DiagnosticSeverity.Error || found.IsWarningAsError
                   select found.ToString()];
    }

    [GeneratedRegex(@"^```(csharp|cs|c#)\n(?<code>.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Snippet();

    [GeneratedRegex(@"^using [\w.]+;\n", RegexOptions.Multiline)]
    private static partial Regex Using();
}
