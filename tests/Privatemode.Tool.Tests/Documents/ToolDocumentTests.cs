using System.CommandLine;
using System.Text;
using System.Text.RegularExpressions;
using Privatemode.AI.Tests.Architecture;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.Documents;

/// <summary>docs/tool.md has the help of the commands, and what the documents show can be run.</summary>
public sealed partial class ToolDocumentTests : IDisposable
{
    private const string Begin = "<!-- generated: commands -->\n";
    private const string End = "<!-- end -->";

    private static readonly string Document = Path.Combine(RepositoryFiles.Root, "docs", "tool.md");

    private readonly ToolRun _run = new();

    public static TheoryData<string> Examples => [.. ((string[])[Document, Path.Combine(RepositoryFiles.Root, "src", "Privatemode.Tool", "README.md")])
        .SelectMany(File.ReadLines).Where(line => line.StartsWith("$ privatemode ", StringComparison.Ordinal)).Distinct()];

    public void Dispose() => _run.Dispose();

    /// <summary>With PRIVATEMODE_WRITE_DOCUMENTS=1 the sections of all commands are written anew.</summary>
    [Fact]
    public async Task Reference_IsTheHelpOfTheCommands()
    {
        string text = await File.ReadAllTextAsync(Document);
        int begin = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, end = text.IndexOf(End, begin, StringComparison.Ordinal);
        IReadOnlyDictionary<string, string> help = await HelpAsync();
        if (Environment.GetEnvironmentVariable("PRIVATEMODE_WRITE_DOCUMENTS") == "1")
        {
            await File.WriteAllTextAsync(Document, text[..begin] + string.Concat(help.Values) + text[end..]);
            return;
        }

        string[] sections = Heading().Split(text[begin..end])[1..];
        Assert.Equal(help.Keys, sections.Select(section => section.Split('\n')[0]));
        Assert.All(sections, section => Assert.Equal(help[section.Split('\n')[0]], $"### {section}"));
    }

    [Fact]
    public async Task Help_FitsIntoThePage()
    {
        foreach ((string command, string help) in await HelpAsync())
        {
            Assert.True(help.Split('\n').All(line => line.Length <= 140), $"The help of {command} has a long line.");
        }
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Example_WithTheDemo_Succeeds(string line)
    {
        string[] args = [.. Words().Matches(line["$ privatemode ".Length..]).Select(word => word.Value.Trim('"'))];
        Assert.Contains("--demo", args);
        if (args[0] is "proxy")
        {
            await using RunningTool running = await _run.StartAsync(args);
            Assert.Equal(0, await running.StopAsync());
            return;
        }

        (int exitCode, string text, string error) = await _run.InvokeAsync(args);

        Assert.True(exitCode == 0, error);
        Assert.NotEmpty(text);
    }

    [Fact]
    public void Demo_IsTheOnlyUserOfTheTestDeployment()
    {
        IEnumerable<string> users = RepositoryFiles.Sources("Privatemode.Tool")
            .Where(path => File.ReadAllText(path).Contains("Privatemode.AI.Testing", StringComparison.Ordinal) ||
                File.ReadAllText(path).Contains("PrivatemodeTestDeployment", StringComparison.Ordinal));

        Assert.All(users, path => Assert.Equal("Demo", Path.GetFileName(Path.GetDirectoryName(path))));
    }

    private async Task<IReadOnlyDictionary<string, string>> HelpAsync()
    {
        Dictionary<string, string> help = new(StringComparer.Ordinal);
        foreach (string[] path in Paths(Root.Create(_run.Context), []))
        {
            (int exitCode, string text, _) = await _run.InvokeAsync([.. path, "--help"]);
            Assert.Equal(0, exitCode);
            string name = $"privatemode {string.Join(' ', path)}";
            help[name] = new StringBuilder($"### {name}\n\n```\n").Append(text.Trim().ReplaceLineEndings("\n")).Append("\n```\n\n").ToString();
        }

        return help;
    }

    private static IEnumerable<string[]> Paths(Command command, string[] path) => command.Subcommands.Where(each => !each.Hidden)
        .SelectMany(each => (IEnumerable<string[]>)[[.. path, each.Name], .. Paths(each, [.. path, each.Name])]);

    [GeneratedRegex("^### ", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("\"[^\"]*\"|\\S+")]
    private static partial Regex Words();
}
