namespace Privatemode.AI.Tests.Architecture;

public sealed class SourceRulesTests
{
    private const int LongestFile = 400;
    private const int LongestLine = 160;

    [Theory]
    [InlineData("Privatemode.AI")]
    [InlineData("Privatemode.AI.Testing")]
    public void Sources_AreOfReadableSize(string project)
    {
        List<string> offences = [];
        foreach (string path in RepositoryFiles.Sources(project))
        {
            int lines = File.ReadLines(path).Count();
            if (lines > LongestFile)
            {
                offences.Add($"{path}: {lines} lines");
            }
        }

        Assert.Empty(offences);
    }

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    [InlineData("examples")]
    public void Lines_FitBesideEachOther(string folder)
    {
        Assert.Empty(RepositoryFiles.Under(folder, "*.cs").SelectMany(path => File.ReadLines(path)
            .Select((line, i) => (Place: $"{path}:{i + 1}", line.Length))
            .Where(line => line.Length > LongestLine)
            .Select(line => $"{line.Place}: {line.Length} columns")));
    }

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
            !types.Any(other => other.BaseType == type));
    }
}
