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
            string[] lines = File.ReadAllLines(path);
            if (lines.Length > LongestFile)
            {
                offences.Add($"{path}: {lines.Length} lines");
            }

            offences.AddRange(lines.Select((line, i) => (line, i)).Where(entry => entry.line.Length > LongestLine).Select(entry => $"{path}:{entry.i + 1}: {entry.line.Length} columns"));
        }

        Assert.Empty(offences);
    }

    [Fact]
    public void PublicTypes_LiveInTheNamespacesUsersImport()
    {
        Assert.All(typeof(PrivatemodeClient).Assembly.GetExportedTypes(), type => Assert.Equal("Privatemode.AI", type.Namespace));
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
