using System.Reflection;
using System.Text.RegularExpressions;

namespace Privatemode.AI.Tests.Architecture;

public sealed class SourceRulesTests
{
    private const int MaxFileLines = 400;
    private const int MaxLineLength = 160;
    private const int MaxMethodLines = 50;

    // Users' tests derive from these clients to replace them: docs/adr/0002-fakes-and-results.md.
    private static readonly Type[] Mockable = [typeof(DocumentClient), typeof(ModelCatalog), typeof(TextCompletionClient)];

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    [InlineData("examples")]
    [InlineData("templates")]
    public void Files_AreOfReadableSize(string folder) => Assert.Empty(RepositoryFiles.Under(folder, "*.cs")
        .Select(path => (Path: path, Lines: File.ReadLines(path).Count()))
        .Where(file => file.Lines > MaxFileLines)
        .Select(file => $"{file.Path}: {file.Lines} lines"));

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    [InlineData("examples")]
    [InlineData("templates")]
    public void Methods_AreOfReadableSize(string folder) => Assert.Empty(RepositoryFiles.Under(folder, "*.cs")
        .SelectMany(path => MethodLengths(File.ReadAllLines(path)).Where(method => method.Lines > MaxMethodLines)
            .Select(method => $"{path}:{method.Line}: {method.Lines} lines")));

    [Fact]
    public void MethodLengths_OfText_CountsBodiesOfMembers() => Assert.Equal(
        [(2, 2), (9, 1)],
        MethodLengths(
        [
            "    void A()", "    {", "        if (b)", "        { }", "    }",
            "    int[] Table = new()", "    {", "    B(int i)", "    {", "        c", "    }",
        ]));

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    [InlineData("examples")]
    [InlineData("templates")]
    public void Lines_FitBesideEachOther(string folder)
    {
        Assert.Empty(RepositoryFiles.Under(folder, "*.cs").SelectMany(path => File.ReadLines(path)
            .Select((line, i) => (Place: $"{path}:{i + 1}", line.Length))
            .Where(line => line.Length > MaxLineLength)
            .Select(line => $"{line.Place}: {line.Length} columns")));
    }

    [Theory]
    [InlineData("*.cs")]
    [InlineData("*.md")]
    [InlineData("*.txt")]
    public void Files_HaveNoConflictMarkers(string pattern) => Assert.DoesNotContain(
        RepositoryFiles.Under(".", pattern),
        path => File.ReadLines(path).Any(line => line.StartsWith("<<<<<<< ", StringComparison.Ordinal)
            || line.StartsWith(">>>>>>> ", StringComparison.Ordinal)));

    [Fact]
    public void PublicTypes_LiveInTheNamespacesUsersImport()
    {
        string[] namespaces = ["Privatemode.AI", "Microsoft.Extensions.DependencyInjection"];
        Assert.All(typeof(PrivatemodeClient).Assembly.GetExportedTypes(), type => Assert.Contains(type.Namespace, namespaces));
    }

    [Fact]
    public void ConcreteClasses_AreSealed()
    {
        Type[] types = typeof(PrivatemodeClient).Assembly.GetTypes();
        Assert.DoesNotContain(types, type =>
            type is { IsClass: true, IsAbstract: false, IsSealed: false } &&
            type.Namespace?.StartsWith("Privatemode.AI", StringComparison.Ordinal) == true &&
            !Mockable.Contains(type) &&
            !types.Any(other => other.BaseType == type));
    }

    // A few places, so that a provider can be replaced and no secret reaches another one unseen.
    [Theory]
    [InlineData(@"\bOrg\.BouncyCastle\b", "IdKeyDigest.cs", "MlKem768.cs", "Sha3.cs", "X25519.cs")]
    [InlineData(@"\bNSec\.Cryptography\b", "AesGcmKey.cs")]
    [InlineData(@"\bAesGcm\b", "AesGcmKey.cs", "FieldCipher.cs", "ReasoningCipher.cs")]
    public void CryptographicProviders_AreUsedInTheirPlacesOnly(string name, params string[] files) => Assert.Equal(
        files,
        RepositoryFiles.Sources("Privatemode.AI").Where(path => Regex.IsMatch(File.ReadAllText(path), name))
            .Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));

    // What travels beside the parameters is found by no reader: the receipt of a plain OpenAI call has no other way.
    [Fact]
    public void AmbientValues_AreTheReceiptScopeOnly() => Assert.Equal(
        ["ReceiptScope.cs"],
        RepositoryFiles.Sources("Privatemode.AI").Where(path => File.ReadAllText(path).Contains("AsyncLocal<", StringComparison.Ordinal))
            .Select(path => Path.GetFileName(path)));

    // The synchronous call of a thread, which the platform does not pass to its connection, and a buffer for short values.
    [Fact]
    public void ThreadStaticValues_AreTheseOnly() => Assert.Equal(
        ["ClosableConnection.cs", "ExchangeCipher.cs"],
        RepositoryFiles.Sources("Privatemode.AI").Where(path => File.ReadAllText(path).Contains("[ThreadStatic]", StringComparison.Ordinal))
            .Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));

    // Their ToString prints every member.
    [Fact]
    public void Records_HoldNoApiKey() => Assert.Empty(
        from type in typeof(PrivatemodeClient).Assembly.GetTypes()
        where type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic, [typeof(System.Text.StringBuilder)]) is not null
        from member in type.GetProperties()
        where member.Name.EndsWith("ApiKey", StringComparison.Ordinal)
        select $"{type.FullName}.{member.Name}");

    [Fact]
    public void MockableClients_HaveVirtualMembersAndAConstructorForMocking() => Assert.All(Mockable, type =>
    {
        const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        Assert.DoesNotContain(type.GetMethods(Declared), method => (method.IsPublic || method.IsFamily) && (!method.IsVirtual || method.IsFinal));
        Assert.Empty(type.GetConstructors());
        Assert.Empty(Assert.Single(type.GetConstructors(Declared), constructor => constructor.IsFamily).GetParameters());
    });

    // Breaks of a project that is not compiled would remain unnoticed. scripts/user-programs compiles the content of the templates.
    [Fact]
    public void Projects_AreInTheSolution()
    {
        string solution = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "Privatemode.AI.sln"));
        string[] projects = [.. RepositoryFiles.Under(".", "*.csproj")
            .Select(path => Path.GetRelativePath(RepositoryFiles.Root, path).Replace('\\', '/'))
            .Where(path => !path.StartsWith("templates/Privatemode.AI.Templates/content/", StringComparison.Ordinal))];
        Assert.NotEmpty(projects);
        Assert.DoesNotContain(projects, path => !solution.Contains($"\"{path.Replace('/', '\\')}\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Examples_AreRunByCi()
    {
        string script = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "scripts/user-programs"));
        Assert.Contains("scripts/user-programs", File.ReadAllText(Path.Combine(RepositoryFiles.Root, ".ci/run")), StringComparison.Ordinal);
        string?[] examples = [.. RepositoryFiles.Under("examples", "*.csproj").Select(Path.GetFileNameWithoutExtension)];
        Assert.NotEmpty(examples);

        // TestingYourApp is a project of tests, which dotnet test runs.
        Assert.DoesNotContain(examples, name => name != "TestingYourApp" && !Regex.IsMatch(script, $@"\b{Regex.Escape(name!)}\b"));
    }

    [Fact]
    public void TemporaryFolders_OfTests_AreDeleted()
    {
        const string Made = "CreateTempSubdirectory(";
        (string Path, string Text)[] sources = [.. ((string[])["tests", "examples"]).SelectMany(folder => RepositoryFiles.Under(folder, "*.cs"))
            .Select(path => (path, File.ReadAllText(path)))
            .Where(file => file.Item2.Contains(Made, StringComparison.Ordinal) && Path.GetFileName(file.path) != "SourceRulesTests.cs")];
        Assert.NotEmpty(sources);

        // By this beginning of their names .ci/run finds what a run has left behind.
        Assert.Empty(sources.Where(file => file.Text.Split(Made).Skip(1).Any(call => !call.StartsWith("\"privatemode-", StringComparison.Ordinal)))
            .Select(file => file.Path));
        Assert.Empty(sources.Where(file => !file.Text.Contains("Delete(", StringComparison.Ordinal)).Select(file => file.Path));
    }

    /// <summary>Bodies of the members of types: from a brace in the first column of members, after a parameter list, to its counterpart.</summary>
    private static IEnumerable<(int Line, int Lines)> MethodLengths(string[] source)
    {
        int begin = -1;
        for (int i = 1; i < source.Length; i++)
        {
            if (source[i] == "    {" && source[i - 1].EndsWith(')') && !source[i - 1].EndsWith("new()", StringComparison.Ordinal))
            {
                begin = i;
            }
            else if (source[i] == "    }" && begin >= 0)
            {
                yield return (begin + 1, i - begin - 1);
                begin = -1;
            }
        }
    }
}
